"""Latency samples: metrics, and budgets that are met, exceeded or inconclusive."""

from __future__ import annotations

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.checks.latency.samples import (
    OVERFLOWS,
    SAMPLES,
    everything,
    growing_prompts,
    rates,
    spread,
    within,
)
from contract.model.check import NotApplicable
from contract.model.reply import Frame, rehearse
from contract.tokens import counting, padding

PROFILE = builtin()["vllm-0.32"]
TWENTY = tuple(number / 10 for number in range(1, 21))  # 0.1 to 2.0 seconds


def sample(at, gap=0.0):
    """Return a sample whose frames arrive at *at*, *at* + *gap* and so on (seconds)."""
    reply = mock_reply(PROFILE, SAMPLES[0])
    frames = (
        Frame(at + gap * number, frame.data)
        for number, frame in enumerate(reply.frames)
    )
    return rehearse(reply.with_frames(frames), SAMPLES[0], PROFILE)


def verdict(values, budget):
    """Return `pass`, `fail`, or the reason why the check is skipped."""
    try:
        found = list(within("TTFT", values, budget))
    except NotApplicable as reason:
        return str(reason)
    return "fail" if found else "pass"


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        pytest.param(2.0, "pass", id="interval-below"),
        pytest.param(1.5, "fail", id="interval-above"),
        pytest.param(1.6, "inconclusive", id="at-the-low-end"),
        pytest.param(1.99, "inconclusive", id="at-the-high-end"),
    ],
)
def test_only_an_interval_on_one_side_of_the_budget_decides(budget, expected):
    """For 0.1 … 2.0 s, p95 is 1.9 s with an interval of 1.6 to 2.0 s."""
    assert verdict(TWENTY, budget).partition(":")[0] == expected


def test_an_inconclusive_result_states_its_numbers():
    assert verdict(TWENTY, 1.8) == (
        "inconclusive: the 95th percentile of TTFT is 1.90 s (95 % confidence interval "
        "1.60 s to 2.00 s, 20 values); the budget is 1.80 s"
    )


def test_a_finding_states_its_numbers():
    (finding,) = within("TTFT", (0.05,) * 20, 0.04)

    assert finding.message == "the 95th percentile of TTFT is over budget"
    assert finding.expected == "at most 40.0 ms"
    assert finding.actual == (
        "50.0 ms (95 % confidence interval 50.0 ms to 50.0 ms, 20 values)"
    )


def test_samples_without_values_are_skipped():
    assert verdict((), 1.0) == "no sample has a value for TTFT"


def test_one_outlier_of_twenty_is_inconclusive():
    assert verdict((*TWENTY[:19], 100.0), 2.0).startswith("inconclusive")


def test_a_spread_names_its_percentiles():
    assert spread("ttft", TWENTY) == {
        "ttft_p50": 1.0,
        "ttft_p95": 1.9,
        "ttft_p99": 2.0,
        "ttft_max": 2.0,
    }
    assert spread("ttft", ()) == {}


def test_everything_is_measured_from_the_same_samples():
    found = everything(sample(0.5, 0.1), sample(0.5, 0.1))
    metrics = {name.rpartition("_")[0] for name in found}

    assert metrics == {"ttft", "ttfo", "icl", "tpot", "e2e", "tokens_per_second"}
    assert found["ttft_p50"] < found["ttfo_p50"] < found["e2e_p50"]
    assert found["icl_p50"] == pytest.approx(0.1)


def test_a_rate_includes_the_time_to_the_first_token():
    exchange = sample(2.0)
    tokens = exchange.count("completion_tokens")

    assert rates([exchange, sample(4.0)]) == {
        "tokens_per_second_p50": pytest.approx(tokens / 4.0),
        "tokens_per_second_min": pytest.approx(tokens / 4.0),
    }
    assert rates([]) == {}


def test_samples_are_distinct_requests():
    assert len(set(SAMPLES)) == len(SAMPLES) == 20
    assert len(set(OVERFLOWS)) == len(OVERFLOWS) == 10


def test_growing_prompts_have_unique_beginnings():
    """Prefix caches store blocks of 16 tokens; the first block has to differ."""
    probes = (*growing_prompts(1_000, 5), *growing_prompts(8_000, 5))
    texts = [padding.padded(probe, PROFILE).messages[0].text for probe in probes]
    beginnings = {counting.pieces(text[:60])[:10].__str__() for text in texts}

    assert len(beginnings) == len(probes)
