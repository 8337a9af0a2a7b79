"""Exchanges that cannot be judged, and the hints of findings."""

from __future__ import annotations

import pytest
from support.saved_sessions import fails, made_check, saved_session

from contract.model.check import ANY, CLIENT_ERRORS
from contract.model.exchange import End
from contract.model.probes import SUM, SUM_WHOLE
from contract.run.report import Outcome
from contract.run.triage import triage, with_hint

SOME = frozenset({503})
UNPARSED = (
    b'{"choices":[{"index":0,"finish_reason":"stop","message":'
    b'{"role":"assistant","content":"[THINK]Hm.[/THINK]42"}}]}'
)


def exchange_with(answer, probe=SUM):
    return saved_session((probe, answer)).send(probe)


@pytest.mark.parametrize(
    ("answer", "more", "words"),
    [
        pytest.param(
            {"status": None, "end": End.REFUSED, "note": "nothing listens"},
            {},
            "nothing listens",
            id="refused",
        ),
        pytest.param(
            {"status": None, "end": End.TIMEOUT, "note": "no byte"},
            {"broken": True, "expects": ANY},
            "no byte",
            id="no-response-even-for-a-check-of-broken-streams",
        ),
        pytest.param({"status": 429}, {}, "see the note", id="rate-limit"),
        pytest.param(
            {"status": 429},
            {"expects": CLIENT_ERRORS},
            "rate limited",
            id="a-rate-limit-is-not-a-rejection",
        ),
        pytest.param(
            {"status": 502, "body": b"<html>bad gateway</html>"},
            {},
            "bad gateway",
            id="bad-gateway",
        ),
        pytest.param({"status": 503}, {}, "503", id="unavailable"),
        pytest.param(
            {"status": 503, "headers": (("retry-after", "1"),)},
            {"expects": ANY},
            "rate limited",
            id="503-with-retry-after",
        ),
        pytest.param(
            {"end": End.RESET, "note": "cut off"}, {}, "cut off", id="incomplete"
        ),
        pytest.param(
            {"end": End.TOO_LARGE, "note": "larger than"},
            {},
            "larger than",
            id="too-large",
        ),
    ],
)
def test_an_exchange_that_cannot_be_judged_is_an_error(answer, more, words):
    verdict = triage(made_check(**more), exchange_with(answer))

    assert verdict is not None
    assert verdict.outcome is Outcome.ERROR
    assert not verdict.broken
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("answer", "more"),
    [
        pytest.param({}, {}, id="complete"),
        pytest.param({"status": 503}, {"expects": SOME}, id="expected-503"),
        pytest.param({"end": End.RESET}, {"broken": True}, id="incomplete-is-judged"),
        pytest.param({"end": End.LEFT}, {}, id="hung-up"),
        pytest.param({"end": End.LEFT, "status": None}, {}, id="left-unanswered"),
        pytest.param({"status": 504}, {"expects": ANY}, id="failed-to-reject"),
        pytest.param(
            {"status": 429, "repeats": 6},
            {"expects": CLIENT_ERRORS},
            id="limited-in-vain-is-a-rejection",
        ),
        pytest.param({"end": End.OPEN}, {}, id="left-open-after-done"),
    ],
)
def test_any_other_exchange_is_left_to_the_judge(answer, more):
    assert triage(made_check(**more), exchange_with(answer)) is None


@pytest.mark.parametrize(
    ("status", "expects", "expected"),
    [
        pytest.param(500, frozenset({200}), "status 200", id="server-error"),
        pytest.param(200, CLIENT_ERRORS, "status 400-499", id="accepted"),
        pytest.param(404, frozenset({400, 401, 422}), "status 400-401, 422", id="few"),
    ],
)
def test_an_unexpected_status_is_a_finding(status, expects, expected):
    body = b'{"error":{"message":"Internal\\nfault"}}'
    exchange = exchange_with({"status": status, "body": body})

    verdict = triage(made_check(expects=expects), exchange)

    assert verdict is not None
    assert verdict.outcome is Outcome.FAIL
    assert [(f.expected, f.actual, f.at) for f in verdict.findings] == [
        (expected, f"status {status}: Internal fault", "request sum-streamed")
    ]


@pytest.mark.parametrize(
    ("family", "hinted"),
    [
        pytest.param("reasoning", [True, False], id="parsed-family"),
        pytest.param("usage", [False, False], id="other-family"),
    ],
)
def test_the_first_finding_has_the_hint(family, hinted):
    check = made_check(id=f"{family}.name", sends=SUM_WHOLE)
    exchange = exchange_with({"body": UNPARSED}, SUM_WHOLE)

    found = with_hint(check, [*fails(), *fails()], [exchange])

    assert hinted == ["--reasoning-parser" in finding.hint for finding in found]
