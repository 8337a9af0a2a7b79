"""An interrupt at any moment ends what waits, and leaves no lock taken."""

from __future__ import annotations

import contextlib
import signal
import threading

import pytest

from contract.catalog.profiles import builtin
from contract.client.throttle import Throttle
from contract.client.timeouts import Limits, Watchdog
from contract.model.exchange import Exchange
from contract.model.probes import HELLO
from contract.model.wire import Request

TRIALS = 400
SOONEST = 20e-6  # seconds until the first interrupt; each later one takes longer
STUCK = 3.0  # seconds after which a thread counts as waiting for ever
BRIEF = Limits(first_byte=2 * STUCK, between=2 * STUCK, total=2 * STUCK)
ANSWERED = Exchange(
    probe=HELLO, profile=builtin()["vllm-0.16"], request=Request("GET", "/"), status=200
)

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="Windows interrupts in another way"
)


@pytest.fixture
def interrupted():
    """`interrupted(action, trial)`: *action* repeated until an interrupt ends it."""

    def interrupt(*_):
        raise KeyboardInterrupt

    def run(action, trial):
        with contextlib.suppress(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, SOONEST * (1 + trial % 100))
            while True:
                action()

    before = signal.signal(signal.SIGALRM, interrupt)
    yield run
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def ends(action):
    """Whether *action* ends soon in a thread of its own."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(STUCK)
    return not thread.is_alive()


def test_a_watch_can_be_stopped(interrupted):
    for trial in range(TRIALS):
        watchdog = Watchdog(BRIEF, total_only=False)
        watchdog.__enter__()

        def action(watchdog=watchdog):
            watchdog.sent()
            watchdog.arrived()

        interrupted(action, trial)

        assert ends(watchdog.stop), trial
        watchdog.__exit__(None, None, None)


def test_a_throttle_can_be_closed(interrupted):
    for trial in range(TRIALS):
        throttle = Throttle(budget=1.0)
        interrupted(lambda throttle=throttle: throttle.send(lambda: ANSWERED), trial)

        assert ends(throttle.close), trial
