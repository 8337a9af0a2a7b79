"""
The Tekken vocabulary: encoding, counting and decoding of texts.

The vocabulary file is that of mistral-common. It is read without importing the
package, which would take longer than all the rest.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import orjson
import tiktoken

from contract.errors import CannotJudge, SpecError, fenced
from contract.files.derived import derived
from contract.model import think

ORDINARY = 1_000  # the first id of the ordinary vocabulary; below are control tokens
_FILE = "tekken_240911.json"
# Single tokens of low rank, which reduced vocabularies of small models contain too.
_WORDS = (" the", " of", " and", " to", " in", " that", " is", " for", " on", " with")
_SHORT = 4_096  # characters; results for longer texts are not cached
# Characters; a longer text is encoded in portions of about this size, because its
# tokens, all at once, would take some forty times its own memory.
_PORTION = 65_536
_LONGEST = 2**22  # characters without a place at which the text can be divided
# The white space of Unicode without line breaks, as `\s` of the pattern has it.
_BLANK = (
    "\\t\\x0b\\x0c \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
)
# A piece of the pattern that has a letter or a digit has nothing but letters and marks
# after it. So the text can be divided between these letters and these characters.
_LETTER = "A-Za-z0-9\u0410-\u044f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
_DIVIDE = re.compile(f"[{_LETTER}][\\s!-/:-@\\[-`{{-~\u3001\u3002]")
_lock = Lock()


class Control(IntEnum):
    """The control tokens of a prompt by their ids; no text encodes to them."""

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


def vocabulary_file() -> Any:
    """
    Return the vocabulary file of mistral-common: `config`, and `vocab` by rank.

    Raises `SpecError` when it is not installed.
    """
    try:
        return orjson.loads(_path().read_bytes())
    except OSError as error:
        raise SpecError(
            f"The Tekken vocabulary {_FILE} is missing ({error}); "
            "reinstall mistral-common."
        ) from error


def _path() -> Path:
    spec = find_spec("mistral_common")
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places or ("",)))) / "data" / _FILE


def _ordinary() -> tuple[str, dict[bytes, int]]:
    """Return the pattern that splits text, and the ordinary tokens with their ranks."""
    data = vocabulary_file()
    config = data["config"]
    ranks = config["default_vocab_size"] - config["default_num_special_tokens"]
    decode = binascii.a2b_base64  # base64.b64decode is five times slower around it
    return config["pattern"], {
        decode(entry["token_bytes"]): entry["rank"] for entry in data["vocab"][:ranks]
    }


@cache
def _read_encoding() -> tiktoken.Encoding:
    pattern, ranks = derived(_path(), __file__, _ordinary)
    return tiktoken.Encoding(
        name="tekken", pat_str=pattern, mergeable_ranks=ranks, special_tokens={}
    )


def encoding() -> tiktoken.Encoding:
    """Return the encoding of Tekken without control tokens, loaded once."""
    with _lock:
        return _read_encoding()


@cache
def _runs_of_blanks(length: int) -> re.Pattern[str]:
    return re.compile(f"(?<![{_BLANK}])[{_BLANK}]{{{length},}}")


@cache
def _read_blank_encoding() -> tiktoken.Encoding:
    _, ranks = derived(_path(), __file__, _ordinary)
    blank = re.compile(f"[{_BLANK}]*")
    return tiktoken.Encoding(
        name="tekken-blank",
        pat_str=r"(?s).+",
        mergeable_ranks={
            token: rank
            for token, rank in ranks.items()
            if len(token) == 1 or blank.fullmatch(token.decode(errors="ignore"))
        },
        special_tokens={},
    )


def _blank_encoding() -> tiktoken.Encoding:
    """
    Return an encoding that takes a whole text for one piece, for white space only.

    The pattern of Tekken looks ahead at the end of a run of white space. tiktoken's
    regex engine keeps a state for each character of the run, and panics at a million.
    """
    with _lock:
        return _read_blank_encoding()


def _encoded(text: str) -> Iterator[list[int]]:
    """
    Yield the tokens of *text* in portions.

    Raises `CannotJudge` if it has millions of characters that cannot be divided.
    """
    if len(text) <= _PORTION:
        with fenced():
            yield encoding().encode_ordinary(text)
        return
    done = 0
    for blank in _runs_of_blanks(_PORTION).finditer(text):
        start, end = blank.span()
        if text[end : end + 1] in {"\n", "\r"}:
            continue  # The pattern joins them with the line break, and looks at no more
        # The last one of a run belongs to the text after it.
        end -= end < len(text)
        yield from _portions(encoding(), text, done, start)
        yield from _portions(_blank_encoding(), text, start, end)
        done = end
    yield from _portions(encoding(), text, done, len(text))


def _portions(
    tekken: tiktoken.Encoding, text: str, start: int, end: int
) -> Iterator[list[int]]:
    while start < end:
        found = _DIVIDE.search(text, start + _PORTION, end)
        stop = end if found is None else found.start() + 1
        if stop - start > _LONGEST:
            raise CannotJudge(
                f"cannot be judged: its tokens are not counted, because it has "
                f"{stop - start} characters in a row that cannot be divided, and the "
                f"limit is {_LONGEST}"
            )
        with fenced():
            yield tekken.encode_ordinary(text[start:stop])
        start = stop


def count_text(text: str) -> int:
    """
    Return the number of tokens of *text*; markers in it are ordinary text.

    Raises `CannotJudge` if *text* has millions of characters that cannot be divided.
    """
    return _short(text) if len(text) <= _SHORT else _count(text)


def _count(text: str) -> int:
    return sum(map(len, _encoded(text)))


_short = lru_cache(maxsize=4_096)(_count)


def token_texts(text: str) -> tuple[str, ...]:
    """
    Return the text that each token of *text* adds; joined they are *text* again.

    A character of several tokens belongs to the last of them, as engines stream it;
    the tokens before it add nothing.
    """
    return _short_steps(text) if len(text) <= _SHORT else _steps(text)


def _steps(text: str) -> tuple[str, ...]:
    tekken = encoding()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    return tuple(
        decoder.decode(tekken.decode_single_token_bytes(token))
        for tokens in _encoded(text)
        for token in tokens
    )


_short_steps = lru_cache(maxsize=1_024)(_steps)


def pieces(text: str) -> list[str]:
    """Return *text* in the portions that an engine streams, one for most tokens."""
    return [step for step in token_texts(text) if step]


def ids(text: str) -> tuple[int, ...]:
    """Return the token ids of *text* in the whole vocabulary, never a control token."""
    return tuple(token + ORDINARY for tokens in _encoded(text) for token in tokens)


def token_bytes(token: int) -> bytes:
    """Return the bytes of a token: the text, or the name of a control token."""
    tekken = encoding()
    if ORDINARY <= token < tekken.n_vocab + ORDINARY:
        return tekken.decode_single_token_bytes(token - ORDINARY)
    return NAMES.get(token, f"<SPECIAL_{token}>").encode()  # type: ignore[call-overload,no-any-return]  # an IntEnum is an int


def decoded(ids: Iterable[int]) -> str:
    """Return the text of token *ids*; control tokens appear by their names."""
    return b"".join(token_bytes(token) for token in ids).decode(errors="replace")


def filler(tokens: int) -> str:
    """Return a text of exactly *tokens* tokens: common words, each after a space."""
    whole, rest = divmod(tokens, len(_WORDS))
    return "".join(_WORDS) * whole + "".join(_WORDS[:rest])
