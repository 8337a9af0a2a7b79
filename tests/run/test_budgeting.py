"""Budgets from samples on a virtual clock."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.catalog.profiles import builtin
from contract.client.session import NotAnswering
from contract.errors import TargetError
from contract.model.check import Check
from contract.model.exchange import Arrival, End
from contract.model.probes import SUM
from contract.plugins.discovery import find
from contract.run.budgeting import evidence, measure, too_few
from contract.testing.rehearsal import LATENCY, clean

STREAM = clean("vllm-0.32").send(SUM)
GROWTH = find("checks", Check)["latency.ttft-growth"].sends


def slower(factor, exchange=STREAM):
    """*exchange* with all its times multiplied."""
    return replace(
        exchange,
        arrivals=tuple(Arrival(a.at * factor, a.data) for a in exchange.arrivals),
        elapsed=exchange.elapsed * factor,
    )


def spread(count):
    """Streams whose times grow by a hundredth each."""
    return [slower(1 + number / 100) for number in range(count)]


def test_a_budget_is_the_upper_end_of_the_interval_with_headroom():
    found = evidence(spread(100), samples=100)
    ttft = next(one for one in found.metrics if one.name == "ttft")

    assert ttft.bounds[95].high == max(ttft.values) == pytest.approx(1.99 * 0.4)
    assert found.budgets["ttft"] == 1.0  # 0.995, rounded up
    assert found.shortage == ""


def test_every_budget_is_beyond_every_percentile_that_it_bounds():
    found = evidence(spread(200), samples=200)

    assert set(found.budgets) == {
        *("ttft", "ttfo", "icl_p95", "icl_max", "tpot", "e2e", "tokens_per_second"),
    }
    for one in found.metrics:
        bound = found.budgets[one.name]
        limit = 1 / bound if one.name == "tokens_per_second" else bound
        assert limit >= one.bounds[95].high * 1.2


def test_with_too_few_samples_nothing_is_proposed():
    found = evidence(spread(71), samples=80, trouble="timed out")

    assert found.budgets == {}
    assert found.shortage.startswith("71 samples cannot bound the 95th percentile")
    assert "--samples 72" in found.shortage
    assert found.metrics[0].bounds[95].high is None


@pytest.mark.parametrize(
    ("samples", "percent", "least"), [(71, 95, 72), (367, 99, 368), (1, 50, 6)]
)
def test_how_many_it_takes(samples, percent, least):
    assert f"that takes {least};" in too_few(samples, percent)
    assert too_few(least, percent) == ""


def test_without_headroom_the_bound_itself_is_rounded_away():
    found = evidence([STREAM] * 72, samples=72, headroom=0)

    assert found.budgets["ttft"] == 0.4
    assert found.budgets["e2e"] == pytest.approx(STREAM.elapsed)
    rate = STREAM.count("completion_tokens") / STREAM.elapsed
    assert 0.9 * rate < found.budgets["tokens_per_second"] <= rate


def test_a_higher_percentile_takes_more_samples_and_gives_a_looser_budget():
    some, many = spread(100), [slower(1 + n % 97 / 97) for n in range(400)]

    assert evidence(some, samples=100, percent=99).budgets == {}
    at_95 = evidence(many, samples=400).budgets
    at_99 = evidence(many, samples=400, percent=99).budgets
    assert at_99["ttft"] >= at_95["ttft"]


def test_longer_prompts_bound_the_growth():
    short, long = [STREAM] * 5, [slower(2)] * 5
    found = evidence(spread(72), (*short, *long), samples=72)

    assert found.budgets["ttft_per_1k"] == pytest.approx(0.072, abs=0.001)


def test_the_evidence_is_json():
    found = json.loads(json.dumps(evidence(spread(72), samples=72).json))

    assert found["format"] == "budget-v1"
    assert found["budget"]["ttft"] == 0.86
    assert len(found["metrics"]["ttft"]["p95"]) == 3
    assert found["metrics"]["ttft"]["p99"][2] is None


class Sessions:
    """A session whose every *nth* sample fails."""

    def __init__(self, nth=0, window=131_072, *, stops=False):
        self.profile = replace(builtin()["vllm-0.32"], context_window=window)
        self.sent = []
        self._nth, self._stops = nth, stops

    def expect(self, probes):
        pass

    def send(self, probe):
        if self._stops:
            raise NotAnswering("it stopped")
        self.sent.append(probe)
        failed = self._nth and len(self.sent) % self._nth == 0
        end = {"end": End.TIMEOUT, "note": "it was silent"} if failed else {}
        return replace(slower(1 + len(self.sent) / 500), probe=probe, **end)


def test_each_sample_is_a_request_of_its_own():
    session = Sessions()
    found = measure(session, 80)

    assert len(set(session.sent)) == len(session.sent) == 80 + len(GROWTH)
    assert (found.samples, found.answered, found.trouble) == (80, 80, "")


def test_failed_samples_are_counted_and_the_first_is_named():
    found = measure(Sessions(nth=2), 80)

    assert (found.samples, found.answered) == (80, 40)
    assert "it was silent" in found.trouble
    assert found.shortage


def test_a_small_window_has_no_long_prompts():
    session = Sessions(window=8_192)
    measure(session, 72)

    assert len(session.sent) == 72


def test_a_server_that_stops_answering_ends_it():
    with pytest.raises(TargetError, match="it stopped"):
        measure(Sessions(stops=True), 72)


def test_the_mock_of_the_rehearsal_has_the_latency_that_is_read():
    assert STREAM.timing.ttft == LATENCY.ttft
