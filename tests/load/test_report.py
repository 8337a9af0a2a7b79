"""The report of a load test: its schema, the knee, the exit code."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

import pytest
from jsonschema import Draft202012Validator
from support.load_report import closed, report_of, step_of
from support.loads import Clock, Server, plan

from contract.load.report import (
    best_good,
    knee,
    load_of,
    offered,
    per_user,
    rows,
    throughput,
    to_json,
)
from contract.model.profile import Budget

SCHEMA = json.loads(
    resources.files("contract.load").joinpath("load-v1.schema.json").read_text("utf-8")
)


@cache
def sweep():
    """Twice the users, the same times until the fourth step, then twice the times."""
    return [
        closed(users=users, seconds=seconds, budget=Budget(e2e=0.15), most=6)
        for users, seconds in ((1, 0.1), (2, 0.1), (4, 0.1), (8, 0.2), (16, 0.4))
    ]


@pytest.mark.parametrize("strict", [False, True])
def test_the_report_matches_its_schema(strict):
    Draft202012Validator.check_schema(SCHEMA)
    found = to_json(report_of(sweep(), strict=strict, saved="kept"))

    Draft202012Validator(SCHEMA).validate(found)
    json.dumps(found, allow_nan=False)
    assert found["format"] == "load-v1"
    assert len(found["steps"]) == 5


def test_an_open_model_states_its_rate():
    load = plan(schedule=tuple(number / 2 for number in range(20)), duration=10.0)
    step = step_of(load, Server(Clock()))
    (found,) = to_json(report_of([step]))["steps"]

    assert (found["model"], found["rate"], found["users"]) == ("open", 2, None)
    assert load_of(step) == "2 requests/s"
    assert offered(step) == 2


def test_rows_are_those_with_values():
    names = {row.name: row for row in rows(closed())}

    assert {"ttft", "ttfo", "icl", "tpot", "e2e", "tokens_per_second"} <= set(names)
    assert names["e2e"].n == 20
    assert names["e2e"].percentiles == pytest.approx([0.1] * 4, rel=0.002)


def test_the_highest_good_step_keeps_the_budgets():
    assert best_good(sweep()) == 2
    assert best_good([closed(seconds=1.0, budget=Budget(e2e=0.1))]) is None


def test_the_knee_has_the_greatest_throughput_by_response_time():
    steps = [
        closed(users=users, seconds=seconds, most=6)
        for users, seconds in ((1, 0.4), (2, 0.2), (4, 0.1), (8, 0.2), (16, 0.4))
    ]

    assert knee(steps) == 2
    assert knee(steps[:2]) is None


def test_rates_are_per_second_of_the_measured_time():
    step = closed(seconds=0.5, most=10)

    assert step.totals.seconds == pytest.approx(5.0)
    assert throughput(step) == pytest.approx(step.totals.tokens / 5.0)
    assert per_user(step) == pytest.approx(step.totals.tokens / 10 / 0.5, rel=0.2)


def test_trouble_is_inconclusive_and_a_failure_fails():
    sound = [closed(most=6)]
    assert report_of(sound).exit_code == 0
    assert report_of(sound, trouble="lost a worker").exit_code == 3
    over = [closed(budget=Budget(e2e=0.01), most=6)]
    assert report_of(over).exit_code == 0
    assert report_of(over, strict=True).exit_code == 1
