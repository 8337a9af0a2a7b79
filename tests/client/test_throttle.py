"""The throttle: repeats, the budget, and the number of requests in flight."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract.catalog.profiles import builtin
from contract.client import throttle as module
from contract.client.throttle import MOST_IN_VAIN, MOST_REPEATS, Throttle
from contract.errors import UsageError
from contract.model.exchange import Exchange
from contract.model.probes import HELLO
from contract.model.wire import Request

SHORT = "0.01"  # seconds
LONG = "50"


@pytest.fixture(autouse=True)
def _short_backoff(monkeypatch):
    monkeypatch.setattr(module, "BACKOFF", 0.001)


def until_waiting(throttle):
    """Return once *throttle* holds a request back; fail after ten seconds."""
    end = time.monotonic() + 10
    while not throttle.seconds:
        assert time.monotonic() < end
        time.sleep(0.001)


def answer(status=200, retry_after=None):
    return Exchange(
        probe=HELLO,
        profile=builtin()["vllm-0.32"],
        request=Request("POST", "/v1/chat/completions"),
        status=status,
        headers=() if retry_after is None else (("retry-after", retry_after),),
    )


OK, LIMITED, SOON, LATE = (
    answer(),
    answer(429),
    answer(429, SHORT),
    answer(429, LONG),
)


def sent(throttle, *answers):
    """Send one request that gets *answers* in turn; return the last, and how many."""
    waiting = iter(answers)
    exchange = throttle.send(lambda: next(waiting))
    return exchange, len(answers) - len(list(waiting))


@pytest.mark.parametrize(
    ("answers", "how"),
    [
        pytest.param([SOON, SOON, OK], "Retry-After", id="named"),
        pytest.param([LIMITED, LIMITED, OK], "backoff", id="not-named"),
        pytest.param([LIMITED, SOON, OK], "Retry-After and backoff", id="both"),
        pytest.param([answer(503, SHORT), SOON, OK], "Retry-After", id="503"),
        pytest.param([answer(429, "0"), LIMITED, OK], "backoff", id="zero"),
    ],
)
def test_a_rate_limit_is_waited_for_and_the_request_repeated(answers, how):
    throttle = Throttle(60.0)

    assert (OK, 3) == sent(throttle, *answers)
    assert throttle.repeats == 2
    assert throttle.note == (
        "the server limited the rate: 2 requests were repeated, "
        f"{throttle.seconds:.1f} s waited ({how})"
    )


@pytest.mark.parametrize("status", [200, 400, 500, 503, None])
def test_any_other_answer_is_final(status):
    throttle = Throttle(60.0)

    assert 1 == sent(throttle, answer(status), OK)[1]
    assert throttle.note == ""


def test_without_a_budget_nothing_is_repeated():
    throttle = Throttle()

    assert (LATE, 1) == sent(throttle, LATE, OK)
    assert throttle.note == (
        "the server limited the rate: 1 request was not answered, because "
        "--retry-budget is 0"
    )


def test_a_wait_beyond_the_budget_is_not_begun():
    throttle = Throttle(0.5)

    assert (OK, 2) == sent(throttle, SOON, OK)
    assert (LATE, 1) == sent(throttle, LATE, OK)
    assert throttle.note == (
        "the server limited the rate: 1 request was repeated, 0.0 s waited "
        "(Retry-After); 1 request was not answered, because --retry-budget 0.5s did "
        "not suffice; about 70s are needed"
    )


def test_one_request_may_wait_for_half_of_the_budget_after_its_first_repeat():
    throttle = Throttle(0.3)

    assert (answer(429, "0.16"), 2) == sent(throttle, *[answer(429, "0.16")] * 2, OK)
    assert "--retry-budget 0.3s did not suffice" in throttle.note


def test_a_request_is_repeated_a_few_times_only():
    throttle = Throttle(60.0)

    assert (SOON, 1 + MOST_REPEATS) == sent(throttle, *[SOON] * 20)
    assert throttle.note.endswith("not answered, however often repeated")


def test_rejections_by_the_wrong_status_do_not_use_up_the_budget():
    throttle = Throttle(60.0)
    for _ in range(MOST_IN_VAIN):
        sent(throttle, *[LIMITED] * 20)
        sent(throttle, OK)

    assert 2 == sent(throttle, *[LIMITED] * 20)[1]


def test_nothing_is_repeated_for_a_server_that_answers_no_request():
    throttle = Throttle(60.0)
    for _ in range(MOST_IN_VAIN):
        sent(throttle, *[SOON] * 20)

    assert 1 == sent(throttle, SOON, OK)[1]


def test_a_repeat_that_is_answered_restores_the_patience():
    throttle = Throttle(60.0)
    for _ in range(MOST_IN_VAIN):
        sent(throttle, *[SOON] * 20)
    sent(throttle, OK)
    sent(throttle, SOON, OK)

    assert 1 + MOST_REPEATS == sent(throttle, *[SOON] * 20)[1]


def test_a_moment_that_the_server_names_holds_back_all_requests():
    throttle = Throttle(60.0)
    throttle.widen(2)
    met = threading.Event()
    moments = []

    def limited_once():
        moments.append(time.monotonic())
        if len(moments) == 1:
            met.set()
            return answer(429, "0.2")
        return OK

    def other():
        moments.append(time.monotonic())
        return OK

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(throttle.send, limited_once)
        met.wait(10)
        until_waiting(throttle)
        pool.submit(throttle.send, other).result()
        first.result()

    assert all(moment - moments[0] >= 0.2 for moment in moments[1:])
    assert len(moments) == 3


def test_threads_that_wait_together_spend_the_budget_once():
    throttle = Throttle(60.0)
    throttle.widen(8)
    together = threading.Barrier(8)

    def one():
        answers = iter([answer(429, "0.3"), OK])

        def attempt():
            found = next(answers)
            if found is not OK:
                together.wait(10)
            return found

        return throttle.send(attempt)

    with ThreadPoolExecutor(8) as pool:
        found = [future.result() for future in [pool.submit(one) for _ in range(8)]]

    assert found == [OK] * 8
    assert throttle.repeats == 8
    assert throttle.seconds < 8 * 0.3


class Flights:
    """Counts the requests that are in flight together."""

    def __init__(self, limited):
        self.now = self.most = 0
        self.lock = threading.Lock()
        self.left = limited
        self.together = threading.Barrier(limited)

    def attempt(self):
        with self.lock:
            self.now += 1
            limited, self.left = self.left > 0, self.left - 1
        if limited:
            self.together.wait(10)
        else:
            time.sleep(0.01)
        with self.lock:
            if not limited:
                self.most = max(self.most, self.now)
            self.now -= 1
        return SOON if limited else OK


def flown(requests):
    throttle, flights = Throttle(60.0), Flights(8)
    throttle.widen(8)
    with ThreadPoolExecutor(8) as pool:
        for _ in range(requests):
            pool.submit(throttle.send, flights.attempt)
    return flights.most


def test_a_limit_that_eight_requests_meet_together_halves_their_number_once():
    assert flown(16) <= 4


def test_answers_let_the_number_in_flight_grow_again(monkeypatch):
    monkeypatch.setattr(module, "RECOVERY", 2)

    assert 4 < flown(64) <= 8


def test_older_requests_go_first():
    """With one request in flight, no newer one can starve a repeated one."""
    throttle = Throttle(60.0)
    order = []
    begun = threading.Event()

    def send(name):
        def attempt():
            order.append(name)
            if order.count(name) < 3:
                begun.set()
                time.sleep(0.01)
                return SOON
            return OK

        return throttle.send(attempt)

    with ThreadPoolExecutor(4) as pool:
        pool.submit(send, "a")
        begun.wait(10)
        for name in "bcd":
            pool.submit(send, name)

    assert order[:3] == ["a"] * 3
    assert Counter(order) == dict.fromkeys("abcd", 3)


def test_closing_ends_every_wait():
    throttle = Throttle(60.0)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(sent, throttle, LATE, OK)
        until_waiting(throttle)
        throttle.close()

        assert (LATE, 1) == future.result(10)
    assert throttle.repeats == 0


@pytest.mark.parametrize("budget", [-1, math.nan, math.inf, 86_400])
def test_an_invalid_budget_is_a_usage_error(budget):
    with pytest.raises(UsageError, match="0 or more seconds"):
        Throttle(budget)
