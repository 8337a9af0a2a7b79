from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import verdict_on

from contract.checks.transport import responses
from contract.model.exchange import End
from contract.model.probes import LIST_MODELS, SUM_WHOLE

GOOD = {"choices": [{"index": 0, "message": {"content": "42"}}]}


def test_a_redirect_is_found_with_its_location(answer):
    seen = replace(
        answer(SUM_WHOLE, 308, b""), headers=(("location", "http://b.invalid/v1/"),)
    )

    (found,) = responses.is_not_redirected.judge(seen)

    assert found.message == "the request is redirected with status 308"
    assert found.actual == "Location: http://b.invalid/v1/"


def test_a_redirect_may_have_no_location(answer):
    (found,) = responses.is_not_redirected.judge(answer(SUM_WHOLE, 307, b""))

    assert (found.actual, found.hint) == ("no Location", "")


def test_a_redirect_of_another_route_is_not_judged(answer):
    seen = answer(LIST_MODELS, 307, b"")

    assert verdict_on(responses.is_not_redirected, seen).word == "skip"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "limit", "code": 502}}, "502, limit"),
        ({"error": "no"}, "no"),
        ({"object": "error", "message": "busy", "code": 503}, "503, busy"),
    ],
)
def test_an_error_with_status_200_is_quoted(answer, body, words):
    (found,) = responses.errors_have_an_error_status.judge(answer(SUM_WHOLE, 200, body))

    assert found.actual == words


def test_an_empty_answer_is_found(answer):
    (found,) = responses.answers_are_not_empty.judge(answer(SUM_WHOLE, 200, b" \n"))

    assert found.actual == "a body of 2 bytes with status 200"


def test_an_answer_that_broke_off_is_found_with_its_length(answer):
    seen = answer(SUM_WHOLE, 200, b'{"id": ')
    seen = replace(
        seen, headers=(("content-length", "300"),), end=End.RESET, note="reset"
    )

    (found,) = responses.answers_are_whole.judge(seen)

    assert (found.expected, found.actual) == ("300 bytes", "7 bytes; reset")


def test_json_that_ends_early_is_found(answer):
    (found,) = responses.answers_are_whole.judge(
        answer(SUM_WHOLE, 200, b'{"choices": [{"index": 0, "mess')
    )

    assert found.message == "the answer ends in the middle of its JSON"


@pytest.mark.parametrize(
    "check",
    [
        responses.is_not_redirected,
        responses.errors_have_an_error_status,
        responses.answers_are_not_empty,
        responses.answers_are_whole,
    ],
)
def test_a_good_answer_passes(answer, check):
    assert verdict_on(check, answer(SUM_WHOLE, 200, GOOD)).word == "pass"
