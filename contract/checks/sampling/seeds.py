"""Checks that a seed, or a temperature of 0, makes answers reproducible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from contract.checks.combined.requests import GREEDY_TWICE, OPEN
from contract.checks.judging.answered import visible_text
from contract.checks.sampling.nonce import reply_nonce
from contract.checks.sources import MISTRAL_CHAT, OPENAI_CHAT
from contract.model.chat import Options, Piece, PieceKind
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probe import repeat
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

SEEDED = repeat(OPEN, 2)
SEEDED_STREAM = replace(OPEN, name="open-question-streamed", stream=True)
# Six seeds: if a model only ever answers one of six words, all six answers are equal
# by chance once in 7,776 runs.
SEEDS = tuple(
    replace(OPEN, name=f"open-seed-{seed}", options=replace(OPEN.options, seed=seed))
    for seed in (101, 202, 303, 404, 505, 606)
)
STREAMING = frozenset({Capability.STREAMING})


def _equal_text(one: Exchange, other: Exchange) -> Findings:
    """Yield a finding unless both replies have the same reasoning and answer."""
    if not any(visible_text(one)) or not any(visible_text(other)):
        raise NotApplicable("a reply has no text")
    if visible_text(one) != visible_text(other):
        yield Finding(
            "the same request got a different answer",
            expected=shorten(" / ".join(visible_text(one))),
            actual=shorten(" / ".join(visible_text(other))),
            at=other.probe.name,
        )


@check(
    "sampling.seed-repeats",
    "The same request with the same seed SHOULD get the same answer.",
    source=f"{MISTRAL_CHAT}: random_seed; {OPENAI_CHAT}: seed",
    sends=SEEDED,
    needs={Capability.SEED},
    # Without the seed, a stream would differ from a whole answer as well.
    combined=Combined(
        sends=(OPEN, SEEDED_STREAM), needs=frozenset({Capability.STREAMING})
    ),
)
def seed_repeats(*exchanges: Exchange) -> Findings:
    """Mistral promises deterministic results, OpenAI and vLLM a best effort."""
    yield from _equal_text(*exchanges)


@check(
    "sampling.seed-holds-in-streams",
    "A request with a seed SHOULD get the same answer streamed and not streamed.",
    source=f"{MISTRAL_CHAT}: random_seed; {OPENAI_CHAT}: seed",
    sends=(SEEDED[0], SEEDED_STREAM),
    needs=STREAMING | {Capability.SEED},
)
def seed_holds_in_streams(*exchanges: Exchange) -> Findings:
    yield from _equal_text(*exchanges)


@check(
    "sampling.greedy-repeats",
    "The same request at temperature 0 SHOULD get the same answer without a seed.",
    source=f"{OPENAI_CHAT}: temperature",
    sends=GREEDY_TWICE,
)
def greedy_repeats(*exchanges: Exchange) -> Findings:
    yield from _equal_text(*exchanges)


@check(
    "sampling.seeds-differ",
    "Different seeds SHOULD NOT all give the same answer to an open question.",
    source=f"{MISTRAL_CHAT}: random_seed; {OPENAI_CHAT}: temperature",
    sends=SEEDS,
    # Two different answers suffice, and one of them is asked for anyway.
    combined=Combined(sends=(OPEN, SEEDS[0])),
    needs={Capability.SEED, Capability.RANDOMNESS},
)
def seeds_differ(*exchanges: Exchange) -> Findings:
    """With one answer for six seeds, temperature and seed have no effect."""
    texts = {visible_text(exchange) for exchange in exchanges}
    if len(texts) == 1:
        yield Finding(
            f"{len(exchanges)} seeds gave the same answer",
            expected="at least two different answers",
            actual=shorten(" / ".join(texts.pop())),
            at=exchanges[0].probe.name,
        )


def _rewrite_answer(reply: Reply, change: Callable[[str], str]) -> Reply:
    """Return *reply* with *change* applied to the last answer text of each choice."""

    def rewrite_last(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        answers = [n for n, p in enumerate(pieces) if p.kind is PieceKind.ANSWER]
        for number, piece in enumerate(pieces):
            last = answers and number == answers[-1]
            yield replace(piece, text=change(piece.text)) if last else piece

    return rewrite_pieces(reply, rewrite_last)


def _append_nonce(reply: Reply) -> Reply:
    """Return *reply* with an answer that differs from every other reply's."""
    return _rewrite_answer(reply, lambda text: f"{text} {reply_nonce(reply)}")


def _sampling_options(reply: Reply) -> Options:
    """Return the options of a request for one choice without tools; else defaults."""
    options = reply.probe.options if reply.probe is not None else Options()
    return options if (options.n or 1) == 1 and not options.tools else Options()


@fault(breaks=seed_repeats, also=(seed_holds_in_streams,))
def seed_ignored(reply: Reply) -> Reply:
    """The seed is passed to the sampler under the wrong name and has no effect."""
    options = _sampling_options(reply)
    if reply.streamed or options.seed is None or not options.temperature:
        return reply
    return _append_nonce(reply)


@fault(breaks=seed_holds_in_streams)
def seed_ignored_in_streams(reply: Reply) -> Reply:
    """The streaming code path does not pass the seed to the sampler."""
    options = _sampling_options(reply)
    if not reply.streamed or options.seed is None or not options.temperature:
        return reply
    return _append_nonce(reply)


@fault(breaks=greedy_repeats)
def greedy_drifts(reply: Reply) -> Reply:
    """A temperature of 0 is treated as unset, and the default applies."""
    options = _sampling_options(reply)
    if options.seed is not None or options.temperature != 0:
        return reply
    return _append_nonce(reply)


@fault(breaks=seeds_differ, also=("reasoning.card-prompt-is-followed",))
def temperature_ignored(reply: Reply) -> Reply:
    """A proxy drops the temperature, so every answer is generated greedily."""
    options = _sampling_options(reply)
    if options.seed is None or not options.temperature:
        return reply
    return _rewrite_answer(reply, lambda _: "4")
