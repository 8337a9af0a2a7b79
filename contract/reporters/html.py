"""HTML reporter: one page that works offline, without scripts, and in print."""

from __future__ import annotations

from contract.reporters.base import reporter
from contract.reporters.page.rendering import render
from contract.run.report import Report


@reporter("html", suffix=".html")
def html(report: Report) -> str:
    """
    Return the verdict, what broke and what to do, pictures, then family by family.

    The page loads nothing and has no script. It is smaller than 1 MB: of what servers
    sent less is shown where there is much.
    """
    return render(report)
