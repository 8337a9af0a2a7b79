"""Tests of the checks of seeds and of greedy sampling."""

import pytest
from support.rehearsal import rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.sampling.seeds import (
    GREEDY_TWICE,
    SEEDED,
    SEEDED_STREAM,
    SEEDS,
    greedy_repeats,
    seed_holds_in_streams,
    seed_repeats,
    seeds_differ,
)
from contract.model.chat import Piece, PieceKind
from contract.model.saved import digest
from contract.model.wire import build_request

PROFILES = builtin()
VLLM = PROFILES["vllm-0.32"]


def reply_with(probe, reasoning, answer):
    pieces = (Piece(PieceKind.REASONING, reasoning), Piece(PieceKind.ANSWER, answer))
    return rewritten_exchange(VLLM, probe, lambda _: pieces)


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        (("Roll.", "4"), ("Roll.", "4"), "pass"),
        (("Roll.", "4"), ("Roll.", " 4\n"), "pass"),
        (("Roll.", "4"), ("Roll.", "5"), "fail"),
        (("Roll.", "4"), ("Draw.", "4"), "fail"),
        (("Roll.", "4"), ("Roll.", ""), "fail"),
        ((" ", " "), (" ", " "), "skip"),
        (("Roll.", "4"), (" ", " "), "skip"),
    ],
)
@pytest.mark.parametrize(
    "check", [seed_repeats, seed_holds_in_streams, greedy_repeats], ids=lambda c: c.id
)
def test_reasoning_and_answer_must_be_equal(check, one, other, word):
    first, second = check.sends

    assert (
        word
        == verdict_on(check, reply_with(first, *one), reply_with(second, *other)).word
    )


@pytest.mark.parametrize(
    ("answers", "word"),
    [("444444", "fail"), ("444445", "pass"), ("123456", "pass")],
)
def test_one_different_answer_is_enough(answers, word):
    exchanges = [
        reply_with(probe, "Roll.", answer)
        for probe, answer in zip(SEEDS, answers, strict=True)
    ]

    assert word == verdict_on(seeds_differ, *exchanges).word


@pytest.mark.parametrize("name", PROFILES)
def test_repetitions_are_equal_requests_with_distinct_digests(name):
    for one, other in (SEEDED, GREEDY_TWICE):
        requests = [build_request(probe, PROFILES[name], "m") for probe in (one, other)]

        assert requests[0] == requests[1]
        assert digest(requests[0], one) != digest(requests[1], other)


def test_only_the_seeds_differ():
    bodies = [build_request(probe, VLLM, "m").body for probe in (*SEEDS, SEEDED[0])]
    without = {
        body.replace(str(probe.options.seed).encode(), b"seed")
        for body, probe in zip(bodies, (*SEEDS, SEEDED[0]), strict=True)
    }

    assert len(set(bodies)) == len(SEEDS) + 1
    assert len(without) == 1


def test_greedy_requests_have_no_seed_and_the_stream_has_one():
    assert {probe.options.seed for probe in GREEDY_TWICE} == {None}
    assert SEEDED_STREAM.options == SEEDED[0].options
