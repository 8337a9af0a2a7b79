"""Checks of the limit of a reply: its default, its ceiling, and its newer name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

from contract.checks.combined.requests import CAP, CAPPED_WITH_NULLS
from contract.checks.faults.chunks import choices_of
from contract.checks.faults.rejection import reject, request_body
from contract.checks.faults.usage import add_tokens
from contract.checks.judging.answered import expect_answers, visible_text
from contract.checks.judging.rejection import ABOUT_THE_REQUEST, status_and_body
from contract.checks.judging.usage import (
    require_counter,
    usage_location,
)
from contract.checks.sources import MISTRAL_CHAT, OPENAI_CHAT, OPENAI_CHAT_OBJECT
from contract.model.chat import Json, Options, Piece, PieceKind
from contract.model.check import (
    ANY,
    Combined,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probe import Patch, Probe
from contract.model.probes import SUM_WHOLE, user
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply, rewrite_pieces, rewrite_usage
from contract.portable.requirement import decided
from contract.portable.schemas import SOMETHING, has
from contract.tokens import tekken

# A count to 300 has some 1,400 tokens, more than the limits that gateways set in
# silence; a reasoning model has room to think before it.
ROOM = 3_000  # tokens


def _count(name: str, first: int, last: int) -> Probe:
    """Return a request whose answer is long, and shows whether it is complete."""
    question = (
        f"Count from {first} to {last}. Write all the numbers in digits, with commas "
        "between them, and nothing else."
    )
    return Probe(
        name=name,
        messages=(user(question),),
        options=Options(max_tokens=ROOM, temperature=0.0, seed=7),
        reasons=False,
    )


def _without_limit(probe: Probe) -> Probe:
    return replace(
        probe,
        name=f"{probe.name}-without-limit",
        options=replace(probe.options, max_tokens=None),
    )


FIRST, LAST = 1, 300
OTHER_FIRST, OTHER_LAST = 400, 700
LONG = _count("long-count", FIRST, LAST)
OTHER_LONG = _count("other-long-count", OTHER_FIRST, OTHER_LAST)
UNLIMITED = _without_limit(SUM_WHOLE)
UNLIMITED_LONG = _without_limit(LONG)
BARE = Probe(name="messages-alone", messages=(user("What is 6 times 7?"),))
NEW_NAME = replace(
    UNLIMITED,
    name="max-completion-tokens-of-8",
    patches=(Patch("new-name", "/max_completion_tokens", str(CAP)),),
)


def _reached(exchange: Exchange, first: int) -> int | None:
    """Return the number that a count from *first* reached; None if it is no count."""
    numbers = [int(digits) for digits in re.findall(r"\d{1,9}", exchange.answer)]
    whole = numbers[:-1]  # the last one may be cut
    if len(whole) < 3 or whole != list(range(first, first + len(whole))):  # noqa: PLR2004  # a beginning
        return None
    return numbers[-1]


@check(
    "sampling.messages-alone-suffice",
    "A request with nothing but a model and messages MUST be answered.",
    source=f"{OPENAI_CHAT}; {MISTRAL_CHAT}: the other members are optional",
    sends=BARE,
)
@decided(has(choices=SOMETHING))
def messages_alone_suffice(exchange: Exchange) -> Findings:
    yield from expect_answers(exchange)


@fault(
    breaks=messages_alone_suffice,
    also=(
        "sampling.default-limit-is-said",
        "sampling.default-limit-leaves-room",
        "sampling.max-completion-tokens-is-obeyed",
    ),
)
def limit_required(reply: Reply) -> Reply:
    """A gateway to another API requires max_tokens, as that API does."""
    body = request_body(reply)
    if not reply.is_chat or "messages" not in body or "max_tokens" in body:
        return reply
    return reject(reply, "/max_tokens", None, "max_tokens: field required")


def _counts_to_the_end(exchange: Exchange) -> Findings:
    """Yield a finding unless the long count is complete, which no ceiling allows."""
    if exchange.finish != "stop" or _reached(exchange, FIRST) != LAST:
        yield Finding("the count is not complete")


def _counts_on(limited: Exchange, unlimited: Exchange) -> Findings:
    """Yield a finding unless both counts are complete, with and without a limit."""
    for exchange in (limited, unlimited):
        yield from _counts_to_the_end(exchange)


@check(
    "sampling.default-limit-is-said",
    "A reply that the server's own limit cuts off MUST NOT finish with stop.",
    source=f"{OPENAI_CHAT_OBJECT}: finish_reason; microsoft/foundry-local#243; "
    "aws-samples/bedrock-access-gateway#237",
    sends=(SUM_WHOLE, UNLIMITED, LONG, UNLIMITED_LONG),
    combined=Combined(sends=(LONG, UNLIMITED_LONG), judge=_counts_on),
)
def default_limit_is_said(
    full: Exchange, open_: Exchange, long: Exchange, long_open: Exchange
) -> Findings:
    """The same greedy requests with a large max_tokens show what the reply lacks."""
    pairs = [
        (limited, unlimited)
        for limited, unlimited in ((full, open_), (long, long_open))
        if limited.finish == "stop" and any(visible_text(limited))
    ]
    if not pairs:
        raise NotApplicable("no answer to a request with max_tokens is complete")
    for limited, unlimited in pairs:
        if unlimited.finish == "stop" and _is_cut(unlimited, limited):
            yield Finding(
                "a reply without max_tokens was cut off and called finished",
                expected="finish reason length, or the rest: "
                + shorten(" / ".join(visible_text(limited))[-60:]),
                actual="finish reason stop after "
                + shorten(" / ".join(visible_text(unlimited))[-60:]),
                at=unlimited.probe.name,
            )


def _is_cut(part: Exchange, whole: Exchange) -> bool:
    """Return whether the text of one reply is a mere beginning of the other's."""
    (thought, answer), (full_thought, full_answer) = map(visible_text, (part, whole))
    if not (thought or answer):
        return True
    if thought == full_thought:
        return answer != full_answer and full_answer.startswith(answer)
    return not answer and full_thought.startswith(thought)


