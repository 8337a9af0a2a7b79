"""Reports of one target without exchanges, for what stores and compares runs."""

from __future__ import annotations

from dataclasses import replace

from contract import Finding, Header, Outcome, Report, Result
from contract.model.check import Check, Level
from contract.plugins.discovery import find

CHECKS = find("checks", Check)
MUST = CHECKS["usage.sums-up"]
OTHER = CHECKS["reasoning.present"]
SHOULD = next(check for check in CHECKS.values() if check.level is Level.SHOULD)
PASS, FAIL, SKIP, ERROR, WAIVED = (
    Outcome.PASS,
    Outcome.FAIL,
    Outcome.SKIP,
    Outcome.ERROR,
    Outcome.WAIVED,
)


def report(
    *results, target="one", trouble="", finding="wrong", started="2026-01-01T00:00:00"
):
    """A report on *target*, each result given as (check, outcome)."""
    header = Header(
        target=target,
        url="http://127.0.0.1:1",
        profile="vllm-0.32",
        why="given by --profile",
        model="m",
        version="0",
        started=f"{started}+00:00",
        seconds=1.5,
        requests=7,
        trouble=trouble,
    )
    return Report(
        headers=(header,),
        results=tuple(
            Result(
                check=check,
                target=target,
                outcome=outcome,
                findings=(Finding(finding),) if outcome in {FAIL, WAIVED} else (),
                reason="not asked for" if outcome in {SKIP, ERROR} else "",
            )
            for check, outcome in results
        ),
    )


def both(*reports):
    """One report of several targets."""
    return replace(
        reports[0],
        headers=tuple(header for one in reports for header in one.headers),
        results=tuple(result for one in reports for result in one.results),
    )
