"""Tests of the checks of answers with a response_format."""

import json

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.structured import around, requests, schemas
from contract.checks.structured.document import rewrite_answer
from contract.model.reply import rehearse

PROFILES = builtin()
GOOD = '{"answer": 42, "sure": true}'


def verdict(check, text=None, profile="llamacpp", change=None):
    """Return the verdict on replies whose answer is *text*, or after *change*."""
    profile = PROFILES[profile]
    exchanges = []
    for probe in check.sends:
        reply = mock_reply(profile, probe)
        if change is not None:
            reply = change(reply)
        elif text is not None:
            reply = rewrite_answer(reply, lambda _: text)
        exchanges.append(rehearse(reply, probe, profile))
    return verdict_on(check, *exchanges)


@pytest.mark.parametrize(
    ("text", "json_object", "schema", "fence", "apart"),
    [
        (GOOD, "pass", "pass", "pass", "pass"),
        (f"  {GOOD}\n", "pass", "pass", "pass", "pass"),
        (f"```json\n{GOOD}\n```", "pass", "pass", "fail", "pass"),
        (f"Well, {GOOD}", "fail", "fail", "pass", "fail"),
        (f"{GOOD} Done.", "fail", "fail", "pass", "fail"),
        (f"{GOOD}{GOOD}", "fail", "fail", "pass", "skip"),
        ('{"answer": "42", "sure": true}', "pass", "fail", "pass", "pass"),
        ('{"answer": 42}', "pass", "fail", "pass", "pass"),
        ("[]", "fail", "fail", "pass", "skip"),
        ("forty-two", "fail", "fail", "pass", "skip"),
        ("{'answer': 42}", "fail", "fail", "pass", "skip"),
        ('{"answer": NaN, "sure": true}', "fail", "fail", "pass", "skip"),
    ],
)
def test_each_check_finds_its_own_violations(text, json_object, schema, fence, apart):
    assert verdict(schemas.object_is_json, text).word == json_object
    assert verdict(schemas.schema_is_satisfied, text).word == schema
    assert verdict(around.no_fence, text).word == fence
    assert verdict(around.thought_is_kept_apart, text).word == apart


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (schemas.enum_is_kept, {"colour": "red"}, {"colour": "pink"}),
        (
            schemas.nesting_is_kept,
            {"outer": {"inner": {"deep": 1}}},
            {"outer": {"inner": {"deep": "1"}}},
        ),
        (schemas.bounds_are_kept, {"numbers": [1, 2]}, {"numbers": [1]}),
        (
            schemas.keys_survive,
            {"größe": 1, "名前": 2, "🎲": 3},
            {"gro\u0308ße": 1, "名前": 2, "🎲": 3},
        ),
        (schemas.loose_schema_is_satisfied, json.loads(GOOD), {"answer": 42}),
    ],
    ids=["enum", "nesting", "bounds", "keys", "loose"],
)
def test_each_part_of_a_schema_is_checked(check, good, bad):
    assert verdict(check, json.dumps(good)).word == "pass"
    assert verdict(check, json.dumps(good, ensure_ascii=False)).word == "pass"
    assert verdict(check, json.dumps(bad)).word == "fail"


def test_a_stream_may_have_other_white_space():
    def add_space(reply):
        return rewrite_answer(reply, lambda t: f"\n{t} ") if reply.streamed else reply

    assert verdict(around.streamed_equals_whole, change=add_space).word == "pass"


def test_a_different_document_in_the_stream_is_found():
    def other(reply):
        return (
            rewrite_answer(reply, lambda _: '{"answer": 7, "sure": false}')
            if reply.streamed
            else reply
        )

    assert verdict(around.streamed_equals_whole, change=other).word == "fail"


@pytest.mark.parametrize(
    ("text", "word"), [(None, "pass"), (GOOD, "pass"), ("I will call.", "pass")]
)
def test_a_call_or_a_document_passes(text, word):
    assert verdict(requests.beside_tools, text).word == word


def test_text_in_place_of_call_and_document_is_found():
    fault = requests.words_beside_tools.apply

    assert verdict(requests.beside_tools, change=fault).word == "fail"


@pytest.mark.parametrize("text", ["42.", '"42"'])
def test_the_format_text_must_change_nothing(text):
    def other(reply):
        formatted = reply.probe.options.response_format
        return rewrite_answer(reply, lambda _: text) if formatted else reply

    assert verdict(around.text_is_the_default).word == "pass"
    assert verdict(around.text_is_the_default, change=other).word == "fail"


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (requests.invalid_schema_is_refused, requests.accepts_invalid_schema),
        (requests.name_is_demanded, requests.accepts_nameless_schema),
    ],
    ids=lambda one: one.id,
)
def test_an_invalid_schema_must_be_rejected(check, fault):
    profile = "mistral-2025-10"

    assert verdict(check, profile=profile).word == "pass"
    assert verdict(check, profile=profile, change=fault.apply).word == "fail"


def test_an_incomplete_document_with_finish_reason_stop_is_found():
    fault = around.cut_document_called_finished.apply

    assert verdict(around.cut_gives_length).word == "pass"
    assert verdict(around.cut_gives_length, change=fault).word == "fail"
