"""Requests to send, and the reasons why a check does not apply."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.saved_sessions import PROFILE, made_check

from contract.model.chat import Options
from contract.model.check import ANY, Combined, Scope
from contract.model.check import check as make_check
from contract.model.probe import Fill, Probe, repeat
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Budget, Capability
from contract.run.plan import (
    expected_names,
    first_requests,
    fitted,
    inapplicable,
    plan_requests,
)
from contract.tokens.padding import CALIBRATION_REQUESTS


def test_a_plan_contains_each_request_once_and_timed_requests_separately():
    samples = repeat(SUM, 3)
    never = Probe(name="never")
    checks = [
        made_check(id="a.one", sends=(SUM, SUM_WHOLE)),
        made_check(id="a.two", sends=SUM_WHOLE),
        made_check(id="latency.ttft", sends=samples, alone=True),
        made_check(id="a.skipped", sends=never, needs={Capability.MODEL_CARD}),
        made_check(id="a.slow", sends=Probe(name="late", path="/late"), slow=True),
    ]

    quick, slow = (
        plan_requests(checks, PROFILE),
        plan_requests(checks, PROFILE, slow=True),
    )

    assert quick.together == (SUM_WHOLE,)
    assert quick.alone == samples
    assert (len(quick), len(slow)) == (4, 5)


def test_requests_of_a_check_that_hangs_up_keep_their_order():
    leaves = replace(SUM, hang_up_after=1)
    checks = [made_check(sends=(leaves, SUM_WHOLE)), made_check(sends=SUM)]

    planned = plan_requests(checks, PROFILE)

    assert planned.alone == (leaves, SUM_WHOLE)
    assert planned.together == (SUM,)


def test_a_check_that_runs_alone_is_planned_alone():
    timed = made_check(id="family.timed", alone=True, sends=SUM)
    planned = plan_requests([made_check(sends=(SUM, SUM_WHOLE)), timed], PROFILE)

    assert ((SUM_WHOLE,), (SUM,)) == (planned.together, planned.alone)


def test_calibration_requests_are_planned_unless_counts_are_exact():
    filled = made_check(sends=replace(SUM, fill=Fill(500)))
    coarse = replace(PROFILE, offers=PROFILE.offers - {Capability.EXACT_TOKENS})

    assert 1 == len(plan_requests([filled], PROFILE))
    assert {*CALIBRATION_REQUESTS} < {*plan_requests([filled], coarse).together}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        pytest.param(
            {"needs": {Capability.MODEL_CARD, Capability.KEY_REQUIRED}},
            "vllm-0.16 does not offer key-required, model-card",
            id="capability",
        ),
        pytest.param(
            {"unless": "unknown-model"},
            "vllm-0.16 tolerates unknown-model",
            id="tolerated",
        ),
        pytest.param(
            {"budget": "ttft"},
            "vllm-0.16 sets no budget; add --budget ttft=…",
            id="budget",
        ),
        pytest.param(
            {"sends": replace(SUM, fill=Fill(200_000))},
            "the context window is only 131072 tokens",
            id="window",
        ),
        pytest.param({"slow": True}, "slow; add --slow", id="slow"),
    ],
)
def test_a_check_that_does_not_apply_has_a_reason(more, reason):
    assert reason == inapplicable(made_check(**more), PROFILE, slow=False)


@pytest.mark.parametrize(
    ("more", "slow"),
    [
        pytest.param({}, False, id="any"),
        pytest.param({"unless": "prompt-over-the-window"}, False, id="not-tolerated"),
        pytest.param({"budget": "ttft"}, False, id="budget"),
        pytest.param({"slow": True}, True, id="slow"),
    ],
)
def test_a_check_that_applies_has_none(more, slow):
    bounded = replace(PROFILE, budget=Budget(ttft=1.0))

    assert inapplicable(made_check(**more), bounded, slow=slow) is None


ONE, OTHER, BOTH, MORE = (
    Probe(name=name, path=f"/{name}") for name in ("one", "other", "both", "more")
)


def test_combined_requests_are_planned_in_place_of_the_own_ones():
    checks = [
        made_check(id=f"a.{probe.name}", sends=probe, combined=Combined(sends=(BOTH,)))
        for probe in (ONE, OTHER)
    ]

    assert plan_requests(checks, PROFILE).together == (BOTH,)
    assert plan_requests(checks, PROFILE, thorough=True).together == (ONE, OTHER)


def test_of_several_combined_requests_the_first_that_suits_the_profile_is_planned():
    unsuited = (
        Combined(sends=(BOTH,), needs=frozenset({Capability.MODEL_CARD})),
        Combined(sends=(BOTH,), where=lambda profile: profile.image_limit == 1),
    )
    some = made_check(sends=ONE, combined=(*unsuited, Combined(sends=(MORE,))))
    none = made_check(sends=ONE, combined=unsuited)

    assert first_requests(some, PROFILE) == (MORE,)
    assert first_requests(none, PROFILE) == (ONE,)


def test_combined_requests_are_expected_where_a_check_does_not_ask_for_a_failure():
    named = {
        name: Probe(name=name)
        for name in ("own", "taken", "any", "never", "waived", "law")
    }
    checks = [
        made_check(
            id="a.taken", sends=named["own"], combined=Combined(sends=(named["taken"],))
        ),
        made_check(
            id="a.any",
            sends=named["own"],
            combined=Combined(sends=(named["any"],), expects=ANY),
        ),
        made_check(
            id="a.never",
            sends=named["own"],
            combined=Combined(sends=(named["never"],), where=lambda _: False),
        ),
        made_check(
            id="a.waived",
            sends=named["own"],
            combined=Combined(sends=(named["waived"],)),
        ),
        # It shares a request that holds what another check is waived for.
        made_check(
            id="a.shares",
            sends=named["own"],
            combined=Combined(sends=(named["taken"], named["waived"])),
        ),
        made_check(id="a.law", sends=named["law"], every=Scope.COMBINED),
    ]
    profile = replace(PROFILE, waivers={"a.waived": "known to fail"})

    assert expected_names(checks, profile) == {"taken", "law"}


def should(id, sends, **more):
    """A check of a SHOULD that passes."""
    return make_check(id, "It SHOULD hold.", source="x", sends=sends, **more)(_nothing)


def test_requests_of_a_should_are_expected_unless_a_must_is_about_them():
    shared, alone, invalid = (Probe(name=name) for name in ("shared", "alone", "bad"))
    checks = [
        made_check(id="a.must", sends=shared),
        should("a.should", (shared, alone)),
        should("a.rejected", (invalid,), expects=ANY),
    ]

    assert expected_names(checks, PROFILE) == {"alone"}
    waived = replace(PROFILE, waivers={"a.should": "known to fail"})
    assert expected_names(checks, waived) == frozenset()


def lengths(*tokens, fitting):
    probes = tuple(
        replace(SUM, name=f"of-{n}", fill=Fill(n), options=Options(max_tokens=1))
        for n in tokens
    )
    return make_check(
        "family.lengths", "x SHOULD y.", source="z", sends=probes, fitting=fitting
    )(_nothing)


def _nothing(*_):
    yield from ()


def test_requests_that_do_not_fit_the_window_are_left_out_where_a_check_allows_it():
    small = replace(PROFILE, context_window=10_000)
    curve = lengths(4_000, 9_000, 20_000, fitting=True)

    assert ["of-4000", "of-9000"] == [p.name for p in first_requests(curve, small)]
    assert inapplicable(curve, small, slow=False) is None
    assert len(fitted(curve, PROFILE).sends) == 3


@pytest.mark.parametrize("fitting", [True, False])
def test_a_check_is_skipped_if_nothing_or_not_everything_fits(fitting):
    tiny = replace(PROFILE, context_window=1_000)
    tokens = (4_000, 20_000) if fitting else (500, 20_000)
    reason = inapplicable(lengths(*tokens, fitting=fitting), tiny, slow=False)

    assert "the context window is only 1000 tokens" == reason


def test_a_plan_states_the_tokens_of_its_long_prompts():
    plan = plan_requests(
        [lengths(4_000, 9_000, fitting=True), made_check(sends=SUM)], PROFILE
    )

    assert (2, 13_000) == plan.long_prompts(PROFILE)
    assert len(plan) == 3
