"""
GitHub reporter: annotations of a workflow run, as commands in the log of a step.

The form of the commands and their escapes are those of docs.github.com, "Workflow
commands for GitHub Actions", and of `ActionCommand` in actions/runner. GitHub shows at
most 10 errors and 10 warnings of a step, and cuts a title at 255 characters and a
message at 64 KiB (REST API, check runs, annotations).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from contract.model.escape import escape_controls
from contract.reporters.base import causes_first, count, describe_findings, reporter
from contract.reporters.changes import newly_failed
from contract.run.report import Outcome, Report, Result

MOST = 10  # annotations of one level in a step
MOST_FINDINGS = 3  # findings of one annotation
LONGEST_TITLE = 255  # characters
LONGEST_MESSAGE = 16_000  # characters, each of at most 4 bytes
ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class _Annotation:
    level: str
    title: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        title = escape_controls(self.title)[:LONGEST_TITLE]
        message = "\n".join(map(escape_controls, self.lines))[:LONGEST_MESSAGE]
        return f"::{self.level} title={_property(title)}::{_data(message)}\n"


@reporter("github", suffix=".txt", commands=(ERROR, WARNING))
def github(report: Report) -> str:
    """
    Return a line per annotation, those that fail the run first, causes first.

    Errors are what fails the run: targets that are not fully judged, failed checks,
    and checks that could not be judged, one line for all with the same reason.
    Warnings are failed checks that do not fail it. Waived, skipped and passed checks
    have none. The last of too many annotations of a level names the others.

    Usage: `--report github=-` in a step of a workflow.
    """
    found = [*_targets(report), *_failures(report), *_unjudged(report)]
    return "".join(
        str(one)
        for level in (ERROR, WARNING)
        for one in _first([one for one in found if one.level == level])
    )


def _targets(report: Report) -> Iterator[_Annotation]:
    for header in report.headers:
        if header.trouble:
            title = f"{header.target} is not fully judged"
            yield _Annotation(ERROR, title, tuple(header.trouble.splitlines()))


def _failures(report: Report) -> Iterator[_Annotation]:
    new = newly_failed(report)
    for result in causes_first(report):
        check = result.check
        shown = replace(result, findings=result.findings[:MOST_FINDINGS], curl="")
        lines = [check.requirement, *describe_findings(shown).split("\n")]
        if (more := len(result.findings) - MOST_FINDINGS) > 0:
            lines.append(f"and {count(more, 'more finding')}")
        yield _Annotation(
            WARNING if report.is_warning(result) else ERROR,
            f"{check.id} ({check.level}) on {result.target}",
            (
                *lines,
                f"source: {check.source}",
                *(
                    ["new since the baseline"]
                    if (result.target, check.id) in new
                    else []
                ),
            ),
        )


def _unjudged(report: Report) -> Iterator[_Annotation]:
    """Yield an annotation for all checks that could not be judged for one reason."""
    groups: dict[tuple[str, bool, str], list[Result]] = {}
    for result in report.results:
        if result.outcome is Outcome.ERROR:
            key = (result.target, result.broken, result.reason)
            groups.setdefault(key, []).append(result)
    for (target, broken, reason), results in groups.items():
        what = "crashed" if broken else "could not be judged"
        yield _Annotation(
            ERROR,
            f"{count(len(results), 'check')} {what} on {target}",
            (reason, ", ".join(result.check.id for result in results)),
        )


def _first(found: list[_Annotation]) -> list[_Annotation]:
    """Return as many as GitHub shows; the last names those that do not fit."""
    if len(found) <= MOST:
        return found
    shown, others = found[: MOST - 1], found[MOST - 1 :]
    titles = tuple(one.title for one in others)
    rest = _Annotation(others[0].level, f"and {len(others)} more", titles)
    return [*shown, rest]


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
