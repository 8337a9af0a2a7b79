"""`contract.compare` on reports: what changed, and what it means for a gate."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import contract
from contract import Change, Finding, Header, Outcome, Report, Result
from contract.errors import UsageError
from contract.model.check import Check, Level
from contract.plugins.discovery import find
from contract.run.compare import exit_code
from contract.run.report import to_json

CHECKS = find("checks", Check)
MUST = CHECKS["usage.sums-up"]
OTHER = CHECKS["reasoning.present"]
MAY = replace(MUST, id="usage.of-another-version", requirement="It MAY hold.")
SHOULD = next(check for check in CHECKS.values() if check.level is Level.SHOULD)


def report(*results, target="one", trouble=""):
    """A report on *target*, each result given as (check, outcome)."""
    header = Header(
        target=target,
        url="http://127.0.0.1:1",
        profile="inline",
        why="given by --profile",
        model="m",
        version="0",
        started="2026-01-01T00:00:00+00:00",
        trouble=trouble,
    )
    return Report(
        headers=(header,),
        results=tuple(
            Result(
                check=check,
                target=target,
                outcome=outcome,
                findings=(Finding("wrong"),) if outcome is Outcome.FAIL else (),
                figures={"ttft_p95": 0.5},
            )
            for check, outcome in results
        ),
    )


def both(*reports):
    """One report of several targets."""
    return Report(
        headers=tuple(header for one in reports for header in one.headers),
        results=tuple(result for one in reports for result in one.results),
    )


def compared(before, after, **more):
    (comparison,) = contract.compare(before, after, **more)
    return comparison


@pytest.mark.parametrize(
    ("check", "outcome", "regressed", "inconclusive", "code"),
    [
        pytest.param(MUST, Outcome.FAIL, True, False, 1, id="must-fails"),
        pytest.param(SHOULD, Outcome.FAIL, True, False, 1, id="should-fails"),
        pytest.param(MAY, Outcome.FAIL, False, False, 0, id="may-fails"),
        pytest.param(MUST, Outcome.WAIVED, True, False, 1, id="waived"),
        pytest.param(MUST, Outcome.ERROR, False, True, 3, id="cannot-be-judged"),
        pytest.param(MUST, Outcome.SKIP, False, False, 0, id="skipped"),
        pytest.param(MUST, Outcome.PASS, False, False, 0, id="passes"),
    ],
)
def test_a_worse_outcome_is_a_regression_or_inconclusive(
    check, outcome, regressed, inconclusive, code
):
    found = compared(report((check, Outcome.PASS)), report((check, outcome)))

    assert (regressed, inconclusive) == (found.regressed, found.inconclusive)
    assert code == exit_code([found])


def test_every_change_is_listed_by_its_kind():
    before = report((MUST, Outcome.PASS), (OTHER, Outcome.FAIL), (MAY, Outcome.SKIP))
    after = report((MUST, Outcome.FAIL), (OTHER, Outcome.PASS), (MAY, Outcome.PASS))
    found = compared(before, after)

    assert {
        Change.WORSE: (MUST.id,),
        Change.DIFFERENT: (),
        Change.BETTER: (OTHER.id,),
        Change.LOST: (),
        Change.GAINED: (MAY.id,),
        Change.SAME: (),
    } == found.changes
    assert ("wrong",) == found.after.checks[MUST.id].messages
    assert {"ttft_p95": 0.5} == found.after.checks[MUST.id].figures
    assert "inline, m, 2026-01-01T00:00:00+00:00" == found.before.description


def test_only_an_incomplete_later_run_is_inconclusive():
    whole = report((MUST, Outcome.PASS))
    cut = report((MUST, Outcome.PASS), trouble="interrupted")

    assert compared(whole, cut).inconclusive
    assert not compared(cut, whole).inconclusive
    assert 3 == exit_code([compared(whole, cut)])


def test_a_regression_outweighs_what_could_not_be_judged():
    before = report((MUST, Outcome.PASS), (OTHER, Outcome.PASS))
    after = report((MUST, Outcome.FAIL), (OTHER, Outcome.ERROR))
    found = compared(before, after)

    assert (True, True) == (found.regressed, found.inconclusive)
    assert 1 == exit_code([found])


def test_the_worst_target_decides_the_exit_code():
    good = compared(report((MUST, Outcome.PASS)), report((MUST, Outcome.PASS)))
    bad = compared(report((MUST, Outcome.PASS)), report((MUST, Outcome.FAIL)))
    open_ = compared(report((MUST, Outcome.PASS)), report((MUST, Outcome.ERROR)))

    assert [0, 0, 3, 1] == [
        exit_code(found) for found in ((), (good,), (good, open_), (good, open_, bad))
    ]


@pytest.mark.parametrize(
    ("select", "ignore", "same"),
    [
        pytest.param("usage", (), [MUST.id], id="family"),
        pytest.param(["usage", "reasoning.present"], (), [OTHER.id, MUST.id], id="two"),
        pytest.param((), "usage", [OTHER.id], id="ignored"),
    ],
)
def test_a_selection_is_one_name_or_several(select, ignore, same):
    run = report((MUST, Outcome.PASS), (OTHER, Outcome.PASS))

    assert (
        tuple(same)
        == compared(run, run, select=select, ignore=ignore).changes[Change.SAME]
    )


def test_a_selection_without_a_check_is_rejected():
    run = report((MUST, Outcome.PASS))

    with pytest.raises(UsageError, match=r"usage\.sums-up"):
        contract.compare(run, run, select="usage.sum-up")


def test_a_report_is_compared_with_the_file_of_one(tmp_path):
    path = tmp_path / "before.json"
    path.write_text(json.dumps(to_json(report((MUST, Outcome.PASS)))))

    for before in (path, str(path)):
        assert compared(before, report((MUST, Outcome.FAIL))).regressed


def test_several_targets_are_paired_by_name():
    before = both(
        report((MUST, Outcome.PASS)), report((MUST, Outcome.FAIL), target="two")
    )
    after = both(
        report((MUST, Outcome.FAIL), target="two"),
        report((MUST, Outcome.FAIL)),
        report((MUST, Outcome.FAIL), target="three"),
    )
    found = contract.compare(before, after)

    assert [("two", False), ("one", True)] == [
        (one.after.target, one.regressed) for one in found
    ]


def test_targets_without_a_common_name_are_rejected():
    one, two = report(target="one"), report(target="two")
    three, four = report(target="three"), report(target="four")

    with pytest.raises(UsageError, match="one, two and three, four"):
        contract.compare(both(one, two), both(three, four))
