"""Exact Tekken v13 token counts of texts, images and whole prompts."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import groupby

from PIL import Image as Pillow

from contract.model.chat import (
    Json,
    Message,
    Part,
    Probe,
    Text,
    Thinking,
    Tool,
)
from contract.tokens.patch_grid import (
    mistral_grid,
    token_cost,
)
from contract.tokens.tekken import (
    Control,
    filler,
    ids,
    pieces,
    text,
)

__all__ = ["filler", "image", "pieces", "prompt", "prompt_ids", "size", "text"]

Cells = Callable[[int, int], tuple[int, int]]
_JOINT = "\n\n"
_MARKS = {
    "system": (Control.SYSTEM, Control.SYSTEM_END),
    "tool": (Control.RESULT, Control.RESULT_END),
}
# A prompt is a row of control tokens, texts, and images by their size in pixels.
Segment = Control | str | tuple[int, int]


def image(width: int, height: int) -> int:
    """Tokens of an image of that size in pixels, row breaks and end included."""
    return token_cost(mistral_grid(width, height))


@lru_cache(maxsize=64)
def size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, from the header alone; None when it is no image."""
    try:
        with Pillow.open(io.BytesIO(data)) as picture:
            return picture.size
    except (
        OSError,
        ValueError,
        SyntaxError,
        Pillow.DecompressionBombError,
        Pillow.DecompressionBombWarning,
    ):
        return None


def prompt(probe: Probe, cells: Cells = mistral_grid) -> int:
    """
    Tokens of the prompt that *probe*'s messages and tools make, as v13 lays it out.

    `<s>`, then `[SYSTEM_PROMPT]…[/SYSTEM_PROMPT]`, `[INST]…[/INST]`, assistant turns
    closed by `</s>`, `[TOOL_CALLS]name[ARGS]…` and `[TOOL_RESULTS]…[/TOOL_RESULTS]`;
    tools stand before the first user turn. Neighbours of one role are one turn.
    *cells* says into how many columns and rows an image of some size is cut.
    """
    count = 0
    for segment in _layout(probe):
        if isinstance(segment, Control):
            count += 1
        elif isinstance(segment, str):
            count += text(segment)
        else:
            count += token_cost(cells(*segment))
    return count


def prompt_ids(probe: Probe) -> tuple[int, ...]:
    """
    The token ids of that prompt.

    The ids of control tokens are those of the vocabulary's template; a released
    model's file may number the thinking and tool tokens otherwise.
    """
    found: list[int] = []
    for segment in _layout(probe):
        if isinstance(segment, Control):
            found.append(segment.value)
        elif isinstance(segment, str):
            found += ids(segment)
        else:
            found += _grid(*segment)
    return tuple(found)


def _grid(width: int, height: int) -> list[int]:
    columns, rows = mistral_grid(width, height)
    row = [Control.IMAGE.value] * columns + [Control.IMAGE_BREAK.value]
    return [*(row * rows)[:-1], Control.IMAGE_END.value]


def _layout(probe: Probe) -> Iterator[Segment]:
    yield Control.BEGIN
    tools = probe.options.tools
    for role, group in groupby(probe.messages, key=lambda message: message.role):
        turn = tuple(group)
        if role == "user":
            yield from _tools(tools)
            tools = ()
            yield from _between(Control.USER, _joined(turn), Control.USER_END)
        elif role == "assistant":
            yield from _assistant(turn)
        else:  # system messages and tool results are not joined
            begin, end = _MARKS[role]
            for message in turn:
                yield from _between(begin, _joined((message,)), end)


def _between(begin: Control, parts: Iterable[Part], end: Control) -> Iterator[Segment]:
    yield begin
    yield from _parts(parts)
    yield end


def _assistant(turn: tuple[Message, ...]) -> Iterator[Segment]:
    parts = _joined(turn)
    if len(parts) == 1 and isinstance(parts[0], Text):
        parts = (Text(parts[0].text.rstrip(" ")),)
    yield from _parts(parts)
    for message in turn:
        for call in message.tool_calls:
            yield Control.CALL
            yield call.name
            yield Control.ARGUMENTS
            yield _arguments(call.arguments)
    if not any(message.prefix for message in turn):
        yield Control.END


def _arguments(spelled: str) -> str:
    """Arguments as the template writes them: re-spelled JSON, or a JSON string."""
    try:
        value = json.loads(spelled or "{}")
    except ValueError:
        value = spelled
    return json.dumps(value, ensure_ascii=False)


def _tools(tools: tuple[Tool, ...]) -> Iterator[Segment]:
    if not tools:
        return
    spelled: list[Json] = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": json.loads(tool.parameters),
            },
        }
        for tool in tools
    ]
    yield Control.TOOLS
    yield json.dumps(spelled, ensure_ascii=False)
    yield Control.TOOLS_END


def _parts(parts: Iterable[Part]) -> Iterator[Segment]:
    for part in parts:
        if isinstance(part, Text):
            yield part.text
        elif isinstance(part, Thinking):
            yield Control.THINK
            yield part.text
            if part.closed:
                yield Control.THINK_END
        elif found := size(part.data):
            yield found


def _joined(turn: Iterable[Message]) -> tuple[Part, ...]:
    """
    The parts of a turn with its neighbouring texts run together.

    Between two texts stands a blank line, no matter whether one message or two held
    them; empty texts count for nothing.
    """
    parts: list[Part] = []
    for part in _filled(turn):
        last = parts[-1] if parts else None
        if isinstance(part, Text) and isinstance(last, Text):
            parts[-1] = Text(last.text + _JOINT + part.text)
        else:
            parts.append(part)
    return tuple(parts)


def _filled(turn: Iterable[Message]) -> Iterator[Part]:
    for message in turn:
        for part in message.parts:
            if not isinstance(part, Text) or part.text:
                yield part
