"""
Exact Tekken v13 token counts: texts, images and whole prompts, as Magistral has them.

The vocabulary is the one mistral-common ships; its file is read without importing
that package, which would take longer than everything else here.
"""

from __future__ import annotations

import base64
import codecs
import io
import json
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from threading import Lock

import orjson
import tiktoken
from PIL import Image as Pillow

from contract.chat import Image, Json, Message, Part, Probe, Text, Thinking, Tool
from contract.errors import SpecError

CELL = 28  # pixels a side that become one token: patches of 14, merged 2 by 2
LONGEST = 1_540  # pixels; a longer side is shrunk to it, keeping the ratio
CONTROL = 1_000  # ids below are control tokens, the ordinary vocabulary follows
_FILE = "tekken_240911.json"
_JOINT = "\n\n"
# Single tokens of low rank, so that cut vocabularies of small models hold them too.
_WORDS = (" the", " of", " and", " to", " in", " that", " is", " for", " on", " with")
_SHORT = 4_096  # characters; longer texts are counted anew, not remembered
_lock = Lock()


@cache
def _read_encoding() -> tiktoken.Encoding:
    spec = find_spec("mistral_common")
    places = spec.submodule_search_locations if spec else None
    path = Path(next(iter(places or ("",)))) / "data" / _FILE
    try:
        data = orjson.loads(path.read_bytes())
    except OSError as error:
        raise SpecError(
            f"The Tekken vocabulary {_FILE} is missing ({error}); "
            "reinstall mistral-common."
        ) from error
    config = data["config"]
    ranks = config["default_vocab_size"] - config["default_num_special_tokens"]
    return tiktoken.Encoding(
        name="tekken",
        pat_str=config["pattern"],
        mergeable_ranks={
            base64.b64decode(entry["token_bytes"]): entry["rank"]
            for entry in data["vocab"][:ranks]
        },
        special_tokens={},
    )


def encoding() -> tiktoken.Encoding:
    """The ordinary tokens of Tekken, loaded once; control tokens are no part of it."""
    with _lock:
        return _read_encoding()


def text(text: str) -> int:
    """Tokens of *text*; control tokens spelled in it are ordinary text."""
    return _short(text) if len(text) <= _SHORT else _count(text)


def _count(text: str) -> int:
    return len(encoding().encode_ordinary(text))


_short = lru_cache(maxsize=4_096)(_count)


def steps(text: str) -> tuple[str, ...]:
    """
    What each token of *text* adds to it; joined they are *text* again.

    A character that spans several tokens comes whole with its last one, which is
    how engines stream it; the tokens before add nothing.
    """
    return _short_steps(text) if len(text) <= _SHORT else _steps(text)


def _steps(text: str) -> tuple[str, ...]:
    tekken = encoding()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    return tuple(
        decoder.decode(tekken.decode_single_token_bytes(token))
        for token in tekken.encode_ordinary(text)
    )


_short_steps = lru_cache(maxsize=1_024)(_steps)


def pieces(text: str) -> list[str]:
    """*text* in the runs that an engine streams, one for most tokens."""
    return [step for step in steps(text) if step]


def ids(text: str) -> tuple[int, ...]:
    """The token ids of *text* in the whole vocabulary; never a control token's."""
    return tuple(token + CONTROL for token in encoding().encode_ordinary(text))


def decoded(ids: Iterable[int]) -> str:
    """The text of token *ids*; control tokens and unknown ids are left out."""
    tekken = encoding()
    ordinary = (token - CONTROL for token in ids)
    return tekken.decode([rank for rank in ordinary if 0 <= rank < tekken.n_vocab])


def filler(tokens: int) -> str:
    """Text of exactly that many *tokens*: common words, each with a blank before it."""
    whole, rest = divmod(tokens, len(_WORDS))
    return "".join(_WORDS) * whole + "".join(_WORDS[:rest])


def image(width: int, height: int) -> int:
    """Tokens of an image of that size in pixels, row breaks and end included."""
    ratio = max(width / LONGEST, height / LONGEST)
    if ratio > 1:
        # An extreme ratio would otherwise round the shorter side to nothing.
        width = max(round(width / ratio), 1)
        height = max(round(height / ratio), 1)
    return ((width - 1) // CELL + 2) * ((height - 1) // CELL + 1)


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


def prompt(probe: Probe) -> int:
    """
    Tokens of the prompt that *probe*'s messages and tools make, as v13 lays it out.

    `<s>`, then `[SYSTEM_PROMPT]…[/SYSTEM_PROMPT]`, `[INST]…[/INST]`, assistant turns
    closed by `</s>`, `[TOOL_CALLS]name[ARGS]…` and `[TOOL_RESULTS]…[/TOOL_RESULTS]`;
    tools stand before the first user turn. Neighbours of one role are one turn.
    """
    count = 1
    tools = _tools(probe.options.tools)
    for role, group in groupby(probe.messages, key=lambda message: message.role):
        turn = tuple(group)
        if role == "user":
            count += tools + 2 + _parts(_joined(turn))
            tools = 0
        elif role == "assistant":
            count += _assistant(turn)
        else:  # system messages and tool results are not joined
            count += sum(2 + _parts(_joined((message,))) for message in turn)
    return count


def _assistant(turn: tuple[Message, ...]) -> int:
    parts = _joined(turn)
    if len(parts) == 1 and isinstance(parts[0], Text):
        parts = (Text(parts[0].text.rstrip(" ")),)
    calls = sum(
        2 + text(call.name) + text(_arguments(call.arguments))
        for message in turn
        for call in message.tool_calls
    )
    closed = not any(message.prefix for message in turn)
    return _parts(parts) + calls + closed


def _arguments(spelled: str) -> str:
    """Arguments as the template writes them: re-spelled JSON, or a JSON string."""
    try:
        value = json.loads(spelled or "{}")
    except ValueError:
        value = spelled
    return json.dumps(value, ensure_ascii=False)


def _tools(tools: tuple[Tool, ...]) -> int:
    if not tools:
        return 0
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
    return 2 + text(json.dumps(spelled, ensure_ascii=False))


def _parts(parts: Iterable[Part]) -> int:
    count = 0
    for part in parts:
        if isinstance(part, Text):
            count += text(part.text)
        elif isinstance(part, Thinking):
            count += 1 + text(part.text) + part.closed
        else:
            count += _picture(part)
    return count


def _picture(part: Image) -> int:
    found = size(part.data)
    return image(*found) if found else 0


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
