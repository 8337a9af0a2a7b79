"""A response decodes to the same text however a network cuts it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.few import few
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.model.exchange import Arrival
from contract.model.probes import TOOL, UTF8
from contract.model.reply import rehearse
from contract.strategies.cuts import cuts

PROFILES = builtin()


@pytest.mark.parametrize("probe", [UTF8, TOOL], ids=lambda probe: probe.name)
@pytest.mark.parametrize("name", few(PROFILES))
@given(data=st.data())
def test_any_cut_decodes_the_same(name, probe, data):
    profile = PROFILES[name]
    whole = rehearse(mock_reply(profile, probe), probe, profile)
    pieces = data.draw(cuts(whole.body))
    cut = replace(whole, arrivals=tuple(Arrival(0.0, piece) for piece in pieces))

    assert whole.pieces == cut.pieces
    assert [event.data for event in whole.events] == [e.data for e in cut.events]
    assert whole.usage == cut.usage


@given(
    st.binary(max_size=40).flatmap(lambda data: st.tuples(st.just(data), cuts(data)))
)
def test_portions_join_to_the_data(case):
    data, pieces = case

    assert data == b"".join(pieces)
