"""Long streams of the mock, and the judges that read one stream alone."""

from __future__ import annotations

import inspect
from dataclasses import replace
from inspect import Parameter
from itertools import count, islice

from contract.catalog.profiles import named
from contract.mock_server import framing
from contract.mock_server.answering import Completion
from contract.mock_server.framing import ReplyFormat
from contract.mock_server.latency import LatencyPlan
from contract.model.chat import Piece, PieceKind
from contract.model.check import Check, NotApplicable
from contract.model.dialect import Answer, Head, Usage
from contract.model.exchange import Exchange
from contract.model.probes import SUM
from contract.model.reply import rehearse
from contract.model.wire import build_request
from contract.plugins import discovery
from contract.tokens import counting, tekken

FAMILIES = ("schema", "streaming", "reasoning", "usage")
PLAN = LatencyPlan(ttft=0.4, icl=0.01)
MODEL = "magistral-small-2509"
THOUGHT = 0.9  # of a reply


def recorded(dialect: str, events: int, room: int | None = None) -> Exchange:
    """
    A reply of about *events* events, one read each: a long thought and an answer.

    The request leaves room for twice as many tokens, or for twice *room*.
    """
    profile = named(dialect)
    words = (
        text
        for number in count()
        for text in tekken.token_texts(
            f" Step {number}: wait, 6 times 7 is {number}, so"
        )
    )
    thought = round(events * THOUGHT)
    kinds = (PieceKind.REASONING, thought), (PieceKind.ANSWER, events - thought)
    pieces = tuple(
        Piece(kind, text) for kind, size in kinds for text in islice(words, size)
    )
    texts = ["".join(p.text for p in pieces if p.kind is kind) for kind, _ in kinds]
    spent, said = map(counting.count_text, texts)
    most = 2 * (room or events)
    probe = replace(SUM, options=replace(SUM.options, max_tokens=most))
    request = build_request(probe, profile, MODEL)
    prompt = counting.prompt(profile.dialect.prepare(probe))
    usage = Usage(prompt, spent + said + 3, spent)
    completion = Completion((Answer(pieces),), usage)
    head = Head("0f9c2b7d5e834a61b0c4d2e6f8a19357", 1_758_153_600, MODEL)
    form = ReplyFormat(profile.dialect, profile.dialect.rules)
    frames = framing.frames(probe, completion, head, form, PLAN.times)
    reply = framing.reply(request, probe, completion, head, profile.dialect, frames)
    return rehearse(reply, probe, profile)


def judges(exchange: Exchange) -> tuple[Check, ...]:
    """
    The checks of `FAMILIES` that judge one stream and have nothing against *exchange*.

    Others compare two replies, or are about replies to another request. The schemas
    come first, so that they are part of the walk over the stream.
    """
    found = discovery.find("checks", Check).values()
    able = [
        check
        for family in FAMILIES
        for check in found
        if check.family == family
        and any(probe.stream for probe in check.sends)
        and _takes_one(check)
    ]
    return tuple(check for check in able if not judged(exchange, (check,)))


def _takes_one(check: Check) -> bool:
    """Whether *check* judges each exchange by itself, not samples together."""
    parameters = [*inspect.signature(check.judge).parameters.values()]
    return len(parameters) == 1 and parameters[0].kind is not Parameter.VAR_POSITIONAL


def judged(exchange: Exchange, checks: tuple[Check, ...]) -> int:
    """How many findings all *checks* have about one exchange."""
    found = 0
    for check in checks:
        try:
            found += len(list(check.judge(exchange)))
        except NotApplicable:
            continue
    return found
