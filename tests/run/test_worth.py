from __future__ import annotations

from dataclasses import replace

import pytest

from contract.catalog.breakages import breakages
from contract.catalog.profiles import builtin
from contract.model.check import Check, Fault
from contract.plugins.discovery import find
from contract.run.plan import first_requests, inapplicable, is_ordered
from contract.run.worth import by_worth, worth

CHECKS = tuple(find("checks", Check).values())
PROFILE = builtin()["vllm-0.32"]
ORDERED = by_worth(CHECKS, PROFILE, concurrency=4)


def found_after(order, seconds):
    """The worth of the checks of *order* that are asked in *seconds* of a request."""
    asked, spent, total = set(), 0.0, 0
    for check in order:
        new = set(first_requests(check, PROFILE)) - asked
        spent += len(new) / (1 if is_ordered(check) else 4)
        if spent > seconds:
            break
        asked |= new
        total += worth().get(check.id, 0)
    return total


def test_a_check_is_worth_its_faults_and_their_reports():
    faults = find("checks", Fault).values()

    assert sum(worth().values()) == len(faults) + len(breakages())
    assert all(worth()[fault.breaks.id] > 0 for fault in faults)


def test_the_checks_that_apply_are_ordered_each_once():
    applicable = [c for c in CHECKS if inapplicable(c, PROFILE, slow=False) is None]

    assert sorted(c.id for c in ORDERED) == sorted(c.id for c in applicable)


def test_the_order_is_the_same_each_time():
    assert ORDERED == by_worth(CHECKS, PROFILE, concurrency=4)


@pytest.mark.parametrize("seconds", [5, 15, 30])
def test_it_finds_more_than_the_order_of_the_files(seconds):
    listed = [check for check in CHECKS if check in ORDERED]

    assert found_after(ORDERED, seconds) > 1.5 * found_after(listed, seconds)


def test_two_fifths_of_the_worth_take_a_tenth_of_the_time():
    whole = sum(worth().get(check.id, 0) for check in ORDERED)
    requests = len({p for check in ORDERED for p in first_requests(check, PROFILE)})

    assert found_after(ORDERED, requests / 4 / 10) >= whole * 2 / 5


def test_a_check_whose_requests_are_sent_anyway_comes_at_once():
    shared = next(check for check in ORDERED if not check.explores)
    free = replace(shared, id="streaming.without-a-fault")
    order = by_worth([*CHECKS, free], PROFILE, concurrency=4)

    assert [check.id for check in order].index(free.id) <= len(order) // 4


def test_a_check_that_is_slow_is_left_out_unless_it_is_asked_for():
    slow = {check.id for check in by_worth(CHECKS, PROFILE, concurrency=4, slow=True)}

    assert slow > {check.id for check in ORDERED}
