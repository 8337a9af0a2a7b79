"""Entries of `logprobs` as mistralai 3.7.0 reads them: with the ids of the tokens."""

from __future__ import annotations

from contract.model.chat import Json, Token
from contract.providers.openai_format import logprobs
from contract.tokens import tekken

_CONTROLS = {name: id_.value for id_, name in tekken.NAMES.items()}


def entry(token: Token, wanted: int) -> dict[str, Json]:
    """Return the entry of *token* with *wanted* tokens in `top_logprobs`."""
    found = logprobs.entry(token, wanted)
    others = found.pop("top_logprobs")
    top = [
        {**other, "token_id": _id(str(other["token"]))}
        for other in (others if isinstance(others, list) else ())
        if isinstance(other, dict)
    ]
    return {**found, "token_id": _id(token.text), "top_logprobs": [*top]}


def _id(text: str) -> int:
    """Return the id of a control token, or the first one of a text."""
    return _CONTROLS.get(text) or next(iter(tekken.ids(text)), 0)
