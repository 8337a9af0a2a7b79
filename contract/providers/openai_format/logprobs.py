"""Entries of `logprobs`: a token, its log-probability, its bytes and alternatives."""

from __future__ import annotations

from itertools import islice

from contract.model.chat import Json, Token

# Of the token itself and of its alternatives, by rank: together below 1.
CHOSEN = -0.125
_FIRST = -2.75
ALTERNATIVES = '"}]:,.;!?-(/*#=+<>@&'


def entry(token: Token, wanted: int) -> dict[str, Json]:
    """Return the entry of *token* with *wanted* tokens in `top_logprobs`."""
    others = (text for text in ALTERNATIVES if text != token.text)
    top = [(token.text, CHOSEN)]
    top += ((text, _FIRST - rank) for rank, text in enumerate(others))
    return {
        **plain(token.text, CHOSEN),
        "top_logprobs": [plain(text, value) for text, value in islice(top, wanted)],
    }


def plain(text: str, logprob: float) -> dict[str, Json]:
    """Return one token with its log-probability."""
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}
