"""The gate of test reports: what pytest prints of a check is masked and inert."""

from __future__ import annotations

import pytest


def apply(report: pytest.TestReport) -> None:
    """
    Mask and escape whatever *report* prints.

    Reasons of skips and expected failures, which pytest prints on one line, become one
    line; other text keeps its lines.
    """
    from contract.model.escape import escape_lines
    from contract.model.redaction import SECRETS, sanitise

    def lines(text: str) -> str:
        return escape_lines(SECRETS.mask(text))

    if hasattr(report, "wasxfail"):
        report.wasxfail = sanitise(report.wasxfail)
    shown = report.longrepr
    match shown:
        case None:
            pass
        case (path, line, reason):
            report.longrepr = (path, line, sanitise(reason))
        case _ if (text := str(shown)) != (inert := lines(text)):
            # Its own form holds the text in many places; its plain text is enough.
            report.longrepr = inert
    report.sections = [(name, lines(text)) for name, text in report.sections]
