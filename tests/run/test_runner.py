"""Outcomes of a check for every kind of exchange."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from contract.catalog.profiles import builtin
from contract.client.session import Session
from contract.errors import UsageError
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
    Check,
    Finding,
    NotApplicable,
    check,
)
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import Fill, Probe, repeat
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Budget, Capability
from contract.model.saved import digest
from contract.model.wire import build_request
from contract.run.plan import plan_requests
from contract.run.report import Outcome
from contract.run.runner import MOST_FINDINGS, judge_all, judge_check
from contract.run.select import select
from contract.tokens.padding import CALIBRATION_REQUESTS

PROFILE = replace(
    builtin()["vllm-0.16"], waivers={}, tolerates=frozenset({"unknown-model"})
)


def recorded(*answers: tuple[Probe, dict], profile=PROFILE) -> Session:
    saved = {}
    for probe, answer in answers:
        request = build_request(probe, profile, "m")
        fields = {"status": 200, **answer}
        body = fields.pop("body", None)
        if body is not None:
            fields["arrivals"] = (Arrival(0.1, body),)
        saved[digest(request, probe)] = Exchange(
            probe=probe, profile=profile, request=request, **fields
        )
    return Session("http://nowhere.invalid", profile, "m", saved=saved)


def made(judge=None, *, id="family.name", sends=SUM, **more) -> Check:
    def passes(*_exchanges):
        yield from ()

    decorate = check(id, "It MUST hold.", source="a test", sends=sends, **more)
    return decorate(judge or passes)


def fails(*_exchanges):
    yield Finding("wrong", "right", "left")


def crashes(*_exchanges):
    yield Finding("one thing is wrong")
    raise ZeroDivisionError("a bug")


def is_not_applicable(*_exchanges):
    raise NotApplicable("no reasoning in this reply")
    yield


def finds_then_is_not_applicable(*_exchanges):
    yield Finding("wrong")
    raise NotApplicable("the rest cannot be judged")


@pytest.mark.parametrize(
    ("judge", "outcome"),
    [
        pytest.param(None, Outcome.PASS, id="passes"),
        pytest.param(fails, Outcome.FAIL, id="fails"),
        pytest.param(crashes, Outcome.ERROR, id="crashes"),
        pytest.param(is_not_applicable, Outcome.SKIP, id="not-applicable"),
        pytest.param(finds_then_is_not_applicable, Outcome.FAIL, id="findings-count"),
    ],
)
def test_the_judge_decides_the_outcome(judge, outcome):
    result = judge_check(made(judge), recorded((SUM, {})), "mock")

    assert result.outcome is outcome
    assert result.broken is (judge is crashes)


def test_a_crashed_check_is_reported_and_does_not_raise():
    result = judge_check(made(crashes), recorded((SUM, {})), "mock")

    assert "check family.name is broken: ZeroDivisionError: a bug" in result.reason
    assert [f.message for f in result.findings] == ["one thing is wrong"]


def test_a_judge_receives_one_exchange_per_probe_in_order():
    seen = []

    def judge(*exchanges):
        seen.extend(e.status for e in exchanges)
        yield from ()

    session = recorded((SUM, {}), (SUM_WHOLE, {"status": 201}))
    both = made(judge, sends=(SUM_WHOLE, SUM), expects=frozenset({200, 201}))

    result = judge_check(both, session, "mock")

    assert seen == [201, 200]
    assert len(result.exchanges) == 2


UNPARSED = (
    b'{"choices":[{"index":0,"finish_reason":"stop","message":'
    b'{"role":"assistant","content":"[THINK]Hm.[/THINK]42"}}]}'
)


@pytest.mark.parametrize(
    ("family", "hinted"),
    [
        pytest.param("reasoning", [True, False], id="parsed-family"),
        pytest.param("usage", [False, False], id="other-family"),
    ],
)
def test_the_first_finding_has_the_hint(family, hinted):
    def judge(exchange):
        yield from fails(exchange)
        yield from fails(exchange)

    result = judge_check(
        made(judge, id=f"{family}.name", sends=SUM_WHOLE),
        recorded((SUM_WHOLE, {"body": UNPARSED})),
        "mock",
    )

    assert hinted == ["--reasoning-parser" in f.hint for f in result.findings]


def test_the_number_of_findings_is_bounded():
    def judge(_exchange):
        while True:
            yield Finding("again")

    result = judge_check(made(judge), recorded((SUM, {})), "mock")

    assert len(result.findings) == MOST_FINDINGS


SOME = frozenset({503})


@pytest.mark.parametrize(
    ("exchange", "more", "outcome", "words"),
    [
        pytest.param(
            {"status": None, "end": End.REFUSED, "note": "nothing listens"},
            {},
            Outcome.ERROR,
            "nothing listens",
            id="refused",
        ),
        pytest.param(
            {"status": None, "end": End.TIMEOUT, "note": "no byte"},
            {"broken": True, "expects": ANY},
            Outcome.ERROR,
            "no byte",
            id="no-response-even-for-a-check-of-broken-streams",
        ),
        pytest.param(
            {"status": 429}, {}, Outcome.ERROR, "lower --concurrency", id="rate-limit"
        ),
        pytest.param(
            {"status": 429},
            {"expects": CLIENT_ERRORS},
            Outcome.ERROR,
            "rate limited",
            id="a-rate-limit-is-not-a-rejection",
        ),
        pytest.param(
            {"status": 502, "body": b"<html>bad gateway</html>"},
            {},
            Outcome.ERROR,
            "bad gateway",
            id="bad-gateway",
        ),
        pytest.param({"status": 503}, {}, Outcome.ERROR, "503", id="unavailable"),
        pytest.param({"status": 504}, {"expects": ANY}, Outcome.ERROR, "504", id="504"),
        pytest.param(
            {"status": 503}, {"expects": SOME}, Outcome.PASS, "", id="expected-503"
        ),
        pytest.param(
            {"end": End.RESET, "note": "cut off"},
            {},
            Outcome.ERROR,
            "cut off",
            id="incomplete",
        ),
        pytest.param(
            {"end": End.RESET},
            {"broken": True},
            Outcome.PASS,
            "",
            id="incomplete-is-judged",
        ),
        pytest.param(
            {"end": End.TOO_LARGE, "note": "larger than"},
            {},
            Outcome.ERROR,
            "larger than",
            id="too-large",
        ),
        pytest.param({"end": End.LEFT}, {}, Outcome.PASS, "", id="hung-up"),
    ],
)
def test_an_exchange_that_cannot_be_judged_is_an_error(exchange, more, outcome, words):
    result = judge_check(made(**more), recorded((SUM, exchange)), "mock")

    assert result.outcome is outcome
    assert not result.broken
    assert words in result.reason


@pytest.mark.parametrize(
    ("status", "expects", "expected"),
    [
        pytest.param(500, frozenset({200}), "status 200", id="server-error"),
        pytest.param(200, CLIENT_ERRORS, "status 400-499", id="accepted"),
        pytest.param(404, frozenset({400, 401, 422}), "status 400-401, 422", id="few"),
    ],
)
def test_an_unexpected_status_is_a_finding_and_is_not_judged(status, expects, expected):
    body = b'{"error":{"message":"Internal\\nfault"}}'
    session = recorded((SUM, {"status": status, "body": body}))

    result = judge_check(made(crashes, expects=expects), session, "mock")

    assert result.outcome is Outcome.FAIL
    assert [(f.expected, f.actual, f.at) for f in result.findings] == [
        (expected, f"status {status}: Internal fault", "request sum-streamed")
    ]


def test_a_missing_capability_skips_the_check():
    check = made(needs={Capability.MODEL_CARD, Capability.KEY_REQUIRED})
    session = recorded()

    result = judge_check(check, session, "mock")

    assert result.outcome is Outcome.SKIP
    assert result.reason == "vllm-0.16 does not offer key-required, model-card"
    assert result.exchanges == ()


def test_a_tolerated_deviation_skips_the_check():
    result = judge_check(made(unless="unknown-model"), recorded(), "mock")

    assert (Outcome.SKIP, "vllm-0.16 tolerates unknown-model") == (
        result.outcome,
        result.reason,
    )


def test_a_request_that_was_not_recorded_skips_the_check():
    result = judge_check(made(), recorded(), "mock")

    assert result.outcome is Outcome.SKIP
    assert "not in the recording" in result.reason


def test_a_slow_check_runs_only_with_slow():
    slow, session = made(slow=True), recorded((SUM, {}))

    skipped, ran = (
        judge_check(slow, session, "mock"),
        judge_check(slow, session, "mock", slow=True),
    )

    assert (skipped.outcome, skipped.reason) == (Outcome.SKIP, "slow; add --slow")
    assert ran.outcome is Outcome.PASS
    assert ran.again.endswith(" --slow")


def test_a_used_up_allowance_is_an_error_that_names_the_option():
    with Session("http://nowhere.invalid", PROFILE, "m", allowance=0) as session:
        result = judge_check(made(), session, "mock")

    assert result.outcome is Outcome.ERROR
    assert "--max-requests" in result.reason
    assert not result.broken


WAIVED = replace(PROFILE, waivers={"family.name": "known upstream"})


@pytest.mark.parametrize(
    ("judge", "outcome", "reason"),
    [
        pytest.param(fails, Outcome.WAIVED, "known upstream", id="still-fails"),
        pytest.param(None, Outcome.FAIL, "", id="passes-again"),
        pytest.param(
            is_not_applicable,
            Outcome.SKIP,
            "no reasoning in this reply",
            id="nothing-to-judge",
        ),
    ],
)
def test_a_waiver_applies_to_failures_only(judge, outcome, reason):
    session = recorded((SUM, {}), profile=WAIVED)

    result = judge_check(made(judge), session, "mock")

    assert (outcome, reason) == (result.outcome, result.reason)


def test_an_unneeded_waiver_is_a_failure():
    result = judge_check(made(), recorded((SUM, {}), profile=WAIVED), "mock")

    assert "the waiver is out of date" in result.findings[0].message
    assert "known upstream" in result.findings[0].expected


def test_an_unneeded_built_in_waiver_is_only_mentioned():
    shipped = replace(WAIVED, shipped=frozenset({"family.name"}))
    result = judge_check(made(), recorded((SUM, {}), profile=shipped), "mock")

    assert result.outcome is Outcome.PASS
    assert "known upstream" in result.reason


def test_a_waiver_does_not_hide_a_crashed_check():
    result = judge_check(made(crashes), recorded((SUM, {}), profile=WAIVED), "mock")

    assert (Outcome.ERROR, True) == (result.outcome, result.broken)


def test_again_is_quoted_for_the_shell():
    target = "mock:vllm?ttft=80ms&fault=no-done"

    result = judge_check(made(), recorded((SUM, {})), target)

    assert shlex.split(result.again) == [
        "magistral-contract",
        "verify",
        target,
        "--select",
        "family.name",
    ]


def test_again_extends_the_given_command():
    command = ("magistral-contract", "replay", "a folder")

    result = judge_check(made(), recorded((SUM, {})), "mock", command=command)

    assert result.again == ("magistral-contract replay 'a folder' --select family.name")


def test_every_check_has_a_result_in_order():
    checks = [
        made(fails, id="b.one"),
        made(id="a.two", slow=True),
        made(id="a.three", sends=SUM_WHOLE),
    ]
    session = recorded((SUM, {}), (SUM_WHOLE, {}))

    results = list(judge_all(checks, session, "mock"))

    assert [(r.check.id, r.outcome.value) for r in results] == [
        ("b.one", "fail"),
        ("a.two", "skip"),
        ("a.three", "pass"),
    ]


def test_a_plan_contains_each_request_once_and_timed_requests_separately():
    samples = repeat(SUM, 3)
    checks = [
        made(id="a.one", sends=(SUM, SUM_WHOLE)),
        made(id="a.two", sends=SUM_WHOLE),
        made(id="latency.ttft", sends=samples, alone=True),
        made(id="a.skipped", sends=Probe(name="never"), needs={Capability.MODEL_CARD}),
        made(id="a.slow", sends=Probe(name="late", path="/late"), slow=True),
    ]

    quick, slow = (
        plan_requests(checks, PROFILE),
        plan_requests(checks, PROFILE, slow=True),
    )

    assert quick.together == (SUM_WHOLE,)
    assert quick.alone == samples
    assert (len(quick), len(slow)) == (4, 5)


FAMILY = [
    made(id="usage.sums-up"),
    made(id="usage.counts"),
    made(id="schema.message"),
]


@pytest.mark.parametrize(
    ("chosen", "ignored", "kept"),
    [
        pytest.param((), (), "usage.sums-up usage.counts schema.message", id="all"),
        pytest.param(("usage",), (), "usage.sums-up usage.counts", id="family"),
        pytest.param(("schema.message",), (), "schema.message", id="one"),
        pytest.param(
            ("*.counts", "schema"), (), "usage.counts schema.message", id="two"
        ),
        pytest.param((), ("usage.*",), "schema.message", id="all-but"),
        pytest.param(("usage",), ("*.counts",), "usage.sums-up", id="both"),
    ],
)
def test_select_accepts_ids_families_and_patterns(chosen, ignored, kept):
    found = select(FAMILY, chosen, ignored)

    assert [one.id for one in found] == kept.split()


@pytest.mark.parametrize(
    ("chosen", "ignored", "words"),
    [
        pytest.param(("usage.sum-up",), (), "usage.sums-up", id="near-id"),
        pytest.param((), ("shema",), "schema", id="near-family"),
        pytest.param(("x*",), (), "x\\*", id="pattern"),
        pytest.param(("usage",), ("usage",), "No check is left", id="nothing-left"),
    ],
)
def test_a_selection_without_a_check_is_rejected(chosen, ignored, words):
    with pytest.raises(UsageError, match=words):
        select(FAMILY, chosen, ignored)


def test_requests_of_a_check_that_hangs_up_keep_their_order():
    leaves = replace(SUM, hang_up_after=1)

    planned = plan_requests([made(sends=(leaves, SUM_WHOLE)), made(sends=SUM)], PROFILE)

    assert planned.alone == (leaves, SUM_WHOLE)
    assert planned.together == (SUM,)


def test_without_its_budget_a_check_is_skipped_with_the_option():
    result = judge_check(made(budget="ttft"), recorded(), "mock")

    assert (Outcome.SKIP, ()) == (result.outcome, result.exchanges)
    assert result.reason == "vllm-0.16 sets no budget; add --budget ttft=…"


def test_with_its_budget_a_check_is_judged():
    bounded = replace(PROFILE, budget=Budget(ttft=1.0))
    session = recorded((SUM, {}), profile=bounded)

    assert judge_check(made(budget="ttft"), session, "mock").outcome is Outcome.PASS


def test_a_prompt_longer_than_the_window_is_not_sent():
    long = replace(SUM, fill=Fill(200_000))
    result = judge_check(made(sends=long), recorded(), "mock")

    assert result.outcome is Outcome.SKIP
    assert result.reason == "the context window is only 131072 tokens"


def test_an_impossible_prompt_length_skips_the_check():
    short = replace(SUM, fill=Fill(5))
    result = judge_check(made(sends=short), recorded(), "mock")

    assert result.outcome is Outcome.SKIP
    assert "does not fit into a prompt of 5 tokens" in result.reason


@pytest.mark.parametrize(
    ("judge", "outcome"),
    [
        pytest.param(None, Outcome.PASS, id="passes"),
        pytest.param(fails, Outcome.FAIL, id="fails"),
        pytest.param(is_not_applicable, Outcome.SKIP, id="not-applicable"),
    ],
)
def test_figures_are_reported_for_every_verdict(judge, outcome):
    def measures(exchange):
        return {"ttft_max": exchange.elapsed}

    session = recorded((SUM, {"elapsed": 0.25}))
    result = judge_check(made(judge, measures=measures), session, "mock")

    assert (outcome, {"ttft_max": 0.25}) == (result.outcome, result.figures)


def test_an_exchange_that_is_not_judged_has_no_figures():
    def measures(exchange):
        return {"ttft_max": exchange.elapsed}

    result = judge_check(
        made(measures=measures), recorded((SUM, {"status": 500})), "mock"
    )

    assert {} == result.figures


def test_a_check_that_runs_alone_is_planned_alone():
    timed = made(id="family.timed", alone=True, sends=SUM)
    planned = plan_requests([made(sends=(SUM, SUM_WHOLE)), timed], PROFILE)

    assert ((SUM_WHOLE,), (SUM,)) == (planned.together, planned.alone)


def test_calibration_requests_are_planned_unless_counts_are_exact():
    filled = made(sends=replace(SUM, fill=Fill(500)))
    coarse = replace(PROFILE, offers=PROFILE.offers - {Capability.EXACT_TOKENS})

    assert 1 == len(plan_requests([filled], PROFILE))
    assert {*CALIBRATION_REQUESTS} < {*plan_requests([filled], coarse).together}
