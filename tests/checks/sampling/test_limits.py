"""Verdicts on default limits, ceilings and max_completion_tokens."""

import pytest
from support.each import each
from support.rehearsal import chat_request, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.sampling import limits
from contract.checks.sampling.limits import (
    BARE,
    CAP,
    LONG,
    NEW_NAME,
    OTHER_LONG,
    ROOM,
    UNLIMITED,
    UNLIMITED_LONG,
)
from contract.model.probes import SUM_WHOLE

PROFILES = builtin()
COUNT = ", ".join(map(str, range(1, 301)))
OTHER_COUNT = ", ".join(map(str, range(400, 701)))


@pytest.fixture
def said(answer):
    """`said(probe, text, finish, tokens)` is the exchange of a whole reply."""

    def said(probe, text="The answer is 42", finish="stop", tokens=22, thought="Hm."):
        message = {"role": "assistant", "content": text, "reasoning": thought}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        usage = {
            "prompt_tokens": 30,
            "completion_tokens": tokens,
            "total_tokens": 30 + tokens,
        }
        return answer(probe, 200, {"choices": [choice], "usage": usage})

    return said


def limits_of(probe, name):
    body = chat_request(probe, PROFILES[name])
    names = ("max_tokens", "max_completion_tokens")
    return {one: body[one] for one in names if one in body}


@each("name", PROFILES)
def test_requests_without_a_limit_have_none(name):
    for probe in (BARE, UNLIMITED, UNLIMITED_LONG):
        assert {} == limits_of(probe, name)


@each("name", PROFILES)
def test_the_new_name_is_sent_where_the_surface_has_both(name):
    """/v1/responses has one name for the limit, max_output_tokens."""
    surface = PROFILES[name].dialect.surface
    expected = "max_completion_tokens" if surface is None else "max_tokens"

    assert {expected: CAP} == limits_of(NEW_NAME, name)


@pytest.mark.parametrize(
    ("text", "thought", "finish", "word"),
    [
        ("The", "Hm.", "stop", "fail"),
        ("", "Hm.", "stop", "fail"),
        ("", "H", "stop", "fail"),
        ("", "", "stop", "fail"),
        ("The", "Hm.", "length", "pass"),
        ("The answer is 42", "Hm.", "stop", "pass"),
        ("It is 42", "Hm.", "stop", "pass"),
        ("The", "Let me see.", "stop", "pass"),
    ],
    ids=["answer", "no-answer", "thought", "nothing", "said", "whole", "other", "rest"],
)
def test_a_beginning_called_finished_is_found(said, text, thought, finish, word):
    verdict = verdict_on(
        limits.default_limit_is_said,
        said(SUM_WHOLE),
        said(UNLIMITED, text, finish, thought=thought),
        said(LONG, COUNT, "length"),
        said(UNLIMITED_LONG, "1, 2"),
    )

    assert word == verdict.word


def test_nothing_is_known_where_no_answer_is_complete(said):
    exchanges = [
        said(probe, "1, 2", "length")
        for probe in (SUM_WHOLE, UNLIMITED, LONG, UNLIMITED_LONG)
    ]

    assert "skip" == verdict_on(limits.default_limit_is_said, *exchanges).word


@pytest.mark.parametrize(
    ("long", "unlimited", "word"),
    [
        ((COUNT, "stop"), (COUNT, "stop"), "pass"),
        ((COUNT, "stop"), ("1, 2, 3, 4, 5", "length"), "fail"),
        ((COUNT[:-9], "length"), ("1, 2, 3, 4, 5", "length"), "skip"),
        (("One, two, three", "stop"), ("One", "length"), "skip"),
    ],
    ids=["whole", "cut", "both", "words"],
)
def test_an_answer_cut_by_a_default_limit_is_found(said, long, unlimited, word):
    verdict = verdict_on(
        limits.default_limit_leaves_room,
        said(LONG, *long),
        said(UNLIMITED_LONG, *unlimited),
    )

    assert word == verdict.word


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ((COUNT, "stop", 1400), (OTHER_COUNT, "stop", 1500), "pass"),
        (("1, 2, 3, 4", "length", 64), ("400, 401, 402, 40", "length", 64), "fail"),
        (("1, 2, 3, 4", "length", ROOM), ("400, 401, 4", "length", ROOM), "skip"),
        (("1, 2, 3, 4, 5", "stop", 64), ("400, 401, 402, 40", "stop", 64), "fail"),
        (("1, 2, 3, 4, 5", "stop", 64), ("400, 401, 402, 40", "stop", 65), "pass"),
        (("1, 2, 3, 4, 5", "stop", 64), (OTHER_COUNT, "stop", 64), "pass"),
        (("The answer is 42", "stop", 22), ("The answer is 42", "stop", 22), "skip"),
        (("1, 2, 3 and 7, 8", "stop", 64), ("400, 401, 402, 40", "stop", 64), "skip"),
    ],
    ids=[
        *("complete", "lowered", "by-the-limit", "called-stop", "weak-model", "once"),
        *("scripted", "no-count"),
    ],
)
def test_a_ceiling_is_told_from_a_model_that_stops_early(said, one, other, word):
    verdict = verdict_on(
        limits.limit_is_not_lowered, said(LONG, *one), said(OTHER_LONG, *other)
    )

    assert word == verdict.word


def test_a_reply_that_fills_the_window_is_not_cut_too_early(said):
    window = PROFILES["vllm-0.32"].context_window
    full = (said(LONG, COUNT, "length", window), said(OTHER_LONG, COUNT, "length", 64))

    (found,) = verdict_on(limits.limit_is_not_lowered, *full).findings

    assert found.at.startswith(OTHER_LONG.name)


@pytest.mark.parametrize(
    ("status", "tokens", "word"),
    [(200, CAP, "pass"), (200, 22, "fail"), (422, 0, "skip"), (500, 0, "fail")],
)
def test_the_new_name_of_the_limit_is_obeyed_or_refused(
    said, answer, status, tokens, word
):
    exchange = (
        said(NEW_NAME, tokens=tokens) if status == 200 else answer(NEW_NAME, status, {})
    )

    assert word == verdict_on(limits.max_completion_tokens_is_obeyed, exchange).word
