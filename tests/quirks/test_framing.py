"""Quirks of framing do not change the events of a stream."""

from __future__ import annotations

import json

import pytest

from contract.model.check import Quirk
from contract.model.exchange import DONE
from contract.plugins.discovery import find
from contract.quirks import framing

QUIRKS = [value for value in vars(framing).values() if isinstance(value, Quirk)]


def payloads(exchange):
    """Return the payloads of the events, independent of their framing."""
    return [e.data if e.data == DONE else json.loads(e.data) for e in exchange.events]


@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.id)
def test_payloads_are_the_same(quirk, reply, read):
    before, after = read(reply()), read(quirk.apply(reply()))

    assert before.body != after.body or len(before.arrivals) != len(after.arrivals)
    assert payloads(before) == payloads(after)
    assert () == after.flaws


def test_several_events_in_a_frame_are_not_joined(reply):
    together = framing.events_together.apply(reply())

    assert together == framing.data_in_several_lines.apply(together)


def test_fragments_cut_inside_characters(reply):
    after = framing.events_in_fragments.apply(reply())

    broken = 0
    for frame in after.frames:
        try:
            frame.data.decode()
        except UnicodeDecodeError:
            broken += 1
    assert broken


def test_frames_are_in_order_of_time(reply):
    for quirk in QUIRKS:
        times = [frame.at for frame in quirk.apply(reply()).frames]

        assert times == sorted(times)


def test_there_are_many_quirks():
    assert len(find("quirks", Quirk)) >= 20
