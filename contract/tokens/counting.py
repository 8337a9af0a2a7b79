"""Exact Tekken v13 token counts of texts, images and whole prompts."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import groupby

from PIL import Image as Pillow

from contract.model.chat import Json, Message, Part, Text, Thinking, Tool
from contract.model.probe import Probe
from contract.tokens.patch_grid import mistral_grid, token_cost
from contract.tokens.tekken import Control, count_text, filler, ids, pieces

__all__ = ["count_text", "filler", "image", "pieces", "prompt", "prompt_ids", "size"]

PatchGrid = Callable[[int, int], tuple[int, int]]
"""(width, height) of an image in pixels -> (columns, rows) of its patch grid."""

_SEPARATOR = "\n\n"
_MARKERS = {
    "system": (Control.SYSTEM, Control.SYSTEM_END),
    "tool": (Control.RESULT, Control.RESULT_END),
}
# A prompt is a sequence of control tokens, texts, and images as (width, height).
Segment = Control | str | tuple[int, int]


def image(width: int, height: int) -> int:
    """Return the tokens of an image of that size in pixels, with breaks and end."""
    return token_cost(mistral_grid(width, height))


@lru_cache(maxsize=64)
def size(data: bytes) -> tuple[int, int] | None:
    """
    Return width and height in pixels of an encoded image, from its header alone.

    None when *data* is not an image that can be identified.
    """
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


def prompt(probe: Probe, patch_grid: PatchGrid = mistral_grid) -> int:
    """
    Return the tokens of the prompt of *probe* in the layout of Tekken v13.

    The layout is `<s>`, then `[SYSTEM_PROMPT]…[/SYSTEM_PROMPT]`, `[INST]…[/INST]`,
    assistant turns closed by `</s>`, `[TOOL_CALLS]name[ARGS]…` and
    `[TOOL_RESULTS]…[/TOOL_RESULTS]`; tools precede the first user turn. Neighbouring
    messages of one role are one turn. *patch_grid* gives the columns and rows of an
    image.
    """
    count = 0
    for segment in _layout(probe):
        if isinstance(segment, Control):
            count += 1
        elif isinstance(segment, str):
            count += count_text(segment)
        else:
            count += token_cost(patch_grid(*segment))
    return count


def prompt_ids(probe: Probe) -> tuple[int, ...]:
    """
    Return the token ids of the prompt of *probe*.

    The ids of control tokens are those of the vocabulary's template; the file of a
    released model may number the thinking and tool tokens differently.
    """
    tokens: list[int] = []
    for segment in _layout(probe):
        if isinstance(segment, Control):
            tokens.append(segment.value)
        elif isinstance(segment, str):
            tokens += ids(segment)
        else:
            tokens += _image_ids(*segment)
    return tuple(tokens)


def _image_ids(width: int, height: int) -> list[int]:
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
            yield from _enclosed(Control.USER, _joined(turn), Control.USER_END)
        elif role == "assistant":
            yield from _assistant(turn)
        else:  # system messages and tool results are not joined
            begin, end = _MARKERS[role]
            for message in turn:
                yield from _enclosed(begin, _joined((message,)), end)


def _enclosed(begin: Control, parts: Iterable[Part], end: Control) -> Iterator[Segment]:
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


def _arguments(text: str) -> str:
    """Return arguments as the template writes them: JSON, or text as a JSON string."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        value = text
    return json.dumps(value, ensure_ascii=False)


def _tools(tools: tuple[Tool, ...]) -> Iterator[Segment]:
    if not tools:
        return
    definitions: list[Json] = [
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
    yield json.dumps(definitions, ensure_ascii=False)
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
    Return the parts of a turn with its neighbouring texts joined by a blank line.

    It makes no difference whether two texts are in one message or in two; empty texts
    are ignored.
    """
    parts: list[Part] = []
    for part in _nonempty_parts(turn):
        last = parts[-1] if parts else None
        if isinstance(part, Text) and isinstance(last, Text):
            parts[-1] = Text(last.text + _SEPARATOR + part.text)
        else:
            parts.append(part)
    return tuple(parts)


def _nonempty_parts(turn: Iterable[Message]) -> Iterator[Part]:
    for message in turn:
        for part in message.parts:
            if not isinstance(part, Text) or part.text:
                yield part
