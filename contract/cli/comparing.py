"""Reports of a comparison: HTML for people, JSON for programs, Markdown for CI."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from contract.model.chat import Json
from contract.model.escape import escape_json
from contract.model.profile import RATES, SHARES
from contract.model.redaction import SECRETS
from contract.reporters.base import count, format_figure
from contract.reporters.markdown import code, text
from contract.reporters.page.rendering import MOST_BYTES, fill
from contract.run.compare import (
    INCONCLUSIVE,
    Change,
    CheckState,
    Comparison,
    TargetRun,
    exit_code,
)

FORMAT = "comparison-v1"
FIGURE_CHANGE = 0.1  # figures that changed by a smaller share are not shown
# GitHub accepts 65,536 characters in a comment, GitLab a million; the rest is for a
# heading that a workflow may add.
LONGEST = 60_000
MOST_REASONS = 5  # lines below one check
LONGEST_REASON = 500  # characters
TITLES = {
    Change.WORSE: "Broken",
    Change.DIFFERENT: "Failing differently",
    Change.BETTER: "Fixed",
    Change.LOST: "No longer judged",
    Change.GAINED: "Newly judged",
}
# Characters of one text, and reasons of one check, of a page; the first that fits.
PAGE_LADDER = ((LONGEST_REASON, MOST_REASONS), (200, 2), (60, 1))
MARKS = {0: "pass", 1: "fail", INCONCLUSIVE: "error"}
VERDICTS = {0: "NOTHING GOT WORSE", 1: "WORSE", INCONCLUSIVE: "INCONCLUSIVE"}
LABELS = {
    Change.WORSE: "worse",
    Change.DIFFERENT: "failing differently",
    Change.BETTER: "better",
    Change.LOST: "no longer judged",
    Change.GAINED: "newly judged",
    Change.SAME: "the same",
}


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure that changed noticeably."""

    # The metric, such as "ttft".
    metric: str
    # What is stated of its samples, such as "p95".
    percentile: str
    # The values, in seconds; rates in tokens per second, shares of 1.
    before: float
    after: float

    @property
    def share(self) -> float:
        """The change as a share of the earlier value: 0.5 is half as much again."""
        return self.after / self.before - 1

    @property
    def worse(self) -> bool:
        """Whether it got worse: a longer time, a lower rate or share."""
        more_is_better = self.metric in RATES | SHARES
        return (self.share < 0) == more_is_better

    def __str__(self) -> str:
        was, now = (
            format_figure(self.metric, value) for value in (self.before, self.after)
        )
        return f"{was} → {now} ({self.share:+.0%})"


@dataclass(frozen=True, slots=True)
class ComparisonReporter:
    """A kind of report of a comparison, which shows no secret of the process."""

    # The name of the kind, as in `--report KIND=PATH`.
    id: str
    # The usual file name extension, with its dot.
    suffix: str
    # Returns the whole text of the file.
    compose: Callable[[tuple[Comparison, ...]], str]

    def render(self, comparisons: tuple[Comparison, ...]) -> str:
        """Return the report of *comparisons*, one per target."""
        return SECRETS.mask(self.compose(SECRETS.mask_deep(comparisons)))


def changed_figures(comparison: Comparison) -> tuple[FigureChange, ...]:
    """Return the figures that changed by a tenth or more, sorted by name."""
    old, new = (
        {
            name: value
            for state in run.checks.values()
            for name, value in state.figures.items()
        }
        for run in (comparison.before, comparison.after)
    )
    found = []
    for name in sorted(old.keys() & new.keys()):
        metric, _, percentile = name.rpartition("_")
        if old[name] <= 0 or not math.isfinite(new[name] / old[name]):
            continue
        one = FigureChange(metric, percentile, old[name], new[name])
        was, now = (format_figure(metric, run[name]) for run in (old, new))
        if was != now and abs(one.share) >= FIGURE_CHANGE:
            found.append(one)
    return tuple(found)


def summary(changes: Mapping[Change, tuple[str, ...]]) -> str:
    """Return how many checks changed in which way, as a sentence."""
    parts = [f"{len(changes[c])} {LABELS[c]}" for c in Change if changes[c]]
    return f"{', '.join(parts) or 'nothing to compare'}."


def as_json(comparisons: tuple[Comparison, ...]) -> str:
    """Return JSON in ASCII, as `comparison-v1.schema.json` describes it."""
    document = {
        "format": FORMAT,
        "exit_code": exit_code(comparisons),
        "targets": [_target(one) for one in comparisons],
    }
    return escape_json(json.dumps(document, indent=2)) + "\n"


def _target(comparison: Comparison) -> dict[str, Json]:
    before, after = comparison.before, comparison.after
    return {
        "before": _run(before),
        "after": _run(after),
        "regressed": comparison.regressed,
        "inconclusive": comparison.inconclusive,
        "changes": {
            change.value: [
                {
                    "check": name,
                    "level": _level(before.checks.get(name), after.checks.get(name)),
                    "before": _state(before.checks.get(name)),
                    "after": _state(after.checks.get(name)),
                }
                for name in comparison.changes[change]
            ]
            for change in TITLES
        },
        "same": len(comparison.changes[Change.SAME]),
        "figures": [
            {
                "metric": one.metric,
                "percentile": one.percentile,
                "before": round(one.before, 6),
                "after": round(one.after, 6),
                "share": round(one.share, 4),
                "worse": one.worse,
            }
            for one in changed_figures(comparison)
        ],
    }


