"""Checks that requested log-probabilities are given, for all of the text."""

from __future__ import annotations

from contract.checks.faults.chunks import choices_of
from contract.checks.faults.logprobs import (
    asks_for_logprobs,
    change_choices,
    listed_entries,
)
from contract.checks.judging.logprobs import (
    REPLACEMENT,
    Object,
    bytes_of,
    entries_of,
    require_entries,
    token_of,
)
from contract.checks.sampling.logprob_probes import BOTH, NEEDS
from contract.checks.sources import OPENAI_CHAT, OPENAI_CHAT_OBJECT
from contract.model import think
from contract.model.chat import END, Json, PieceKind, merge_pieces
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply

NAMES = (*think.MARKERS, "<s>", END)  # control tokens, which no text shows


@check(
    "sampling.logprobs-are-given",
    "Log-probabilities that a request asks for MUST be in the reply.",
    source=f"{OPENAI_CHAT}: logprobs; theroyallab/tabbyAPI#430",
    sends=BOTH,
    needs=NEEDS,
)
def logprobs_are_given(*exchanges: Exchange) -> Findings:
    if not any(exchange.pieces for exchange in exchanges):
        raise NotApplicable("no reply has text")
    for exchange in exchanges:
        if exchange.pieces and not entries_of(exchange):
            found = [c["logprobs"] for _, c in exchange.choices if "logprobs" in c]
            yield Finding(
                "the reply has no log-probabilities, although they were requested",
                expected="logprobs.content with an entry for each token",
                actual=shorten(f"logprobs {spell(found[0])}")
                if found
                else "no logprobs",
                at=exchange.probe.name,
            )


def _without_names(text: str) -> str:
    """Return *text* without control tokens, which replies do not show."""
    for name in NAMES:
        text = text.replace(name, "")
    return text


def _tokens(exchange: Exchange) -> str:
    """Return the text of all tokens; one that is a part of a character by its bytes."""
    found = []
    for entry in entries_of(exchange):
        data = bytes_of(entry)
        found.append(token_of(entry).encode(errors="replace") if data is None else data)
    return b"".join(found).decode(errors="replace")


@check(
    "sampling.logprobs-cover-the-text",
    "The tokens with log-probabilities MUST be the text of the reply, thought and all.",
    source=f"{OPENAI_CHAT_OBJECT}: logprobs.content; sgl-project/sglang#26778",
    sends=BOTH,
    needs=NEEDS,
)
def logprobs_cover_the_text(*exchanges: Exchange) -> Findings:
    """
    Words of the text are looked for among the tokens, whatever is not shown of these.

    A stream has the tokens of the whole reply, in their order, if it has its text.
    """
    require_entries(exchanges)
    for exchange in exchanges:
        tokens = _without_names(_tokens(exchange))
        if not entries_of(exchange) or REPLACEMENT in tokens:
            continue
        # Reasoning that resumes after text is not joined to that before it.
        first = merge_pieces(p for p in exchange.pieces if p.choice == 0)
        for name in (PieceKind.REASONING, PieceKind.ANSWER):
            runs = (piece.text for piece in first if piece.kind is name)
            words = _without_names(" ".join(runs)).split()
            lost = [word for word in words if word not in tokens]
            if lost:
                whole = "all" if len(lost) == len(words) else "some"
                yield Finding(
                    f"{whole} words of the {name} have no log-probabilities",
                    expected=shorten(spell(" ".join(words))),
                    actual=shorten(f"missing: {spell(' '.join(lost))}"),
                    at=exchange.probe.name,
                )
                return
    yield from _in_both_forms(*exchanges)


def _in_both_forms(whole: Exchange, *streams: Exchange) -> Findings:
    """Yield a finding for a stream with the text of *whole*, but other tokens."""
    wanted = _without_names(_tokens(whole))
    for streamed in streams:
        seen = _without_names(_tokens(streamed))
        comparable = seen and wanted and REPLACEMENT not in seen + wanted
        if not comparable or _says(whole) != _says(streamed):
            continue
        if seen.split() != wanted.split():
            yield Finding(
                "the tokens of the stream are not those of the whole reply",
                expected=shorten(spell(wanted)),
                actual=shorten(spell(seen)),
                at=streamed.probe.name,
            )


def _says(exchange: Exchange) -> tuple[str, ...]:
    """Return the words of a reply, by kind."""
    return (*exchange.reasoning.split(), "", *exchange.answer.split())


