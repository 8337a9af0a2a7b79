"""The recorded exchanges of an engine, and the mock's answers beside them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from contract.catalog.profiles import builtin
from contract.mock_server.provider import MockProvider
from contract.model.chat import PieceKind
from contract.model.reply import rehearse
from contract.run.recording import load

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDED = FIXTURES / "exchanges"
RELEASES = FIXTURES / "releases"
# The recording lacks a part of these exchanges that the mock would produce.
NOT_COMPARED = {
    "head": "the server, not the mock, omits the body",
    "abandoned": "the client closed the connection early",
    "left-behind": "the client closed the connection early",
    "text-about-canary": "the address of the canary is not recorded",
}


@cache
def recorded_exchanges(engine):
    """By the name of the probe: the engine's exchanges, the mock's beside them."""
    folder = RELEASES / engine if (RELEASES / engine).is_dir() else RECORDED / engine
    recording = load(folder, builtin())[0]
    dialect, window = recording.profile.dialect, recording.profile.context_window
    opened = MockProvider(dialect, context_window=window)
    closed = MockProvider(dialect, context_window=window, api_key="sk-test-1")
    found = {}
    for real in recording.exchanges.values():
        # The recorded key is blanked: what it opened is asked without.
        provider = closed if real.status == 401 else opened
        mock = rehearse(provider.reply(real.request), real.probe, real.profile)
        found.setdefault(real.probe.name, []).append((real, mock))
    return found


def recorded_names(engine):
    """The probes whose answers can be compared."""
    return sorted(set(recorded_exchanges(engine)) - set(NOT_COMPARED))


def reason_not_compared(known, name):
    """Why *name* is among the *known*, by its beginning; empty when it is not."""
    return next((why for start, why in known.items() if name.startswith(start)), "")


def output_of(exchange):
    """What every choice says, by kind, and the names of the tools."""
    choices = range(len(exchange.finishes))
    said = [exchange.text_of(kind, choice) for kind in PieceKind for choice in choices]
    return said, [piece.call.name for piece in exchange.pieces if piece.call]