@fault(breaks=default_limit_is_said)
def default_limit_called_stop(reply: Reply) -> Reply:
    """A default limit of 16 tokens cuts replies, which are reported as complete."""
    return _cut(reply, 16, "stop") if _has_no_limit(reply) else reply


@check(
    "sampling.default-limit-leaves-room",
    "A request without max_tokens SHOULD get an answer of a thousand tokens in full.",
    source=f"{OPENAI_CHAT}: max_tokens is optional; microsoft/foundry-local#243",
    sends=(LONG, UNLIMITED_LONG),
    unless="default-limit",
)
def default_limit_leaves_room(limited: Exchange, unlimited: Exchange) -> Findings:
    if limited.finish != "stop" or _reached(limited, FIRST) != LAST:
        raise NotApplicable("the model did not count to the end")
    if unlimited.finish == "length":
        yield Finding(
            "a default limit cut the answer off",
            expected=f"a count to {LAST}, as with max_tokens {ROOM}",
            actual=f"finish reason length at {_reached(unlimited, FIRST)}, "
            f"completion_tokens {unlimited.count('completion_tokens')}",
            at=unlimited.probe.name,
        )


@fault(breaks=default_limit_leaves_room)
def default_limit_of_512_tokens(reply: Reply) -> Reply:
    """Where a request has no max_tokens, a gateway adds one of 512."""
    return _cut(reply, 512, "length") if _has_no_limit(reply) else reply


@check(
    "sampling.limit-is-not-lowered",
    "A reply MUST NOT be cut off before max_tokens, except by the context window.",
    source=f"{OPENAI_CHAT_OBJECT}: finish_reason length, max_tokens was reached",
    sends=(LONG, OTHER_LONG),
    combined=Combined(sends=(LONG,), judge=_counts_to_the_end),
)
def limit_is_not_lowered(*exchanges: Exchange) -> Findings:
    """
    A ceiling is shown by the finish reason length, or else by two equal lengths.

    A model may end a count early, but not two different ones after as many tokens.
    """
    ends = [
        (one, _reached(one, first), last, require_counter(one, "completion_tokens"))
        for one, first, last in zip(
            exchanges, (FIRST, OTHER_FIRST), (LAST, OTHER_LAST), strict=True
        )
    ]
    lowered = [
        (one, tokens)
        for one, _, _, tokens in ends
        if one.finish == "length" and tokens < ROOM and not _fills_window(one)
    ]
    for one, tokens in lowered:
        yield Finding(
            "the reply was cut off before max_tokens",
            expected=f"completion_tokens {ROOM}, or a finish reason other than length",
            actual=f"completion_tokens {tokens}, finish reason length",
            at=f"{one.probe.name}, {usage_location(one)}",
        )
    if lowered:
        return
    if any(number is None for _, number, _, _ in ends):
        raise NotApplicable("the model did not count")
    partial = [
        (one, number, tokens)
        for one, number, last, tokens in ends
        if one.finish == "stop" and number != last
    ]
    if len(partial) == len(ends) and len({tokens for *_, tokens in partial}) == 1:
        numbers = " and ".join(str(number) for _, number, _ in partial)
        yield Finding(
            "two long answers stop in the middle after as many tokens",
            expected=f"counts to {LAST} and {OTHER_LAST}, or the finish reason length",
            actual=f"counts to {numbers}, each of {partial[0][2]} completion_tokens",
            at=f"{partial[0][0].probe.name}, {usage_location(partial[0][0])}",
        )


