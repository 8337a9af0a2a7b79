from __future__ import annotations

from dataclasses import replace

from support.rehearsal import mock_reply, rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.tools.losses import streams_lose_no_call
from contract.model.chat import PieceKind
from contract.model.probes import SUM, SUM_WHOLE, TOOL, TOOL_WHOLE
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]


def exchange(probe, change=None):
    if change is not None:
        return rewritten_exchange(PROFILE, probe, change)
    return rehearse(mock_reply(PROFILE, probe), probe, PROFILE)


def found(*exchanges):
    return [(f.message, f.at, f.actual) for f in streams_lose_no_call.judge(*exchanges)]


def test_a_call_that_is_missing_from_the_stream_is_found():
    def drop(pieces):
        return [p for p in pieces if p.kind is not PieceKind.TOOL]

    assert found(exchange(TOOL, drop), exchange(TOOL_WHOLE)) == [
        (
            "the stream has fewer tool calls than the whole answer",
            "request tool-streamed",
            "no call",
        )
    ]


def test_altered_arguments_are_found_and_white_space_in_json_is_not():
    def change(how):
        return lambda pieces: [
            replace(p, text=how(p.text)) if p.kind is PieceKind.TOOL else p
            for p in pieces
        ]

    upper = exchange(TOOL, change(str.upper))
    spaced = exchange(TOOL, change(lambda text: text.replace(":", " : ")))

    assert [message for message, *_ in found(upper, exchange(TOOL_WHOLE))] == [
        "the streamed call is not the whole one: the letter case is changed"
    ]
    assert found(spaced, exchange(TOOL_WHOLE)) == []


def test_replies_without_a_call_are_not_judged():
    verdict = verdict_on(streams_lose_no_call, exchange(SUM), exchange(SUM_WHOLE))

    assert verdict.word == "skip"
