"""
The history of runs beside plain sqlite3 that inserts and reads the same JSON.

Each figure is a ratio to sqlite3 in the same process, with the same durability (WAL,
synchronous=FULL), on a history that already has 10, 1,000 or 100,000 runs. A run has
80 checks, of which 10 did not pass. `pytest benchmarks/test_history.py -n 0 -s`; with
`-m lengthy` the largest too, which is filled without waiting for the disk.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import time
from dataclasses import replace

import pytest

from contract.catalog.profiles import builtin
from contract.history import database
from contract.history.store import History
from contract.history.trend import read_trend
from contract.model.check import Check, Finding
from contract.plugins.discovery import find
from contract.run.report import Header, Outcome, Report, Result, to_json

SIZES = [
    10,
    1_000,
    pytest.param(100_000, marks=pytest.mark.lengthy),
]
ROUNDS = 20
CHECKS, FAILED = 80, 10
TARGETS = 5
# Limits of the ratios, so that a history that grows slow is noticed.
MOST_ADD = 25.0
MOST_TREND_SECONDS = 2.0


def run(number: int) -> Report:
    """A run of 80 checks, ten of which fail."""
    target = f"http://127.0.0.1:{8000 + number % TARGETS}/v1"
    header = Header(
        target=target,
        url=target,
        profile=next(iter(builtin())),
        why="",
        model="m",
        version="1",
        started=f"2026-01-01T00:{number // 60 % 60:02}:{number % 60:02}+00:00",
    )
    checks = list(find("checks", Check).values())[:CHECKS]
    results = tuple(
        Result(
            check=check,
            target=target,
            outcome=Outcome.FAIL if place < FAILED else Outcome.PASS,
            findings=(Finding("wrong"),) if place < FAILED else (),
        )
        for place, check in enumerate(checks)
    )
    return Report(headers=(header,), results=results)


class Plain:
    """sqlite3 with one table: the report as JSON."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute(
            "CREATE TABLE runs (id INTEGER PRIMARY KEY, target TEXT, body TEXT)"
        )

    def add(self, report: Report) -> None:
        row = (report.headers[0].target, json.dumps(to_json(report)))
        self.connection.execute("INSERT INTO runs (target, body) VALUES (?, ?)", row)

    def read(self, id: int) -> object:
        query = "SELECT body FROM runs WHERE id = ?"
        return json.loads(self.connection.execute(query, (id,)).fetchone()[0])


def filled(history: History, plain: Plain, size: int) -> None:
    """Give both *size* runs, the history by copying one of each target."""
    for number in range(min(size, 2 * TARGETS)):
        history.add(run(number), kind="verify")
        plain.add(run(number))
    with history.database.writing() as connection:
        last = connection.exec_driver_sql("SELECT max(id) FROM magistral_runs").scalar()
        names = [
            row[1]
            for row in connection.exec_driver_sql("PRAGMA table_info(magistral_runs)")
        ]
        columns = ", ".join(name for name in names if name != "id")
        while last < size:
            copied = min(last, size - last)
            for table, key, rest in (
                ("magistral_runs", "id", columns),
                ("magistral_results", "run", "check_id, level, outcome, message"),
                ("magistral_reports", "run", "body"),
            ):
                connection.exec_driver_sql(
                    f"INSERT INTO {table} ({key}, {rest}) "  # noqa: S608  # own names
                    f"SELECT {key} + {last}, {rest} FROM {table} "
                    f"WHERE {key} <= {copied}"
                )
            last += copied
    plain.connection.execute("BEGIN")
    text = json.dumps(to_json(run(0)))
    plain.connection.executemany(
        "INSERT INTO runs (target, body) VALUES (?, ?)",
        ((f"t{n}", text) for n in range(2 * TARGETS, size)),
    )
    plain.connection.execute("COMMIT")


def median(function, *arguments) -> float:
    """The median of the seconds that *function* takes with each of *arguments*."""
    seconds = []
    for argument in arguments:
        begun = time.perf_counter()
        function(argument)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


@pytest.mark.parametrize("size", SIZES)
def test_history_beside_sqlite3(benchmark, tmp_path, monkeypatch, size):
    monkeypatch.setattr(database, "SYNCHRONOUS", "OFF")
    plain = Plain(tmp_path / "plain.db")
    filling = History.open(str(tmp_path / "h.db"))
    filled(filling, plain, size)
    filling.close()
    monkeypatch.undo()
    history = History.open(str(tmp_path / "h.db"))
    new = [run(number) for number in range(ROUNDS)]
    history.add(new[0], kind="verify")
    plain.add(new[0])

    def measured():
        found = {
            "add": median(lambda one: history.add(one, kind="verify"), *new)
            / median(plain.add, *new),
            "read": median(history.document, *range(1, min(size, ROUNDS)))
            / median(plain.read, *range(1, min(size, ROUNDS))),
        }
        target = new[0].headers[0].target
        begun = time.perf_counter()
        trend = read_trend(history, target, last=60)
        found["trend_s"] = time.perf_counter() - begun
        begun = time.perf_counter()
        listed = sum(1 for _ in history.runs())
        found["list_all_s"] = time.perf_counter() - begun
        assert listed >= size
        assert len(trend.checks) == FAILED
        return found

    found = benchmark.pedantic(measured, rounds=1)
    figures = {name: round(value, 3) for name, value in found.items()}
    history.close()
    plain.connection.close()
    sizes = {name: (tmp_path / f"{name}.db").stat().st_size for name in ("h", "plain")}
    figures["bytes"] = round(sizes["h"] / sizes["plain"], 3)
    benchmark.extra_info.update(figures)
    print(f"\n{size:,} runs: {figures}")

    assert found["add"] < MOST_ADD
    assert found["trend_s"] < MOST_TREND_SECONDS


def test_the_run_is_what_is_stored():
    report = run(3)

    assert len(report.results) == CHECKS
    assert replace(report, results=()).headers == report.headers