def _run(run: TargetRun) -> dict[str, Json]:
    return {
        "target": run.target,
        "description": run.description,
        "trouble": run.trouble,
    }


def _state(state: CheckState | None) -> dict[str, Json] | None:
    if state is None:
        return None
    return {
        "outcome": state.outcome.value,
        "reason": state.reason,
        "messages": list(state.messages),
    }


def _level(before: CheckState | None, after: CheckState | None) -> str:
    last = after or before
    return last.level.value if last else ""


def markdown(comparisons: tuple[Comparison, ...]) -> str:
    """
    Return what broke, what got slower and what was fixed, for a comment.

    Checks that are newly judged are folded. Of a long report, the end is left out, and
    a line says so. Text of a server is inert, as in the Markdown of a run.
    """
    verdict = VERDICTS[exit_code(comparisons)]
    lines = [f"**{verdict}**", ""]
    for comparison in comparisons:
        lines += _section(comparison)
    return _bounded(lines)


def _section(comparison: Comparison) -> Iterator[str]:
    before, after, changes = comparison.before, comparison.after, comparison.changes
    yield f"### {code(_cut(after.target))}: {text(summary(changes))}"
    yield ""
    for label, run in (("before", before), ("after", after)):
        yield f"- {label}: {code(_cut(run.target))}, {code(_cut(run.description))}"
        if run.trouble:
            yield f"  - not fully judged: {text(_cut(run.trouble))}"
    yield ""
    figures = changed_figures(comparison)
    yield from _checks(comparison, Change.WORSE)
    yield from _figures("Slower", [one for one in figures if one.worse])
    yield from _checks(comparison, Change.DIFFERENT)
    yield from _checks(comparison, Change.LOST)
    yield from _checks(comparison, Change.BETTER)
    yield from _figures("Faster", [one for one in figures if not one.worse])
    if changes[Change.GAINED]:
        yield "<details>"
        yield (
            f"<summary>{count(len(changes[Change.GAINED]), 'check')} newly judged"
            "</summary>"
        )
        yield ""
        yield from _checks(comparison, Change.GAINED)
        yield "</details>"
        yield ""


def _checks(comparison: Comparison, change: Change) -> Iterator[str]:
    names = comparison.changes[change]
    if not names:
        return
    yield f"**{TITLES[change]}**"
    yield ""
    for name in names:
        before, after = (
            run.checks.get(name) for run in (comparison.before, comparison.after)
        )
        was, now = (
            state.outcome.value if state else "missing" for state in (before, after)
        )
        yield f"- {code(name)} ({_level(before, after)}): {was} → {now}"
        reasons = [*dict.fromkeys(after.messages), after.reason] if after else []
        shown = [reason for reason in reasons if reason]
        yield from (f"  - {text(_cut(reason))}" for reason in shown[:MOST_REASONS])
        if (more := len(shown) - MOST_REASONS) > 0:
            yield f"  - and {more} more"
    yield ""


def _figures(title: str, figures: list[FigureChange]) -> Iterator[str]:
    if not figures:
        return
    yield f"**{title}**"
    yield ""
    for one in figures:
        yield f"- {code(one.metric)} {text(one.percentile)}: {one}"
    yield ""


def _bounded(lines: list[str]) -> str:
    """Return as many whole *lines* as a comment holds."""
    shown: list[str] = []
    left = LONGEST
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            shown += ["", "The rest is left out; `compare` prints it."]
            break
        shown.append(line)
    return "\n".join(shown).rstrip() + "\n"


def _cut(value: str) -> str:
    shown = value[: LONGEST_REASON - 1]
    return value if len(value) <= LONGEST_REASON else f"{shown}…"


def html(comparisons: tuple[Comparison, ...]) -> str:
    """
    Return a page of what changed, in the order of the Markdown.

    It loads nothing, has no script, and is smaller than 1 MB: of longer texts and of
    many reasons less is shown. Text of a server is inert, as in the page of a run.
    """
    verdict = exit_code(comparisons)
    targets = [_section_of_page(one) for one in comparisons]
    page = ""
    for limit, reasons in PAGE_LADDER:
        page = fill(
            "comparison.html",
            limit,
            verdict=VERDICTS[verdict],
            mark=MARKS[verdict],
            targets=targets,
            most_reasons=reasons,
        )
        if len(page.encode()) <= MOST_BYTES:
            break
    return page


def _section_of_page(comparison: Comparison) -> dict[str, object]:
    figures = changed_figures(comparison)
    return {
        "before": comparison.before,
        "after": comparison.after,
        "summary": summary(comparison.changes),
        "rows": {
            change.value: [
                _row(
                    name,
                    comparison.before.checks.get(name),
                    comparison.after.checks.get(name),
                )
                for name in comparison.changes[change]
            ]
            for change in TITLES
        },
        "slower": [one for one in figures if one.worse],
        "faster": [one for one in figures if not one.worse],
    }


def _row(
    name: str, before: CheckState | None, after: CheckState | None
) -> dict[str, object]:
    reasons = [*dict.fromkeys(after.messages), after.reason] if after else []
    return {
        "name": name,
        "level": _level(before, after),
        "before": before.outcome.value if before else "missing",
        "after": after.outcome.value if after else "missing",
        "reasons": [reason for reason in reasons if reason],
    }


REPORTERS = {
    one.id: one
    for one in (
        ComparisonReporter("html", ".html", html),
        ComparisonReporter("json", ".json", as_json),
        ComparisonReporter("markdown", ".md", markdown),
    )
}
