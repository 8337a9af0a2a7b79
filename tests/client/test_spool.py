"""Responses beyond a size are kept in a file, and read like those in memory."""

from __future__ import annotations

import tempfile
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.saved_sessions import PROFILE

from contract.client import spool as module
from contract.client.spool import Spool, SpoolFull
from contract.model.exchange import Arrival, Exchange
from contract.model.probes import SUM_WHOLE
from contract.model.wire import Request

REQUEST = Request("POST", "/v1/chat/completions")
bodies = st.lists(st.binary(max_size=9), max_size=9)


def exchange(*portions):
    arrivals = tuple(Arrival(number / 8, data) for number, data in enumerate(portions))
    return Exchange(
        probe=SUM_WHOLE, profile=PROFILE, request=REQUEST, arrivals=arrivals
    )


@given(portions=st.lists(bodies, min_size=1, max_size=5), in_memory=st.integers(0, 40))
def test_kept_exchanges_are_the_same(portions, in_memory):
    spool = Spool(in_memory)
    given = [exchange(*some) for some in portions]
    kept = [spool.kept(one) for one in given]

    for one, other in zip(kept, given, strict=True):
        assert tuple(one.arrivals) == other.arrivals
        assert (one.size, one.body) == (other.size, other.body)
        assert [*one.arrivals] == [one.arrivals[n] for n in range(len(one.arrivals))]
        assert one.arrivals[1:3] == other.arrivals[1:3]
        assert one == other


def test_small_reads_of_the_file_give_the_same(monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 4)
    given = exchange(b"ab", b"", b"cdefghij", b"k", b"l", b"mnop")

    assert tuple(Spool(0).kept(given).arrivals) == given.arrivals


def test_what_fits_in_memory_stays_there():
    spool = Spool(in_memory=10)
    first, second, third = (exchange(b"x" * 5) for _ in range(3))

    assert spool.kept(first) is first
    assert spool.kept(second) is second
    assert spool.kept(third) is not third


def test_more_than_the_file_may_hold_is_refused():
    spool = Spool(in_memory=0, on_disk=10)
    kept = spool.kept(exchange(b"x" * 9))

    with pytest.raises(SpoolFull, match="more than 10 bytes"):
        spool.kept(exchange(b"xx"))
    assert kept.body == b"x" * 9


def test_a_disk_without_room_is_named(monkeypatch):
    def full(**_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "TemporaryFile", full)

    with pytest.raises(SpoolFull, match=r"No space left on device.*set TMPDIR"):
        Spool(in_memory=0).kept(exchange(b"x"))


def test_nothing_is_left_in_the_folder_for_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = Spool(in_memory=0).kept(exchange(b"x"))

    assert kept.body == b"x"
    assert not [*tmp_path.iterdir()]


def test_threads_do_not_mix_their_bytes():
    spool, found = Spool(in_memory=0), {}

    def keep(number):
        kept = spool.kept(exchange(*[b"%03d" % number] * 50))
        found[number] = kept.body

    threads = [Thread(target=keep, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {number: b"%03d" % number * 50 for number in range(20)}
