"""The /tokenize and /detokenize endpoints of vLLM."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contract.model.chat import Json
from contract.model.probe import Probe
from contract.model.rejection import Rejection
from contract.model.rules import BodyEndpoint
from contract.providers.openai_format.schema_rejection import schema_rejection
from contract.providers.openai_format.tokenize import (
    detokenize_as,
    json_object,
    missing,
    printable,
)
from contract.schema import openapi
from contract.tokens import counting, tekken

detokenize = detokenize_as("prompt")


def tokenize_with(parse: Callable[[Mapping[str, Json]], Probe]) -> BodyEndpoint:
    """Return the endpoint for a `prompt`, or for `messages` that *parse* decodes."""

    def tokenize(body: bytes, window: int) -> Json | Rejection:
        value = json_object(body)
        if isinstance(value, Rejection):
            return value
        prompt, messages = value.get("prompt"), value.get("messages")
        schema = "VllmTokenizeChat" if prompt is None else "VllmTokenizePrompt"
        given = prompt is not None or messages
        if given and not openapi.accepts(schema, dict(value)):
            return schema_rejection(schema, dict(value))
        if isinstance(prompt, str):
            begin = (tekken.Control.BEGIN.value,)
            added = begin if value.get("add_special_tokens") is not False else ()
            ids = added + tekken.ids(prompt)
        elif isinstance(messages, list) and messages:
            ids = counting.prompt_ids(parse(value))
        else:
            return missing("prompt")
        shown = value.get("return_token_strs") is True
        return {
            "count": len(ids),
            "max_model_len": window,
            "tokens": list(ids),
            "token_strs": [printable(token) for token in ids] if shown else None,
        }

    return tokenize
