"""That a seed fixes what is drawn by lot, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from contract.checks.judging.answered import visible_text
from contract.checks.sampling.outputs import lot
from contract.checks.sources import (
    MISTRAL_CHAT,
    OPENAI_CHAT,
)
from contract.model.chat import (
    Options,
    Piece,
    PieceKind,
    Probe,
    repeat,
)
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

# Nobody answers this twice alike but by accident: ten words, each freely chosen.
OPEN = Probe(
    name="open-question",
    messages=(
        user("Write ten random words, whatever comes to your mind first. #random"),
    ),
    options=Options(max_tokens=48, temperature=1.0, seed=11),
    reasons=False,
)
SEEDED = repeat(OPEN, 2)
SEEDED_STREAM = replace(OPEN, name="open-question-streamed", stream=True)
# Six seeds: where the answer is one of six words, all draw the same once in 7,776.
SEEDS = tuple(
    replace(OPEN, name=f"open-seed-{seed}", options=replace(OPEN.options, seed=seed))
    for seed in (101, 202, 303, 404, 505, 606)
)
GREEDY = repeat(
    replace(
        OPEN,
        name="open-greedy",
        options=replace(OPEN.options, temperature=0.0, seed=None),
    ),
    2,
)
STREAMING = frozenset({Capability.STREAMING})


def _alike(one: Exchange, other: Exchange) -> Findings:
    if not any(visible_text(one)) or not any(visible_text(other)):
        raise NotApplicable("a reply says nothing")
    if visible_text(one) != visible_text(other):
        yield Finding(
            "the same request was answered otherwise",
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
)
def seed_repeats(*exchanges: Exchange) -> Findings:
    """Mistral promises deterministic results, OpenAI and vLLM a best effort."""
    yield from _alike(*exchanges)


@check(
    "sampling.seed-holds-in-streams",
    "The same request with the same seed SHOULD get the same answer streamed.",
    source=f"{MISTRAL_CHAT}: random_seed; {OPENAI_CHAT}: seed",
    sends=(SEEDED[0], SEEDED_STREAM),
    needs=STREAMING | {Capability.SEED},
)
def seed_holds_in_streams(*exchanges: Exchange) -> Findings:
    yield from _alike(*exchanges)


@check(
    "sampling.greedy-repeats",
    "The same request at temperature 0 SHOULD get the same answer without a seed.",
    source=f"{OPENAI_CHAT}: temperature",
    sends=GREEDY,
)
def greedy_repeats(*exchanges: Exchange) -> Findings:
    yield from _alike(*exchanges)


@check(
    "sampling.seeds-differ",
    "Different seeds SHOULD NOT all draw the same answer to an open question.",
    source=f"{MISTRAL_CHAT}: random_seed; {OPENAI_CHAT}: temperature",
    sends=SEEDS,
    needs={Capability.SEED, Capability.RANDOMNESS},
)
def seeds_differ(*exchanges: Exchange) -> Findings:
    """One answer to six seeds: the sampler saw neither temperature nor seed."""
    drawn = {visible_text(exchange) for exchange in exchanges}
    if len(drawn) == 1:
        yield Finding(
            f"{len(exchanges)} seeds drew the same answer",
            expected="another answer from one of them at least",
            actual=shorten(" / ".join(drawn.pop())),
            at=exchanges[0].probe.name,
        )


def _answering(reply: Reply, change: Callable[[str], str]) -> Reply:
    """*reply* with each answer made another, in its last run of text."""

    def changed(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        answers = [n for n, p in enumerate(pieces) if p.kind is PieceKind.ANSWER]
        for number, piece in enumerate(pieces):
            last = answers and number == answers[-1]
            yield replace(piece, text=change(piece.text)) if last else piece

    return rewrite_pieces(reply, changed)


def _options(reply: Reply) -> Options:
    """The options of a request that is drawn by lot and asks for one choice."""
    options = reply.probe.options if reply.probe is not None else Options()
    return options if (options.n or 1) == 1 and not options.tools else Options()


@fault(breaks=seed_repeats, also=(seed_holds_in_streams,))
def seed_ignored(reply: Reply) -> Reply:
    """The seed is accepted under a name that the sampler does not know."""
    options = _options(reply)
    if reply.streamed or options.seed is None or not options.temperature:
        return reply
    return _answering(reply, lambda text: f"{text} {lot(reply)}")


@fault(breaks=seed_holds_in_streams)
def seed_ignored_in_streams(reply: Reply) -> Reply:
    """The streaming path forgets to hand on the seed."""
    options = _options(reply)
    if not reply.streamed or options.seed is None or not options.temperature:
        return reply
    return _answering(reply, lambda text: f"{text} {lot(reply)}")


@fault(breaks=greedy_repeats)
def greedy_drifts(reply: Reply) -> Reply:
    """A temperature of 0 is taken for none given, and the default applies."""
    options = _options(reply)
    if options.seed is not None or options.temperature != 0:
        return reply
    return _answering(reply, lambda text: f"{text} {lot(reply)}")


@fault(breaks=seeds_differ)
def temperature_ignored(reply: Reply) -> Reply:
    """A proxy drops the temperature, and every answer is the greedy one."""
    options = _options(reply)
    if options.seed is None or not options.temperature:
        return reply
    return _answering(reply, lambda _: "4")
