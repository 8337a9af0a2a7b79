"""The work of a process on a virtual clock: stalls, shares, ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.loads import Clock, Server, plan, worked

from contract.load.totals import UNFINISHED, Totals
from contract.load.work import GONE, LOST_AFTER, Work
from contract.model.exchange import End
from contract.model.profile import Budget

STALL = 5.0


def stalling(number):
    """The tenth reply takes five seconds, all others a tenth of one."""
    return STALL if number == 10 else 0.1


def test_a_stall_shows_in_the_tail_of_an_open_model():
    """Each request that was due meanwhile waited: none of that is hidden."""
    schedule = tuple(number * 0.2 for number in range(100))
    work = worked(plan(schedule=schedule), Server(Clock(), seconds=stalling))
    e2e = work.finish().latencies["e2e"]

    assert e2e.count == 100
    assert e2e.percentile(99) == pytest.approx(STALL, rel=0.05)
    # The wait shrinks by a tenth of a second with each request that follows.
    assert e2e.percentile(75) > 2.4
    assert work.totals.late == 48


def test_a_closed_model_hides_the_same_stall():
    closed = plan(users=1, most=100, duration=1_000.0)
    e2e = worked(closed, Server(Clock(), seconds=stalling)).finish().latencies["e2e"]

    assert e2e.count == 100
    assert e2e.percentile(99) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize(
    "load",
    [
        {"schedule": tuple(number * 0.5 for number in range(60)), "warm_up": 5.0},
        {"users": 2, "most": 60, "duration": 1_000.0},
    ],
    ids=["open", "closed"],
)
def test_two_processes_total_exactly_what_one_does(load):
    whole = worked(plan(scenario="mixed", **load), Server(Clock())).finish()
    merged = Totals()
    for index in (0, 1):
        work = worked(
            plan(scenario="mixed", **load), Server(Clock()), index=index, count=2
        )
        merged.merge(Totals.from_json(work.finish().to_json()))
    if "users" in load:  # two users finish in half of the time
        for totals in (whole, merged):
            totals.first = totals.last = 0.0
            totals.starts.clear()
            totals.goods.clear()

    assert whole.sent == 60
    assert whole == merged


def test_the_warm_up_is_sent_and_not_measured():
    schedule = tuple(float(number) for number in range(10))
    work = worked(plan(schedule=schedule, warm_up=4.0), Server(Clock()))
    totals = work.finish()

    assert (totals.sent, totals.measured) == (10, 6)


def test_budgets_decide_what_is_good():
    load = plan(users=1, most=20, duration=1_000.0, budget=Budget(e2e=1.0))
    server = Server(Clock(), seconds=lambda number: 2.0 if number < 5 else 0.5)
    totals = worked(load, server).finish()

    assert (totals.good, totals.measured) == (15, 20)
    assert totals.goodput == 0.75


def test_a_closed_model_ends_with_its_duration():
    totals = worked(plan(users=1, duration=2.05), Server(Clock())).finish()

    assert totals.sent == 21


def test_each_user_pauses_between_requests():
    load = plan(users=1, duration=1.95, pause=0.1)

    assert worked(load, Server(Clock())).finish().sent == 10


def test_a_stopped_schedule_counts_what_it_did_not_send():
    clock = Clock()
    server = Server(clock)
    load = plan(schedule=tuple(float(number) for number in range(10)))
    work = Work(load, server.record, clock=clock, sleep=clock.sleep)
    for _ in range(4):
        work.turn()
    work.stop("interrupted")

    assert not work.turn()
    assert work.done
    assert work.finish().unsent == 6
    assert work.trouble == "interrupted"


def test_a_target_that_is_gone_ends_the_run():
    clock = Clock()
    server = Server(clock)

    def dying(probe, profile, request):
        exchange = server.record(probe, profile, request)
        if len(server.sent) <= 5:
            return exchange
        return replace(
            exchange, status=None, headers=(), arrivals=(), end=End.REFUSED, note="gone"
        )

    load = plan(users=1, most=1_000, duration=1_000.0)
    work = Work(load, dying, clock=clock, sleep=clock.sleep)
    while work.turn():
        pass

    assert GONE in work.trouble
    assert LOST_AFTER <= work.finish().kinds["no response"] < 100
    assert work.totals.kinds["answered"] == 5


def test_a_user_that_is_ended_leaves_a_request_unfinished():
    def ended(*_):
        raise GeneratorExit

    clock = Clock()
    work = Work(plan(users=1), ended, clock=clock, sleep=clock.sleep)
    with pytest.raises(GeneratorExit):
        work.turn()

    assert {UNFINISHED: 1} == work.finish().kinds
    assert work.in_flight == 0


def test_tokens_are_counted_afterwards_where_usage_is_missing():
    def without_usage(reply):
        def drop(value):
            if isinstance(value, dict) and "usage" in value:
                return {**value, "usage": None}
            return value

        return reply.change(drop)

    load = plan(users=1, most=8, duration=100.0)
    known = worked(load, Server(Clock())).finish()
    counted = worked(load, Server(Clock(), change=without_usage))

    assert counted.totals.answered == 0
    found = counted.finish()
    assert found.answered == 8
    # Without the markers of the reasoning, the end, and the division between both.
    assert 0 < known.tokens - found.tokens <= 4 * 8
    assert found.latencies["tpot"].count == known.latencies["tpot"].count
