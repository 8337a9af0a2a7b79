"""What each provider does beyond its spelling: limits, order of messages, quirks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from contract.chat import METRICS
from contract.dialects.base import Dialect, Problem
from contract.server import judges, room
from contract.server.images import FORMATS
from contract.server.judges import Judge

# Magistral 1.2, the last of its line; its successor answers to the old name too.
SERVED = ("magistral-small-2509", "magistral-medium-2509")
SUCCEEDED = ("mistral-small-2603", "magistral-small-latest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """
    How a provider of one family behaves.

    `serves` names the models, the canonical one first.
    `judges` refuse requests that fit the schema. `room` is how many tokens may be
    generated, or why none. `images` bounds how many a request may show, `formats`
    are the kinds that can be read. `open` are the paths that need no key. `any_model`
    serves whatever is asked for; `echoes` says whether the answer names the model as
    asked for or always the first. `quiet_json` stops thinking when JSON is asked for.
    `key_header` is another header that may carry the key. `full` is the finish reason
    where the context window ends an answer.
    `named` is the finish reason of a call that was forced by name, `rides` whether
    the finish reason may come with the last text, `timed` whether every last chunk
    `call_ids` are lengths.
    """

    judges: tuple[Judge, ...] = ()
    room: Callable[[int, int | None, int], int | Problem]
    serves: tuple[str, ...] = SERVED
    images: int | None = None
    formats: tuple[str, ...] = FORMATS
    json_only: bool = True
    any_model: bool = False
    echoes: bool = True
    open: frozenset[str] = frozenset()
    key_header: str | None = None
    quiet_json: bool = False
    prefixed: bool = False
    named: str = "tool_calls"
    full: str = "length"
    rides: bool = False
    timed: bool = False
    id: str = "chatcmpl-"
    ids: int = 16
    call_ids: int = 9
    version: str | None = None
    health: bytes = b""


_VLLM = Rules(
    judges=(
        judges.order,
        judges.last_is_not_assistant,
        judges.tool_results,
        judges.choice_needs_tools,
        judges.tool_definitions,
        judges.forced_tool,
        judges.one_greedy,
        judges.stream_options,
    ),
    room=room.clamped,
    images=10,
    echoes=False,
    open=frozenset({"/health", "/version", METRICS, "/tokenize", "/detokenize"}),
    quiet_json=True,
    named="stop",
    rides=True,
    version="0.32.0",
)
_MISTRAL = Rules(
    judges=(
        judges.order,
        judges.no_user_after_tool,
        judges.last_is_asking,
        judges.tool_results,
        judges.tool_definitions,
        judges.forced_tool,
    ),
    room=room.strict,
    images=8,
    prefixed=True,
    full="model_length",
    id="",
    ids=32,
)
_FAMILIES = {
    "mistral-": _MISTRAL,
    "mistral-2026": replace(
        _MISTRAL,
        serves=SUCCEEDED,
        judges=(
            judges.order,
            judges.last_is_asking,
            judges.tool_results,
            judges.tool_definitions,
            judges.forced_tool,
            judges.successors,
        ),
    ),
    "vllm-": _VLLM,
    "vllm-0.11": replace(_VLLM, version="0.11.0"),
    "vllm-0.12": replace(_VLLM, version="0.12.0"),
    "inline": _VLLM,
    "llamacpp": Rules(
        judges=(judges.orphans, judges.tool_schemas, judges.two_slots),
        formats=("PNG", "JPEG", "GIF"),
        room=room.lax,
        json_only=False,
        any_model=True,
        echoes=False,
        open=frozenset({"/health"}),
        prefixed=True,
        key_header="x-api-key",
        timed=True,
        ids=32,
        call_ids=32,
        health=b'{"status":"ok"}',
    ),
    "transformers": Rules(
        judges=(judges.orphans, judges.forced_tool),
        room=room.lax,
        open=frozenset({"/health"}),
        ids=32,
        health=b'{"status":"ok"}',
    ),
}
_OTHERS = Rules(
    judges=(judges.order, judges.last_is_not_assistant, judges.tool_results),
    room=room.clamped,
)


def of(dialect: Dialect) -> Rules:
    """The rules of the family that the longest beginning of its id names."""
    names = [name for name in _FAMILIES if dialect.id.startswith(name)]
    return _FAMILIES[max(names, key=len)] if names else _OTHERS
