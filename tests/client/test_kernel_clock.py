"""Tests of the kernel's receive times on the clock of the recorder."""

from __future__ import annotations

import socket
import struct
import sys
import time

import pytest

from contract.client.kernel_clock import (
    ROOM,
    SO_TIMESTAMPNS,
    TOLERANCE,
    KernelClock,
)

AHEAD = 1_700_000_000_000_000_000  # nanoseconds by which the wall clock is ahead
MS = 1_000_000


class Clocks:
    """Two clocks that advance by a microsecond with each reading."""

    def __init__(self):
        self.now, self.ahead = 5_000_000_000, AHEAD

    def monotonic(self):
        self.now += 1_000
        return self.now

    def wall(self):
        self.now += 1_000
        return self.now + self.ahead

    def pause(self, nanoseconds):
        """The next reading of the wall clock comes late: the thread was paused."""
        wall = self.wall

        def late():
            self.now += nanoseconds
            self.wall = wall
            return wall()

        self.wall = late


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def clock(clocks):
    with KernelClock(lambda: clocks.wall(), clocks.monotonic) as one:  # noqa: PLW0108  # a test replaces it
        yield one


def message(nanoseconds, kind=SO_TIMESTAMPNS):
    data = struct.pack("@ll", *divmod(nanoseconds, 1_000_000_000))
    return (socket.SOL_SOCKET, kind, data)


def test_a_stamp_is_placed_on_the_monotonic_clock(clock, clocks):
    received = clocks.now
    clocks.now += 7 * MS  # the program was busy

    at = clock.arrival([message(received + AHEAD)], 0.0)

    assert at == pytest.approx(received / 1e9, abs=2e-6)
    assert (clock.stamped, clock.unstamped) == (1, 0)


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([], id="none"),
        pytest.param([message(1, kind=29)], id="of-another-kind"),
        pytest.param([(41, SO_TIMESTAMPNS, b"\0" * 16)], id="of-another-level"),
        pytest.param([(socket.SOL_SOCKET, SO_TIMESTAMPNS, b"\0\0")], id="cut"),
        pytest.param([message(0)], id="long-ago"),
        pytest.param([message(5_000_000_000 + AHEAD + 10**12)], id="in-the-future"),
    ],
)
def test_a_read_without_a_plausible_stamp_has_its_own_time(clock, clocks, messages):
    at = clock.arrival(messages, 4.9)

    assert at == pytest.approx(clocks.now / 1e9, abs=1e-4)
    assert (clock.stamped, clock.unstamped) == (0, 1)


@pytest.mark.parametrize("step", [-3_600 * 10**9, -MS, MS, 3_600 * 10**9])
def test_a_clock_that_was_set_is_noticed_and_followed(clock, clocks, step):
    received = clocks.now
    clocks.now += 4 * MS
    clocks.ahead += step
    at = clock.arrival([message(received + AHEAD)], 0.0)

    assert at == pytest.approx(clocks.now / 1e9, abs=1e-4)
    assert clock.unstamped == 1

    received = clocks.now
    clocks.now += 4 * MS
    at = clock.arrival([message(received + clocks.ahead)], 0.0)

    assert at == pytest.approx(received / 1e9, abs=2e-6)
    assert clock.stamped == 1


def test_a_pause_between_two_readings_is_not_taken_for_a_set_clock(clock, clocks):
    received = clocks.now
    clocks.pause(20 * MS)

    at = clock.arrival([message(received + AHEAD)], 0.0)

    assert at == pytest.approx(received / 1e9, abs=2e-6)
    assert clock.stamped == 1


def test_a_stamp_is_never_before_the_earliest_nor_after_now(clock, clocks):
    earliest = (clocks.now + TOLERANCE // 2) / 1e9
    received = clocks.now
    clocks.now += MS
    early = clock.arrival([message(received + AHEAD)], earliest)
    late = clock.arrival([message(clocks.now + TOLERANCE // 2 + AHEAD)], 0.0)

    assert early == pytest.approx(earliest)
    assert late <= clocks.now / 1e9
    assert clock.stamped == 2


def test_closing_twice_does_nothing(clock):
    clock.close()
    clock.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux stamps segments")
def test_the_kernel_stamps_what_a_busy_program_reads_late():
    with KernelClock() as clock:
        one, other = socket.socketpair()  # local sockets give no stamps
        with one, other:
            clock.enable(other)
            one.send(b"x")
            _, messages, _, _ = other.recvmsg(1, ROOM)
            assert clock.arrival(messages, 0.0) <= time.perf_counter()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
            with client, server:
                assert clock.enable(client)
                found = []
                # The first segments may be without: stamping starts a moment later.
                for _ in range(50):
                    before = time.perf_counter()
                    server.send(b"x")
                    after = time.perf_counter()
                    time.sleep(0.002)
                    _, messages, _, _ = client.recvmsg(1, ROOM)
                    if messages:
                        found.append((before, clock.arrival(messages, before), after))

    assert found
    assert all(before <= at for before, at, _ in found)
    # One that was read at once and by itself: no pause was added to any of them.
    assert min(at - after for _, at, after in found) < 0.002
