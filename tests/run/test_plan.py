"""Requests to send, and the reasons why a check does not apply."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.saved_sessions import PROFILE, made_check

from contract.model.probe import Fill, Probe, repeat
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Budget, Capability
from contract.run.plan import inapplicable, plan_requests
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
