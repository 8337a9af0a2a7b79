"""The /slots endpoint of llama-server."""

from __future__ import annotations

from contract.model.chat import Json

_SLOTS = 4  # llama-server's default


def slots(running: int, _model: str, window: int) -> Json:
    """
    Return the slots of llama-server, the first *running* of them busy.

    *window* is the context window in tokens, which the slots share.
    """
    count = max(_SLOTS, running)
    return [
        {
            "id": number,
            "n_ctx": window // count,
            "speculative": False,
            "is_processing": number < running,
        }
        for number in range(count)
    ]
