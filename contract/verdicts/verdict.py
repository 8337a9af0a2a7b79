"""The JSON form of verdicts: one for each result, and a summary of all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from contract.model.chat import Json
from contract.model.check import Finding
from contract.reporters.base import mask_report, mask_result, verdict
from contract.run.report import Outcome, Report, Result, to_json

FORMAT = "verdicts-v1"
# What `report-v1` says of a result and a verdict does not: what only a run can show.
_LEFT_OUT = frozenset({"requests"})


def message_of(result: Result) -> str:
    """
    Return what there is to say about *result*, on one line; empty if it simply passed.

    For a failure it is the first finding with what was expected and observed, the hint,
    and the number of further findings; otherwise the reason.
    """
    if result.outcome is not Outcome.FAIL or not result.findings:
        return " ".join(result.reason.split())
    first, *further = result.findings
    parts = [_sentence(first)]
    if first.hint:
        parts.append(f"Hint: {first.hint.removesuffix('.')}.")
    if further:
        parts.append(f"Further findings: {len(further)}.")
    return " ".join(" ".join(parts).split())


def _sentence(finding: Finding) -> str:
    details = [f"{name} {value}" for name, value in finding.details]
    if not details:
        return f"{finding.message}."
    return f"{finding.message} ({'; '.join(details)})."


def verdict_json(report: Report, result: Result, run: str) -> dict[str, Json]:
    """
    Return the verdict on the check of *result*, which is one of *report*.

    The members are those of a result in `report-v1`, without its requests, and `run`,
    `message` (see `message_of`), `hints` and the profile, model and time of the run.
    Secrets are masked.
    """
    masked = mask_result(result)
    alone = Report(headers=(), results=(masked,), strict=report.strict)
    (value,) = cast("list[dict[str, Json]]", to_json(alone)["results"])
    header = next((h for h in report.headers if h.target == result.target), None)
    hints = dict.fromkeys(one.hint for one in masked.findings if one.hint)
    return {
        "format": FORMAT,
        "run": run,
        **{k: v for k, v in value.items() if k not in _LEFT_OUT},
        "message": message_of(masked),
        "hints": list(hints),
        "profile": header.profile if header else "",
        "model": header.model if header else "",
        "started": header.started if header else "",
    }


def summary_json(report: Report, run: str) -> dict[str, Json]:
    """Return the summary of *report*: its targets, and a line for each result."""
    masked = mask_report(report)
    whole = to_json(masked)
    return {
        "format": FORMAT,
        "run": run,
        "verdict": verdict(masked),
        **{name: whole[name] for name in ("exit_code", "strict", "counts", "targets")},
        "verdicts": [_line(masked, result) for result in masked.results],
    }


def _line(report: Report, result: Result) -> dict[str, Json]:
    return {
        "check": result.check.id,
        "target": result.target,
        "level": result.check.level.value,
        "outcome": result.outcome.value,
        "violates": report.violates(result),
        "message": message_of(result),
        "path": f"/verdicts/{result.check.id}",
    }


def worst(report: Report, results: Iterable[Result]) -> Result | None:
    """Return the worst of *results*, which are some of *report*; None without any."""
    ordered = replace(report, results=tuple(results)).worst_first()
    return next(iter(ordered), None)
