"""Rendering of the page: one gate for all texts, and a bound on its size."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from contract.model.escape import escape_controls, escape_logging_commands
from contract.reporters.page.content import MOST_CAUSES, Limits, arrange
from contract.reporters.page.excerpts import Command
from contract.run.report import Report

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_BYTES = 1_000_000  # of a page
FEW_SYMPTOMS = 8  # of one cause; more are folded
FOLDER = Path(__file__).parent / "templates"
# From the most that is shown to the least; the first that fits is taken.
LADDER = (
    Limits(text=2_000, findings=10, exchanges=3, body=4_000),
    Limits(text=1_000, findings=5, exchanges=2, body=1_500),
    Limits(text=400, findings=3, exchanges=1, body=800),
    Limits(text=160, findings=1, exchanges=0, body=0),
    Limits(text=60, findings=1, exchanges=0, body=0),
)


def render(report: Report) -> str:
    """
    Return the page of *report* in HTML, without a script and anything to load.

    If it would be larger than `MOST_BYTES`, less is shown of what the server sent; the
    page says so. Raises nothing for any text in the report.
    """
    page = ""
    for number, limits in enumerate(LADDER):
        page = _page(report, limits, tight=number > 0)
        if len(page) <= MOST_BYTES and len(page.encode()) <= MOST_BYTES:
            break
    return page


def _page(report: Report, limits: Limits, *, tight: bool) -> str:
    return fill(
        "page.html",
        limits.text,
        content=arrange(report, limits, tight=tight),
        most_causes=MOST_CAUSES,
        few_symptoms=FEW_SYMPTOMS,
    )


def fill(name: str, limit: int, **values: object) -> str:
    """
    Return the template *name*, filled with *values*.

    Every text in them is escaped, made inert, and cut after *limit* characters, unless
    it is a `Command`. Usage: `fill("page.html", 2_000, content=…)`.
    """
    style = (FOLDER / "style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = _environment().get_template(name)
    page = template.render(values, limit=limit, style=style, digest=digest)
    # Two values that stand side by side must not make a command of a CI system.
    return escape_logging_commands(page, "&#91;") + "\n"


@cache
def _environment() -> Environment:
    """Return the environment of the template, in which every text is made inert."""
    import jinja2

    @jinja2.pass_context
    def inert(context: jinja2.runtime.Context, value: object) -> object:
        # What the template marks as safe is no text: the style sheet and the pictures.
        if hasattr(value, "__html__"):
            return value
        text = str(value)
        if not isinstance(value, Command):
            text = bounded(text, context["limit"])
        return escape_controls(text)

    return jinja2.Environment(
        autoescape=True,
        finalize=inert,
        loader=jinja2.FileSystemLoader(FOLDER),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def bounded(text: str, most: int) -> str:
    """Return *text*, or its first *most* characters and the number of the others."""
    if len(text) <= most:
        return text
    return f"{text[:most]} … {len(text) - most:,} more characters"