def _fills_window(exchange: Exchange) -> bool:
    """Return whether prompt and completion fill the window, but for a few tokens."""
    total = exchange.count("total_tokens")
    return total is not None and total + 16 >= exchange.profile.context_window


@fault(breaks=limit_is_not_lowered)
def limit_lowered(reply: Reply) -> Reply:
    """A gateway lowers every max_tokens to 1,024."""
    return reply if _has_no_limit(reply) else _cut(reply, 1_024, "length")


@fault(breaks=limit_is_not_lowered)
def ceiling_called_stop(reply: Reply) -> Reply:
    """A proxy ends each answer after 1,024 tokens and reports it as complete."""
    return reply if _has_no_limit(reply) else _cut(reply, 1_024, "stop")


@check(
    "sampling.max-completion-tokens-is-obeyed",
    "A max_completion_tokens MUST limit the reply, or be rejected.",
    source=f"{OPENAI_CHAT}: max_completion_tokens",
    sends=NEW_NAME,
    expects=ANY,
    combined=CAPPED_WITH_NULLS,
    unless="no-such-member",
)
def max_completion_tokens_is_obeyed(exchange: Exchange) -> Findings:
    """OpenAI's newer name of max_tokens, which current clients send."""
    if exchange.status in ABOUT_THE_REQUEST:
        raise NotApplicable("the server rejects max_completion_tokens")
    if exchange.status != HTTPStatus.OK:
        yield Finding(
            "the request was neither answered nor rejected",
            expected="status 200, 400 or 422",
            actual=status_and_body(exchange),
            at=exchange.probe.name,
        )
        return
    tokens = require_counter(exchange, "completion_tokens")
    if tokens > CAP + 1:  # `usage` judges whether the limit is exact
        yield Finding(
            "the reply is longer than max_completion_tokens",
            expected=f"at most {CAP} completion_tokens",
            actual=f"completion_tokens {tokens}, "
            f"finish reason {exchange.finish or 'null'}",
            at=usage_location(exchange),
        )


@fault(
    breaks=max_completion_tokens_is_obeyed,
    where=lambda dialect: not dialect.id.startswith("mistral"),
)
def max_completion_tokens_ignored(reply: Reply) -> Reply:
    """The server knows only max_tokens and accepts unknown members."""
    if reply.rejection is not None or "max_completion_tokens" not in request_body(
        reply
    ):
        return reply

    def longer(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        yield from pieces
        yield Piece(PieceKind.ANSWER, "The answer is forty-two.", pieces[0].choice)

    return _finished(
        rewrite_usage(
            rewrite_pieces(reply, longer),
            lambda usage: add_tokens(usage, "completion_tokens", 2 * CAP),
        ),
        "stop",
    )


def _has_no_limit(reply: Reply) -> bool:
    body = request_body(reply)
    return "messages" in body and not {"max_tokens", "max_completion_tokens"} & set(
        body
    )


def _cut(reply: Reply, tokens: int, finish: str) -> Reply:
    """Return *reply* cut off after *tokens* of text; a shorter one is unchanged."""
    if reply.rejection is not None:
        return reply
    completion = decode_reply(reply).count("completion_tokens") or 0
    if completion <= tokens:
        return reply

    def beginning(pieces: tuple[Piece, ...]) -> Iterator[Piece]:
        left = tokens
        for piece in pieces:
            kept = tekken.token_texts(piece.text)[:left]
            left -= len(kept)
            if kept:
                yield replace(piece, text="".join(kept))

    return _finished(
        rewrite_usage(
            rewrite_pieces(reply, beginning),
            lambda usage: add_tokens(usage, "completion_tokens", tokens - completion),
        ),
        finish,
    )


def _finished(reply: Reply, finish: str) -> Reply:
    """Return *reply* with another finish reason wherever it has one."""

    def change(value: Json) -> Json:
        for choice in choices_of(value) if isinstance(value, dict) else ():
            if choice.get("finish_reason") is not None:
                choice["finish_reason"] = finish
        return value

    return reply.change(change)
