"""Reports of a comparison: HTML for people, JSON for programs, Markdown for CI."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contract.model.escape import escape_json
from contract.model.redaction import SECRETS
from contract.reporters.changes import changes_to_json, summary
from contract.reporters.markdown import LONGEST_REASON, MOST_REASONS, code, text
from contract.reporters.markdown import changes as changes_in_markdown
from contract.reporters.markdown import shortened as _cut
from contract.reporters.page.content import ChangesOnPage
from contract.reporters.page.rendering import MOST_BYTES, fill
from contract.run.compare import (
    INCONCLUSIVE,
    Comparison,
    exit_code,
)

FORMAT = "comparison-v1"
# GitHub accepts 65,536 characters in a comment, GitLab a million; the rest is for a
# heading that a workflow may add.
LONGEST = 60_000
# Characters of one text, and reasons of one check, of a page; the first that fits.
PAGE_LADDER = ((LONGEST_REASON, MOST_REASONS), (200, 2), (60, 1))
MARKS = {0: "pass", 1: "fail", INCONCLUSIVE: "error"}
VERDICTS = {0: "NOTHING GOT WORSE", 1: "WORSE", INCONCLUSIVE: "INCONCLUSIVE"}


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


def as_json(comparisons: tuple[Comparison, ...]) -> str:
    """Return JSON in ASCII, as `comparison-v1.schema.json` describes it."""
    document = {
        "format": FORMAT,
        "exit_code": exit_code(comparisons),
        "targets": [changes_to_json(one) for one in comparisons],
    }
    return escape_json(json.dumps(document, indent=2)) + "\n"


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
    before, after = comparison.before, comparison.after
    yield f"### {code(_cut(after.target))}: {text(summary(comparison.changes))}"
    yield ""
    for label, run in (("before", before), ("after", after)):
        yield f"- {label}: {code(_cut(run.target))}, {code(_cut(run.description))}"
        if run.trouble:
            yield f"  - not fully judged: {text(_cut(run.trouble))}"
    yield ""
    yield from changes_in_markdown(comparison)


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


def html(comparisons: tuple[Comparison, ...]) -> str:
    """
    Return a page of what changed, in the order of the Markdown.

    It loads nothing, has no script, and is smaller than 1 MB: of longer texts and of
    many reasons less is shown. Text of a server is inert, as in the page of a run.
    """
    verdict = exit_code(comparisons)
    targets = [ChangesOnPage(one) for one in comparisons]
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


REPORTERS = {
    one.id: one
    for one in (
        ComparisonReporter("html", ".html", html),
        ComparisonReporter("json", ".json", as_json),
        ComparisonReporter("markdown", ".md", markdown),
    )
}
