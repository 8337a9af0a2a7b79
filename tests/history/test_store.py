"""`contract.history.store`: runs are kept whole, and compared with the right one."""

from __future__ import annotations

import json
import threading
import zlib
from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sql
from support.runs import (
    CHECKS,
    ERROR,
    FAIL,
    MUST,
    OTHER,
    PASS,
    SHOULD,
    SKIP,
    WAIVED,
    both,
    report,
)

from contract.errors import UsageError
from contract.history.store import History, Run
from contract.history.tables import REPORTS, RUNS, SELECTIONS
from contract.model.redaction import register_secret
from contract.reporters.changes import since_baseline
from contract.run.compare import Change
from contract.run.report import to_json

KEY = "sk-of-the-run-7f19ab"


@dataclass
class Compared:
    """With which run the last one was compared, and the checks that changed."""

    earlier: int | None
    changes: dict


def compared(history, one, kind="verify"):
    kept = history.add(one, kind=kind)
    found = [*since_baseline(kept.report)]
    assert len(found) == len(kept.earlier)
    return Compared(
        earlier=kept.earlier.get(one.headers[0].target),
        changes=found[0].changes if found else {},
    )


def table(history, query):
    with history.database.reading() as connection:
        return connection.execute(query).all()


def test_a_run_comes_back_as_it_was(history):
    one = report((MUST, FAIL), (OTHER, PASS), (SHOULD, SKIP), target="a", trouble="x")
    kept = history.add(one, kind="verify")

    assert kept.ids == {"a": 1}
    assert to_json(history.report(1)) == to_json(kept.report)
    assert history.report(1) == one
    run = history.run(1)
    assert run == Run(
        **{
            **dict.fromkeys(Run.__dataclass_fields__),
            "id": 1,
            "started": "2026-01-01T00:00:00+00:00",
            "kind": "verify",
            "target": "a",
            "profile": "vllm-0.32",
            "model": "m",
            "version": "0",
            "seconds": 1.5,
            "requests": 7,
            "verdict": "FAILED",
            "exit_code": 1,
            "trouble": "x",
            "passed": 1,
            "failed": 1,
            "waived": 0,
            "skipped": 1,
            "errors": 0,
        }
    )
    assert list(history.runs()) == [run]


def test_each_target_of_a_report_is_a_run(history):
    two = both(report((MUST, PASS), target="a"), report((MUST, FAIL), target="b"))
    kept = history.add(two, kind="verify")

    assert kept.ids == {"a": 1, "b": 2}
    assert [run.target for run in history.runs()] == ["b", "a"]
    assert [run.target for run in history.runs(target="a")] == ["a"]
    again = history.add(two, kind="verify")
    assert kept.report.baseline is None
    assert again.report.baseline == two
    assert again.earlier == kept.ids
    assert history.targets() == (("b", "vllm-0.32"), ("a", "vllm-0.32"))


def test_a_run_is_compared_with_the_last_one(history):
    assert compared(history, report((MUST, PASS))).earlier is None
    assert compared(history, report((MUST, FAIL))).earlier == 1
    last = compared(history, report((MUST, PASS)))

    assert last.earlier == 2
    assert last.changes[Change.BETTER] == (MUST.id,)
    assert [run.broken for run in history.runs()] == [0, 1, None]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"target": "other"}, id="target"),
        pytest.param({"profile": "vllm-0.31"}, id="profile"),
    ],
)
def test_a_run_of_something_else_is_not_compared(history, change):
    other = report((MUST, PASS))
    (header,) = other.headers
    target = change.get("target", "one")
    history.add(
        replace(
            other,
            headers=(replace(header, **change),),
            results=tuple(replace(one, target=target) for one in other.results),
        ),
        kind="verify",
    )

    assert compared(history, report((MUST, FAIL))).earlier is None
    assert compared(history, report((MUST, FAIL)), "replay").earlier is None


def test_a_run_of_the_same_checks_is_preferred(history):
    compared(history, report((MUST, PASS), (OTHER, FAIL), (SHOULD, PASS)))
    compared(history, report((MUST, PASS)))
    changes = compared(history, report((MUST, FAIL), (OTHER, FAIL), (SHOULD, PASS)))

    assert changes.earlier == 1
    assert changes.changes[Change.WORSE] == (MUST.id,)
    # Of those that have as much in common, the last.
    assert compared(history, report((MUST, FAIL))).earlier == 3


def test_a_run_of_entirely_other_checks_says_nothing(history):
    compared(history, report((OTHER, PASS)))

    assert compared(history, report((MUST, FAIL))).earlier is None


def test_a_run_that_was_not_fully_judged_is_skipped_over(history):
    compared(history, report((MUST, PASS), (OTHER, PASS)))
    compared(history, report((MUST, ERROR), (OTHER, ERROR), trouble="it is away"))
    compared(history, report(trouble="it is away"))
    changes = compared(history, report((MUST, PASS), (OTHER, FAIL)))

    assert changes.earlier == 1
    assert changes.changes[Change.WORSE] == (OTHER.id,)


def test_without_a_whole_run_one_that_judged_something_is_taken(history):
    compared(history, report((MUST, PASS), (OTHER, ERROR), trouble="rate limits"))
    compared(history, report((MUST, ERROR), (OTHER, ERROR), trouble="it is away"))

    changes = compared(history, report((MUST, FAIL), (OTHER, ERROR), trouble="again"))
    assert changes.earlier == 1


