"""Reasoning, text and calls come in the order that Mistral's own grammar allows."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from support import official
from support.catalogue import DIALECTS
from support.each import each

from contract.catalog import profiles
from contract.checks.reasoning.presence import AFTER_TOOL, HELLO
from contract.checks.reasoning.reasoning_text import asks
from contract.checks.tools.probes import NONE, PAIR, REQUIRED
from contract.model.chat import CHAT, Call, Piece, PieceKind
from contract.model.probes import (
    CUT,
    CUT_WHOLE,
    SUM,
    SUM_WHOLE,
    TOOL,
    TOOL_WHOLE,
    TWO_CHOICES,
)
from contract.model.saved import load
from contract.testing.rehearsal import clean

RECORDED = Path(__file__).parent.parent / "fixtures" / "exchanges"
PROBES = (
    *(SUM, SUM_WHOLE, CUT, CUT_WHOLE, TOOL, TOOL_WHOLE, TWO_CHOICES),
    *(HELLO, AFTER_TOOL, PAIR, REQUIRED, NONE),
)
THOUGHT = Piece(PieceKind.REASONING, "Hm.")
TEXT = Piece(PieceKind.ANSWER, "Four.")
CALL = Piece(PieceKind.TOOL, '{"a": 1}', call=Call(0, "a1B2c3D4e", "add"))
OTHER = Piece(PieceKind.TOOL, "{}", call=Call(1, "f1B2c3D4e", "sub"))


@pytest.mark.parametrize(
    ("pieces", "mode", "allowed"),
    [
        ((THOUGHT, TEXT), "auto", True),
        ((TEXT,), "auto", True),
        ((THOUGHT, CALL), "auto", True),
        ((THOUGHT, TEXT, CALL, OTHER), "auto", True),
        ((CALL,), "required", True),
        # What no official grammar allows.
        ((THOUGHT, TEXT, THOUGHT, TEXT), "auto", False),
        ((TEXT, THOUGHT), "auto", False),
        ((CALL, THOUGHT), "auto", False),
        ((CALL, TEXT), "auto", False),
        ((THOUGHT,), "auto", False),
        ((THOUGHT, TEXT), "required", False),
        ((THOUGHT, CALL), "none", False),
    ],
)
def test_the_grammar_tells_orders_apart(pieces, mode, allowed):
    found = official.judged(official.token_ids(pieces), official.grammar(mode))

    assert allowed == found.ends


def test_one_call_is_told_from_several():
    ids = official.token_ids((CALL, OTHER))

    assert official.judged(ids, official.grammar(parallel=True)).ends
    assert not official.judged(ids, official.grammar(parallel=False)).follows


# Where the mock of Large 4 reasons again after a part of the answer.
RESUMED = {"sum-streamed", "sum-whole", "after-tool-whole"}


def disallowed(exchange):
    """The choices of a reply that the official grammar does not allow."""
    body = exchange.sent
    parallel = body.get("parallel_tool_calls") is not False
    text = official.grammar(official.mode_of(body), parallel=parallel)
    for choice, reasons in exchange.finishes.items():
        # In the order of their arrival, each choice for itself.
        own = [p for _, p in exchange.folded_pieces if p.choice == choice]
        if not own:
            continue  # a reply without text, which no grammar allows
        # A reply that max_tokens or the client ended is the beginning of one.
        cut = reasons[-1:] not in {("stop",), ("tool_calls",)}
        found = official.judged(official.token_ids(own, cut=cut), text)
        if not (found.follows if cut else found.ends):
            yield choice, tuple(dict.fromkeys(p.kind.value for p in own))


@each("name", DIALECTS)
def test_the_mock_keeps_the_order_in_every_dialect(name):
    rehearsal = clean(name)
    resumes = rehearsal.profile.dialect.rules.resumes_reasoning
    broken = {probe.name for probe in PROBES if [*disallowed(rehearsal.send(probe))]}

    # Clients of Large 4 expect reasoning that resumes; the grammar does not know it.
    assert broken == (RESUMED if resumes else set())


# What real engines do beside the grammar, each known by another check too.
STOPPED = "a stop string ended the reasoning, so it has no end"
CUT_CALL = "max_tokens cut a call that is finished with tool_calls"
LOOSE = "the grammar of a forced call admits other arguments, or another tool"
UNDECLARED = "a call of a tool that the request does not declare is answered"
DEPARTURES = {
    "litellm-1.108.4-vllm/tool-cut-at-16": CUT_CALL,
    **{
        f"sglang-0.5.23/{name}": LOOSE
        for name in (
            *("greeting-named-streamed", "greeting-named-whole"),
            "greeting-named-without-parameters-streamed",
            "greeting-named-without-parameters-whole",
            *("tool-named-streamed", "tool-named-whole"),
            *("tool-required-streamed", "tool-required-whole"),
        )
    },
    **{
        f"sglang-0.5.23/{name}": UNDECLARED
        for name in (
            *("tool-empty-streamed", "tool-empty-whole"),
            *("tool-undeclared-streamed", "tool-undeclared-whole"),
        )
    },
    "recorded-llamacpp-b11434/stop_in_reasoning": STOPPED,
    "recorded-vllm-0.32/stop_in_reasoning": STOPPED,
    "recorded-vllm-0.32/stop_list": STOPPED,
    "recorded-vllm-0.32/stop_token_ids": STOPPED,
    "transformers-5.23.0/no-tool-whole": "a call although tool_choice is none",
    "transformers-5.23.0/penalties-highest": "the penalties ended the reasoning",
    "transformers-5.23.0/tool-cut-at-16": CUT_CALL,
    "transformers-5.23.0/tool-cut-at-20": CUT_CALL,
    "transformers-5.23.0/tool-streamed-cut-at-16": CUT_CALL,
    "vllm-0.32.0/tool-cut-at-16": CUT_CALL,
    "vllm-0.32.0-no-reasoning-parser/tool-cut-at-16": CUT_CALL,
}
SUFFIX = re.compile(r"-[0-9a-f]{12}$")


@cache
def answers(folder):
    """The answers in *folder* to requests that end with a question, by name."""
    manifest = folder / "manifest.json"
    known = json.loads(manifest.read_text("utf-8")) if manifest.is_file() else {}
    found = {}
    for path in sorted(folder.glob("*.json")):
        saved = json.loads(path.read_text("utf-8"))
        name = saved.get("profile") or known.get("header", {}).get("profile")
        if path == manifest or name is None:
            continue
        exchange = load(saved, profiles.named(name))
        answer = exchange.status == 200 and exchange.request.path == CHAT
        if answer and asks(exchange):
            found[f"{folder.name}/{SUFFIX.sub('', path.stem)}"] = exchange
    return found


@pytest.mark.parametrize(
    "folder",
    [
        path
        if path.name.startswith("recorded-vllm")
        else pytest.param(path, marks=pytest.mark.long)
        for path in sorted(RECORDED.iterdir())
    ],
    ids=lambda path: path.name,
)
def test_recorded_engines_keep_the_order(folder):
    broken = {name for name, x in answers(folder).items() if [*disallowed(x)]}
    known = {name for name in DEPARTURES if name.startswith(f"{folder.name}/")}

    assert known == broken
