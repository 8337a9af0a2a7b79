"""`/tokenize` and `/detokenize` as vLLM and llama.cpp answer them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from contract import spec, tekken, tokens
from contract.chat import Json
from contract.dialects.base import Dialect, Problem, Trouble
from contract.server.understanding import unreadable, violation

Answering = Callable[[bytes, Dialect, int], Json | Problem]
_IDS = 131_072  # the size of the vocabulary


def tokenized(body: bytes, dialect: Dialect, window: int) -> Json | Problem:
    """The token ids of a text, or at vLLM of the prompt that messages make."""
    value = _object(body)
    if isinstance(value, Problem):
        return value
    if dialect.id.startswith("llamacpp"):
        return _pieces(value)
    prompt, messages = value.get("prompt"), value.get("messages")
    schema = "VllmTokenizeChat" if prompt is None else "VllmTokenizePrompt"
    if (prompt is not None or messages) and not spec.accepts(schema, dict(value)):
        return violation(schema, dict(value))
    if isinstance(prompt, str):
        begin = (tekken.Control.BEGIN.value,)
        added = begin if value.get("add_special_tokens") is not False else ()
        ids = added + tekken.ids(prompt)
    elif isinstance(messages, list) and messages:
        ids = tokens.prompt_ids(dialect.parse(value))
    else:
        return _missing("prompt")
    shown = value.get("return_token_strs") is True
    return {
        "count": len(ids),
        "max_model_len": window,
        "tokens": list(ids),
        "token_strs": [_shown(token) for token in ids] if shown else None,
    }


def _pieces(value: Mapping[str, Json]) -> Json | Problem:
    """llama.cpp's answer: what is no text has no tokens."""
    content = value.get("content", "")
    if not isinstance(content, str):
        return violation("LlamacppTokenize", dict(value))
    ids = tekken.ids(content)
    if value.get("add_special") is True:
        ids = (tekken.Control.BEGIN.value, *ids)
    if value.get("with_pieces") is not True:
        return {"tokens": list(ids)}
    return {"tokens": [{"id": token, "piece": _shown(token)} for token in ids]}


def detokenized(body: bytes, dialect: Dialect, _window: int) -> Json | Problem:
    """The text of token ids, control tokens by their names."""
    value = _object(body)
    if isinstance(value, Problem):
        return value
    ids = value.get("tokens")
    if not isinstance(ids, list):
        return _missing("tokens")
    known = [token for value in ids if (token := _id(value)) is not None]
    if len(known) < len(ids):
        message = "tokens must be ids of the vocabulary"
        return Problem(trouble=Trouble.SCHEMA, message=message, pointer="/tokens")
    name = "content" if dialect.id.startswith("llamacpp") else "prompt"
    return {name: tekken.decoded(known)}


def _id(value: Json) -> int | None:
    """*value* as an id of the vocabulary; 5.0 is the integer 5 in JSON."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return int(value) if value == int(value) and 0 <= value < _IDS else None


def _object(body: bytes) -> Mapping[str, Json] | Problem:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return unreadable(body, error)
    if isinstance(value, dict):
        return value
    return Problem(
        trouble=Trouble.SCHEMA, message="an object was expected", keyword="type"
    )


def _missing(name: str) -> Problem:
    return Problem(
        trouble=Trouble.SCHEMA,
        message=f"{name} is required",
        pointer=f"/{name}",
        keyword="required",
    )


def _shown(token: int) -> str:
    return tekken.spelled(token).decode(errors="replace")


PATHS: Mapping[str, Answering] = {"/tokenize": tokenized, "/detokenize": detokenized}
