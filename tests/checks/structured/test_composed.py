"""Tests of schemas as libraries write them: references, null, lists of objects."""

import json

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.structured.composed import (
    LINE,
    entries_are_objects,
    null_is_an_alternative,
    references_are_followed,
)
from contract.model.reply import rehearse

POINT = '{"x":1,"y":2}'


@pytest.mark.parametrize(
    ("check", "text", "word"),
    [
        (null_is_an_alternative, '{"answer":42,"note":null,"unit":null}', "pass"),
        (null_is_an_alternative, '{"answer":42,"note":"a","unit":"metre"}', "pass"),
        (null_is_an_alternative, '{"answer":42,"note":7,"unit":null}', "fail"),
        (null_is_an_alternative, '{"answer":42,"note":null,"unit":"null"}', "fail"),
        (null_is_an_alternative, '{"answer":42,"note":null}', "fail"),
        (entries_are_objects, '{"rows":[{"name":"a","count":1}]}', "pass"),
        (entries_are_objects, '{"rows":[{"name":"a"}]}', "fail"),
        (entries_are_objects, '{"rows":["a"]}', "fail"),
        (entries_are_objects, '{"rows":[]}', "fail"),
        (references_are_followed, "The line starts at 1, 2.", "fail"),
        (references_are_followed, "", "fail"),
    ],
)
def test_the_document_satisfies_the_whole_schema(verdict, check, text, word):
    assert verdict(check, text).word == word


def test_references_are_judged_at_the_root_and_inside():
    profile = builtin()["llamacpp"]
    exchanges = [
        rehearse(mock_reply(profile, probe), probe, profile)
        for probe in references_are_followed.sends
    ]

    assert verdict_on(references_are_followed, *exchanges).word == "pass"
    assert json.loads(exchanges[0].answer).keys() == {"start", "end"}
    assert json.loads(exchanges[2].answer).keys() == {"x", "y"}


@pytest.mark.parametrize(
    ("status", "word"), [(400, "pass"), (422, "pass"), (500, "fail")]
)
def test_a_rejection_promises_nothing_but_a_crash_is_found(answer, status, word):
    exchanges = [answer(probe, status, {"error": {"message": "no"}}) for probe in LINE]

    assert verdict_on(references_are_followed, *exchanges).word == word


def test_documents_that_were_cut_off_are_not_judged(verdict):
    def cut(reply):
        def change(value):
            for choice in value.get("choices", ()):
                if choice["finish_reason"] == "stop":
                    choice["finish_reason"] = "length"
            return value

        return reply.change(change)

    assert verdict(references_are_followed, change=cut).word == "skip"
