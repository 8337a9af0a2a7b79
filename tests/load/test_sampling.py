"""What is kept of a run: a sample that does not depend on who sent it, and suspects."""

from __future__ import annotations

from dataclasses import replace

from support.loads import some_measure as measure

from contract.load.sampling import PER_SUSPICION, SUSPICIOUS, Kept, Samples
from contract.load.scenario import find_scenario
from contract.testing.rehearsal import clean

EXCHANGE = clean("vllm-0.32").send(find_scenario("chat").draw(0, 0).probe)


def sampled(numbers, suspicions=(), **options):
    samples = Samples(7, **options)
    for number in numbers:
        samples.offer(measure(number, 1.0, suspicions=suspicions), EXCHANGE)
    return samples


def numbers(samples):
    return {one.number for one in samples.kept}


def test_the_sample_has_its_size():
    assert len(sampled(range(100), most=20).kept) == 20
    assert numbers(sampled(range(5), most=20)) == set(range(5))


def test_several_processes_keep_what_one_would():
    whole = numbers(sampled(range(200), most=20))
    parts = numbers(sampled(range(0, 200, 2), most=20))
    parts |= numbers(sampled(range(1, 200, 2), most=20))

    assert whole <= parts


def test_early_and_late_requests_are_drawn_alike():
    early = sum(
        number < 500
        for seed in range(4)
        for number in numbers_of(Samples(seed, most=250), 1_000)
    )

    # Five standard deviations of a binomial distribution of 1,000 draws.
    assert abs(early - 500) < 5 * 250**0.5


def numbers_of(samples, count):
    for number in range(count):
        samples.offer(measure(number, 1.0, suspicions=()), EXCHANGE)
    return numbers(samples)


def test_suspicious_ones_are_kept_beside_the_sample():
    samples = sampled(range(100), most=10)
    samples.offer(measure(100, 1.0, suspicions=("odd",)), EXCHANGE)

    assert Kept(100, EXCHANGE, ("odd",)) in samples.kept


def test_suspicious_ones_are_bounded():
    assert len(sampled(range(50), ("odd",), most=1).kept) <= PER_SUSPICION + 1
    samples = Samples(7, most=1)
    for number in range(500):
        samples.offer(measure(number, 1.0, suspicions=(f"{number}",)), EXCHANGE)

    assert len(samples.kept) <= SUSPICIOUS + 1


def test_bytes_are_bounded():
    large = replace(EXCHANGE)
    size = large.size + len(large.request.body)

    assert len(sampled(range(100), size=10 * size).kept) <= 10
