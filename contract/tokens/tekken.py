"""
The Tekken vocabulary: texts as tokens, counted, split and spelled, and back.

It is the one mistral-common ships; its file is read without importing that package,
which would take longer than everything else here.
"""

from __future__ import annotations

import base64
import codecs
from collections.abc import Iterable
from enum import IntEnum
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
import tiktoken

from contract.errors import SpecError
from contract.model import think

ORDINARY = 1_000  # ids below are control tokens, the ordinary vocabulary follows
_FILE = "tekken_240911.json"
# Single tokens of low rank, so that cut vocabularies of small models hold them too.
_WORDS = (" the", " of", " and", " to", " in", " that", " is", " for", " on", " with")
_SHORT = 4_096  # characters; longer texts are counted anew, not remembered
_lock = Lock()


class Control(IntEnum):
    """The control tokens of a prompt by their ids; no text can spell them."""

    BEGIN = 1
    END = 2
    USER = 3
    USER_END = 4
    TOOLS = 5
    TOOLS_END = 6
    RESULT = 7
    RESULT_END = 8
    CALL = 9
    IMAGE = 10
    IMAGE_BREAK = 12
    IMAGE_END = 13
    SYSTEM = 17
    SYSTEM_END = 18
    ARGUMENTS = 32
    THINK = 34
    THINK_END = 35


NAMES = {
    Control.BEGIN: "<s>",
    Control.END: "</s>",
    Control.USER: "[INST]",
    Control.USER_END: "[/INST]",
    Control.TOOLS: "[AVAILABLE_TOOLS]",
    Control.TOOLS_END: "[/AVAILABLE_TOOLS]",
    Control.RESULT: "[TOOL_RESULTS]",
    Control.RESULT_END: "[/TOOL_RESULTS]",
    Control.CALL: "[TOOL_CALLS]",
    Control.IMAGE: "[IMG]",
    Control.IMAGE_BREAK: "[IMG_BREAK]",
    Control.IMAGE_END: "[IMG_END]",
    Control.SYSTEM: "[SYSTEM_PROMPT]",
    Control.SYSTEM_END: "[/SYSTEM_PROMPT]",
    Control.ARGUMENTS: "[ARGS]",
    Control.THINK: think.OPEN,
    Control.THINK_END: think.CLOSE,
}


def packaged() -> Any:
    """The vocabulary file of mistral-common: `config` and `vocab`, by rank."""
    spec = find_spec("mistral_common")
    places = spec.submodule_search_locations if spec else None
    path = Path(next(iter(places or ("",)))) / "data" / _FILE
    try:
        return orjson.loads(path.read_bytes())
    except OSError as error:
        raise SpecError(
            f"The Tekken vocabulary {_FILE} is missing ({error}); "
            "reinstall mistral-common."
        ) from error


@cache
def _read_encoding() -> tiktoken.Encoding:
    data = packaged()
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
    return tuple(token + ORDINARY for token in encoding().encode_ordinary(text))


def spelled(token: int) -> bytes:
    """The bytes of one token: a control token's name, an ordinary one's text."""
    tekken = encoding()
    if ORDINARY <= token < tekken.n_vocab + ORDINARY:
        return tekken.decode_single_token_bytes(token - ORDINARY)
    return NAMES.get(token, f"<SPECIAL_{token}>").encode()  # type: ignore[call-overload,no-any-return]  # an IntEnum is an int


def decoded(ids: Iterable[int]) -> str:
    """The text of token *ids*; control tokens stand in it by their names."""
    return b"".join(spelled(token) for token in ids).decode(errors="replace")


def filler(tokens: int) -> str:
    """Text of exactly that many *tokens*: common words, each with a blank before it."""
    whole, rest = divmod(tokens, len(_WORDS))
    return "".join(_WORDS) * whole + "".join(_WORDS[:rest])
