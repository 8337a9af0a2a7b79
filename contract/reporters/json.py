"""The report as JSON, for programs; `report-v1.schema.json` describes it."""

from __future__ import annotations

import json

from contract.reporters.base import reporter
from contract.run.report import (
    Report,
    to_json,
)


@reporter("json", suffix=".json")
def as_json(report: Report) -> str:
    """Indented; non-ASCII escaped, so that a lone surrogate cannot break a file."""
    return json.dumps(to_json(report), indent=2) + "\n"