@check(
    "sampling.logprobs-keep-the-finish",
    "A reply with log-probabilities MUST have a finish reason.",
    source=f"{OPENAI_CHAT_OBJECT}: finish_reason; BerriAI/litellm#10686",
    sends=(SUM_WHOLE, SUM, *BOTH),
    needs=NEEDS,
)
def logprobs_keep_the_finish(*exchanges: Exchange) -> Findings:
    """Judged where the same reply without log-probabilities has a finish reason."""
    judged = False
    pairs = zip(exchanges[:2], exchanges[2:], strict=True)
    for plain, exchange in pairs:
        if plain.finish is None or not exchange.choices:
            continue
        judged = True
        if exchange.finish is None:
            yield Finding(
                "the reply with log-probabilities has no finish reason",
                expected=plain.finish,
                actual="none",
                at=exchange.probe.name,
            )
    if not judged:
        raise NotApplicable("no reply without log-probabilities has a finish reason")


@check(
    "sampling.logprobs-only-on-request",
    "A reply SHOULD NOT have log-probabilities that were not requested.",
    source=f"{OPENAI_CHAT}: logprobs is false by default",
    sends=(SUM_WHOLE, SUM),
    needs={Capability.STREAMING},
)
def logprobs_only_on_request(*exchanges: Exchange) -> Findings:
    if not any(exchange.choices for exchange in exchanges):
        raise NotApplicable("no reply has a choice")
    for exchange in exchanges:
        if entries := entries_of(exchange):
            yield Finding(
                "the reply has log-probabilities, although none were requested",
                expected="no logprobs, or null",
                actual=f"{len(entries)} entries",
                at=exchange.probe.name,
            )


@fault(breaks=logprobs_are_given)
def logprobs_dropped(reply: Reply) -> Reply:
    """The request for log-probabilities is accepted, but logprobs is null."""
    return change_choices(reply, lambda choice: choice.update(logprobs=None))


@fault(breaks=logprobs_are_given)
def logprobs_dropped_in_streams(reply: Reply) -> Reply:
    """Only whole replies have log-probabilities."""
    return logprobs_dropped.apply(reply) if reply.streamed else reply


@fault(breaks=logprobs_cover_the_text)
def logprobs_of_the_answer_only(reply: Reply) -> Reply:
    """The parser of the reasoning drops the log-probabilities of the thought."""
    if not asks_for_logprobs(reply):
        return reply
    inside = False

    def drop(choice: Object) -> None:
        nonlocal inside
        part = choice.get("delta" if reply.streamed else "message")
        pieces = reply.dialect.decode(part)
        if reply.streamed and any(p.kind is PieceKind.ANSWER for p in pieces):
            text = "".join(piece.text for piece in pieces)
            inside = (inside or think.OPEN in text) and think.CLOSE not in text
            if not inside:
                return
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, dict):
            entries = list(listed_entries(choice))
            names = [token_of(entry) for entry in entries]
            ends = names.index(think.CLOSE) + 1 if think.CLOSE in names else 0
            logprobs["content"] = [] if reply.streamed else [*entries[ends:]]

    return change_choices(reply, drop)


@fault(breaks=logprobs_cover_the_text)
def logprobs_of_the_chunk_before(reply: Reply) -> Reply:
    """In streams, the log-probabilities lag one chunk behind the text."""
    if not reply.streamed:
        return reply
    before: Json = None

    def lag(choice: Object) -> None:
        nonlocal before
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, dict) and logprobs.get("content"):
            mine = logprobs["content"]
            logprobs["content"] = before or mine
            before = mine

    return change_choices(reply, lag)


@fault(
    breaks=logprobs_keep_the_finish,
)
def finish_lost_with_logprobs(reply: Reply) -> Reply:
    """A gateway that rebuilds choices with log-probabilities forgets the finish."""
    return change_choices(reply, lambda choice: choice.update(finish_reason=None))


@fault(breaks=logprobs_only_on_request, also=("schema.event", "schema.response"))
def logprobs_always_sent(reply: Reply) -> Reply:
    """A debugging option of the server sends log-probabilities with every reply."""
    if asks_for_logprobs(reply):
        return reply
    entry: Json = {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}

    def add(value: Json) -> Json:
        for choice in choices_of(value) if isinstance(value, dict) else ():
            choice["logprobs"] = {"content": [dict(entry)]}  # type: ignore[arg-type]  # an object
        return value

    return reply.change(add)
