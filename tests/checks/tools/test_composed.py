"""Tests of tool parameters as libraries write them."""

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.tools.calls import rewrite_arguments
from contract.checks.tools.composed import (
    composed_arguments_fit,
    no_arguments_are_no_text,
    no_parameters_are_an_object,
)
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]


def verdict(check, text=None, change=lambda reply: reply):
    """The verdict on calls whose arguments are *text*."""
    exchanges = []
    for probe in check.sends:
        reply = change(mock_reply(PROFILE, probe))
        if text is not None:
            reply = rewrite_arguments(reply, lambda _: text)
        exchanges.append(rehearse(reply, probe, PROFILE))
    return verdict_on(check, *exchanges)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (None, "pass"),
        ("{}", "pass"),
        ("{ }", "pass"),
        ('{"city": "Rome"}', "pass"),
        ("", "fail"),
        ("null", "fail"),
        ("[]", "fail"),
        ('"{}"', "fail"),
        ("{", "fail"),
    ],
)
def test_arguments_without_parameters_are_an_object(text, word):
    assert verdict(no_parameters_are_an_object, text).word == word


def test_an_empty_text_is_called_so():
    found = verdict(
        no_parameters_are_an_object, change=no_arguments_are_no_text.apply
    ).findings

    assert {(one.expected, one.actual) for one in found} == {("{}", "an empty text")}
    assert len(found) == len(no_parameters_are_an_object.sends)


@pytest.mark.parametrize(
    ("alarm", "word"),
    [
        ('{"hour": 7, "label": null, "repeat": "daily"}', "pass"),
        ('{"hour": 7, "label": "up", "repeat": "never"}', "pass"),
        ('{"hour": 24, "label": null, "repeat": "daily"}', "fail"),
        ('{"hour": 7, "label": 5, "repeat": "daily"}', "fail"),
        ('{"hour": 7, "label": null, "repeat": "yearly"}', "fail"),
        ('"7"', "fail"),
    ],
)
def test_every_part_of_composed_parameters_is_judged(alarm, word):
    assert verdict(composed_arguments_fit, f'{{"alarms": [{alarm}]}}').word == word


def test_a_reply_without_calls_is_not_judged():
    def answered(reply):
        return reply.change(
            lambda value: {**value, "choices": [{"index": 0, "finish_reason": "stop"}]}
        )

    assert verdict(no_parameters_are_an_object, change=answered).word == "skip"
