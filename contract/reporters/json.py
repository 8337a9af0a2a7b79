"""JSON reporter, for programs; `report-v1.schema.json` describes the format."""

from __future__ import annotations

import json

from contract.reporters.base import reporter
from contract.run.report import Report, to_json


@reporter("json", suffix=".json")
def as_json(report: Report) -> str:
    """Return indented JSON in ASCII, which can represent lone surrogates too."""
    return json.dumps(to_json(report), indent=2) + "\n"