def test_a_list_of_checks_is_stored_once(history):
    for _ in range(3):
        compared(history, report((MUST, PASS), (OTHER, FAIL)))
    compared(history, report((MUST, PASS)))

    assert len(table(history, sql.select(SELECTIONS))) == 2
    assert history.selections([1, 4]) == {
        1: frozenset({MUST.id, OTHER.id}),
        4: frozenset({MUST.id}),
    }


def test_the_outcomes_are_those_that_did_not_pass(history):
    compared(history, report((MUST, WAIVED), (OTHER, PASS), (SHOULD, ERROR)))
    compared(history, report((MUST, PASS), (OTHER, PASS), (SHOULD, SKIP)))

    assert history.outcomes([1, 2]) == {
        MUST.id: {1: "waived"},
        SHOULD.id: {1: "error", 2: "skip"},
    }


def test_no_secret_is_stored(history, tmp_path):
    register_secret(KEY)
    one = report((MUST, FAIL), trouble=f"401 for {KEY}", finding=f"echoes {KEY}")
    history.add(one, kind="verify")

    (row,) = table(history, sql.select(REPORTS.c.body))
    assert b"***" in zlib.decompress(row.body)
    assert KEY.encode() not in zlib.decompress(row.body)
    for path in tmp_path.iterdir():
        assert KEY.encode() not in path.read_bytes()


def test_any_text_can_be_stored(history):
    text = "\ud800 \x00 \x1b[31m 'DROP TABLE' “«"
    one = report((MUST, FAIL), target=text, trouble=text, finding=text)
    history.add(one, kind="verify")
    (run,) = history.runs()

    assert run.target == "? ? \x1b[31m 'DROP TABLE' “«"
    assert history.report(1).results[0].findings[0].message == text
    assert compared(history, one).earlier == 1


def test_concurrent_writers_lose_nothing(tmp_path):
    path, errors = str(tmp_path / "h.db"), []

    def write(number):
        try:
            mine = History.open(path)
            for _ in range(5):
                mine.add(report((MUST, PASS), target=f"t{number}"), kind="verify")
        except Exception as error:  # noqa: BLE001  # whatever it is, it is wrong
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert errors == []
    runs = list(History.open(path, read_only=True).runs())
    assert sorted(run.id for run in runs) == list(range(1, 31))
    assert all(run.broken == (None if first else 0) for run, first in _firsts(runs))


def _firsts(runs):
    seen = set()
    for run in reversed(runs):
        yield run, run.target not in seen
        seen.add(run.target)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        pytest.param({"keep": 2}, [9, 8, 7, 6], id="keep"),
        pytest.param({"keep": 9}, list(range(9, 0, -1)), id="keep-more"),
        pytest.param({"before": "2026-01-04"}, [9, 8, 7, 6, 5, 4], id="age"),
        pytest.param(
            {"keep": 2, "before": "2026-01-03"}, [9, 8, 7, 6, 5, 4, 3], id="b"
        ),
    ],
)
def test_prune_removes_old_runs_of_each_target(history, options, left):
    for day in range(1, 8):
        started = f"2026-01-0{day}T00:00:00"
        history.add(report((MUST, FAIL), target="a", started=started), kind="verify")
    for _ in range(2):
        one = report((MUST, FAIL), target="b", started="2026-01-09T00:00:00")
        history.add(one, kind="verify")

    assert history.prune(**options) == 9 - len(left)
    assert [run.id for run in history.runs()] == left
    assert set(history.outcomes(range(1, 10))[MUST.id]) == set(left)
    assert len(table(history, sql.select(REPORTS.c.run))) == len(left)


def test_runs_come_in_portions(history):
    with history.database.writing() as connection:
        connection.execute(sql.insert(SELECTIONS).values(digest="d", checks=""))
        row = {
            **dict.fromkeys(("target", "profile", "model", "version", "trouble"), ""),
            **dict.fromkeys(("seconds", "requests", "exit_code", "passed"), 0),
            **dict.fromkeys(("failed", "waived", "skipped", "errors"), 0),
            "started": "2026",
            "kind": "verify",
            "selection": 1,
            "whole": True,
            "verdict": "PASSED",
        }
        connection.execute(sql.insert(RUNS), [row] * 1_100)

    assert [run.id for run in history.runs()] == list(range(1_100, 0, -1))
    assert [run.id for run in history.runs(last=700)] == list(range(1_100, 400, -1))


@pytest.mark.parametrize("read", ["run", "report", "document"])
def test_a_run_that_is_not_there_is_a_sentence(history, read):
    with pytest.raises(UsageError, match="has no run 7; magistral-contract history li"):
        getattr(history, read)(7)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no zlib", id="text"),
        pytest.param(zlib.compress(b"[]"), id="a-list"),
        pytest.param(zlib.compress(b'{"format": "report-v1"}')[:-8], id="cut-off"),
        pytest.param(zlib.compress(b"[" * 100_000), id="deep"),
    ],
)
def test_a_damaged_report_is_a_sentence(history, body):
    history.add(report((MUST, PASS)), kind="verify")
    with history.database.writing() as connection:
        connection.execute(sql.update(REPORTS).values(body=body))

    with pytest.raises(UsageError, match=r"run 1 of the history .* is "):
        history.report(1)


def test_the_whole_catalogue_takes_little_space(tmp_path):
    history = History.open(str(tmp_path / "h.db"))
    one = report(*((check, PASS) for check in CHECKS.values()))
    for _ in range(3):
        history.add(one, kind="verify")
    (row,) = table(history, sql.select(REPORTS.c.body).limit(1))

    assert len(row.body) < len(json.dumps(to_json(one))) / 6
