"""Entries of `logprobs` as llama.cpp writes them: with the ids of the tokens."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import END, Json, Token
from contract.providers.openai_format import logprobs
from contract.tokens import tekken

_CONTROLS = {name: id_.value for id_, name in tekken.NAMES.items()}


def entry(token: Token, wanted: int) -> dict[str, Json]:
    """
    Return the entry of *token* with *wanted* tokens in `top_logprobs`.

    As recorded with b11549, a marker has its name in the entry itself and no text among
    the alternatives; the end of the sequence has no text in either.
    """
    hidden = "" if token.text in _CONTROLS else token.text
    shown = hidden if token.text == END else token.text
    listed = logprobs.entry(replace(token, text=hidden), wanted)
    others = listed.pop("top_logprobs")
    top = [
        {"id": _id(other["token"]), **other}
        for other in (others if isinstance(others, list) else ())
        if isinstance(other, dict)
    ]
    for other in top[:1]:
        other["id"] = _id(token.text)
    return {
        "id": _id(token.text),
        **logprobs.plain(shown, logprobs.CHOSEN),
        "top_logprobs": [*top],
    }


def _id(text: Json) -> int:
    """Return the id of a token: that of a marker, or the first one of a text."""
    known = str(text)
    return _CONTROLS.get(known) or next(iter(tekken.ids(known)), 0)
