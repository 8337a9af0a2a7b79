"""Tests of the checks of tool call arguments."""

import pytest

from contract.checks.tools import arguments
from contract.checks.tools.calls import rewrite_arguments


def with_arguments(text):
    return lambda reply: rewrite_arguments(reply, lambda _: text)


@pytest.mark.parametrize(
    ("text", "is_object", "fits"),
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
def test_arguments_are_an_object_and_satisfy_the_schema(text, is_object, fits, verdict):
    change = with_arguments(text)

    assert verdict(arguments.arguments_are_an_object, change).word == is_object
    assert verdict(arguments.arguments_fit_the_schema, change).word == fits


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
def test_arguments_of_a_strict_tool_must_satisfy_its_schema(text, word, verdict):
    assert verdict(arguments.strict_arguments_fit, with_arguments(text)).word == word


def test_white_space_in_a_stream_is_ignored(verdict):
    def add_space(reply):
        return rewrite_arguments(reply, lambda t: f" {t} ") if reply.streamed else reply

    assert verdict(arguments.streamed_equals_whole, add_space).word == "pass"


def test_a_different_value_in_the_stream_is_found(verdict):
    def other(reply):
        return with_arguments('{"city": "Oslo"}')(reply) if reply.streamed else reply

    assert verdict(arguments.streamed_equals_whole, other).word == "fail"


def test_a_fault_of_strict_tools_does_not_affect_other_tools(verdict):
    fault = arguments.strict_ignored.apply

    assert verdict(arguments.strict_arguments_fit, fault).word == "fail"
    assert verdict(arguments.arguments_fit_the_schema, fault).word == "pass"
