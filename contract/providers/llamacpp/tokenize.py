"""The /tokenize and /detokenize endpoints of llama.cpp's server."""

from __future__ import annotations

from contract.model.chat import Json
from contract.model.rejection import Rejection
from contract.providers.openai_format.schema_rejection import schema_rejection
from contract.providers.openai_format.tokenize import (
    detokenize_as,
    json_object,
    printable,
)
from contract.tokens import tekken

detokenize = detokenize_as("content")


def tokenize(body: bytes, _window: int) -> Json | Rejection:
    """Return the token ids of `content`; a body without it has no tokens."""
    value = json_object(body)
    if isinstance(value, Rejection):
        return value
    content = value.get("content", "")
    if not isinstance(content, str):
        return schema_rejection("LlamacppTokenize", dict(value))
    ids = tekken.ids(content)
    if value.get("add_special") is True:
        ids = (tekken.Control.BEGIN.value, *ids)
    if value.get("with_pieces") is not True:
        return {"tokens": list(ids)}
    return {"tokens": [{"id": token, "piece": printable(token)} for token in ids]}
