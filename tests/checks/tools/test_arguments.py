"""Arguments: JSON, in form, and the same however they travel."""

import pytest

from contract.checks.tools import arguments
from contract.checks.tools.calls import reargued


def saying(text):
    return lambda reply: reargued(reply, lambda _: text)


@pytest.mark.parametrize(
    ("text", "whole", "fitting"),
    [
        ('{"city": "Rome"}', "pass", "pass"),
        ('{"city":"Rome","sure":true}', "pass", "pass"),
        ("{}", "pass", "fail"),
        ('{"city": 5}', "pass", "fail"),
        ('{"city": "Rome"', "fail", "fail"),
        ('"{}"', "fail", "fail"),
        ("[]", "fail", "fail"),
        ("null", "fail", "fail"),
        ('{"city": "\\ud800"}', "pass", "pass"),
    ],
)
def test_arguments_are_an_object_and_fit(text, whole, fitting, verdict):
    change = saying(text)

    assert verdict(arguments.arguments_are_an_object, change).word == whole
    assert verdict(arguments.arguments_fit_the_schema, change).word == fitting


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (
            '{"city":"Rome","unit":"celsius","days":[1,7],"place":{"country":"Italy"}}',
            "pass",
        ),
        (
            '{"city":"Rome","unit":"kelvin","days":[1],"place":{"country":"Italy"}}',
            "fail",
        ),
        (
            '{"city":"Rome","unit":"celsius","days":[8],"place":{"country":"Italy"}}',
            "fail",
        ),
        ('{"city":"Rome","unit":"celsius","days":[1],"place":{}}', "fail"),
        (
            '{"city":"R","unit":"celsius","days":[1],"place":{"country":"I","a":1}}',
            "fail",
        ),
    ],
    ids=["fits", "enum", "bound", "nested", "closed"],
)
def test_a_strict_tool_is_held_to_its_schema(text, word, verdict):
    assert verdict(arguments.strict_arguments_fit, saying(text)).word == word


def test_white_space_and_order_are_free_in_a_stream(verdict):
    def spaced(reply):
        return reargued(reply, lambda t: f" {t} ") if reply.streamed else reply

    assert verdict(arguments.streamed_equals_whole, spaced).word == "pass"


def test_another_value_in_the_stream_is_found(verdict):
    def other(reply):
        return saying('{"city": "Oslo"}')(reply) if reply.streamed else reply

    assert verdict(arguments.streamed_equals_whole, other).word == "fail"


def test_a_fault_of_strict_tools_leaves_the_others_alone(verdict):
    fault = arguments.strict_ignored.apply

    assert verdict(arguments.strict_arguments_fit, fault).word == "fail"
    assert verdict(arguments.arguments_fit_the_schema, fault).word == "pass"
