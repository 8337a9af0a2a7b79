"""Check that a stream loses no tool call of the whole answer."""

from __future__ import annotations

from collections.abc import Sequence

from contract.checks.judging.both_forms import Content, pairs
from contract.checks.judging.difference import loss
from contract.checks.tools.calls import STREAMED_TOOLS
from contract.model.chat import PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import TOOL, TOOL_WHOLE
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces


@check(
    "tools.streams-lose-no-call",
    "A stream and a whole answer to the same request MUST have the same tool calls.",
    source="ddalcu/mlx-serve#287; vllm-project/vllm#20028",
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS,
    every=Scope.ANSWERS,
    across=True,
)
def streams_lose_no_call(*exchanges: Exchange) -> Findings:
    """
    Compares greedy requests that were sent both ways, as `streaming.loses-nothing`.

    A model may call with other arguments; the same call altered letter by letter, or
    missing, was lost on the way.
    """
    compared = False
    for streamed, seen, wanted in pairs(exchanges):
        compared = compared or bool(wanted.calls)
        yield from _lost_calls(streamed, seen, wanted)
    if not compared:
        raise NotApplicable("no greedy request was answered with a call in both forms")


def _lost_calls(streamed: Exchange, seen: Content, wanted: Content) -> Findings:
    place = f"request {streamed.probe.name}"
    if len(seen.calls) != len(wanted.calls):
        fewer = len(seen.calls) < len(wanted.calls)
        less, more = ("stream", "whole answer") if fewer else ("whole answer", "stream")
        yield Finding(
            f"the {less} has fewer tool calls than the {more}",
            expected=_as_text(max(wanted.calls, seen.calls, key=len)),
            actual=_as_text(min(wanted.calls, seen.calls, key=len)),
            at=place,
        )
        return
    for (name, arguments), (whole_name, whole) in zip(
        seen.calls, wanted.calls, strict=False
    ):
        if reason := loss(whole_name, name) or loss(whole, arguments):
            yield Finding(
                f"the streamed call is not the whole one: {reason}",
                expected=_as_text(((whole_name, whole),)),
                actual=_as_text(((name, arguments),)),
                at=place,
            )


def _as_text(calls: Sequence[tuple[str, str]]) -> str:
    return shorten("; ".join(f"{name}({text})" for name, text in calls)) or "no call"


@fault(
    breaks=streams_lose_no_call, also=("streaming", "tools", "structured", "reasoning")
)
def calls_lost_in_streams(reply: Reply) -> Reply:
    """Tools work in whole answers, and streams never call one (mlx-serve#287)."""
    if not reply.streamed:
        return reply
    return rewrite_pieces(
        reply,
        lambda pieces: [piece for piece in pieces if piece.kind is not PieceKind.TOOL],
    )
