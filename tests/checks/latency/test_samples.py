"""What is read off samples, and when a budget is broken, kept or neither."""

from __future__ import annotations

import pytest
from rehearsal import told

from contract.catalog.profiles import builtin
from contract.checks.latency.samples import (
    OVERFLOWS,
    SAMPLES,
    everything,
    growing,
    rates,
    spread,
    within,
)
from contract.model.check import NotApplicable
from contract.model.reply import (
    Frame,
    rehearse,
)
from contract.tokens import (
    counting,
    padding,
)

PROFILE = builtin()["vllm-0.32"]
TWENTY = tuple(number / 10 for number in range(1, 21))  # 0.1 to 2.0 seconds


def sample(at, gap=0.0):
    """SUM's answer whose first text comes at a moment, each further one a gap later."""
    reply = told(PROFILE, SAMPLES[0])
    frames = (
        Frame(at + gap * number, frame.data)
        for number, frame in enumerate(reply.frames)
    )
    return rehearse(reply.with_frames(frames), SAMPLES[0], PROFILE)


def verdict(values, budget):
    """`pass`, `fail`, or why there is none."""
    try:
        found = list(within("TTFT", values, budget))
    except NotApplicable as reason:
        return str(reason)
    return "fail" if found else "pass"


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        pytest.param(2.0, "pass", id="the-whole-interval-below"),
        pytest.param(1.5, "fail", id="the-whole-interval-above"),
        pytest.param(1.6, "inconclusive", id="the-low-end"),
        pytest.param(1.99, "inconclusive", id="the-high-end"),
    ],
)
def test_only_a_whole_interval_decides(budget, expected):
    """Of 0.1 … 2.0 s, p95 is 1.9 s and 95 % sure between 1.6 and 2.0 s."""
    assert verdict(TWENTY, budget).partition(":")[0] == expected


def test_inconclusive_says_all_its_numbers():
    assert verdict(TWENTY, 1.8) == (
        "inconclusive: the 95th percentile of TTFT is 1.90 s, 95 % sure between "
        "1.60 s and 2.00 s, of 20 values; the budget is 1.80 s"
    )


def test_a_finding_says_all_its_numbers():
    (finding,) = within("TTFT", (0.05,) * 20, 0.04)

    assert finding.message == "the 95th percentile of TTFT is over budget"
    assert finding.expected == "at most 40.0 ms"
    assert finding.actual == (
        "50.0 ms, 95 % sure between 50.0 ms and 50.0 ms, of 20 values"
    )


def test_without_values_there_is_nothing_to_judge():
    assert verdict((), 1.0) == "no sample tells TTFT"


def test_one_outlier_of_twenty_breaks_no_budget():
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


def test_a_rate_counts_the_wait_for_the_first_token():
    exchange = sample(2.0)
    told_tokens = exchange.count("completion_tokens")

    assert rates([exchange, sample(4.0)]) == {
        "tokens_per_second_p50": pytest.approx(told_tokens / 4.0),
        "tokens_per_second_min": pytest.approx(told_tokens / 4.0),
    }
    assert rates([]) == {}


def test_samples_are_twenty_requests_of_their_own():
    assert len(set(SAMPLES)) == len(SAMPLES) == 20
    assert len(set(OVERFLOWS)) == len(OVERFLOWS) == 10


def test_no_two_growing_prompts_begin_alike():
    """A prefix cache keeps blocks of 16 tokens; the first of them differs."""
    probes = (*growing(1_000, 5), *growing(8_000, 5))
    texts = [padding.padded(probe, PROFILE).messages[0].text for probe in probes]
    beginnings = {counting.pieces(text[:60])[:10].__str__() for text in texts}

    assert len(beginnings) == len(probes)
