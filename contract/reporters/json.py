"""JSON reporter, for programs; `report-v1.schema.json` describes the format."""

from __future__ import annotations

import json

from contract.model.escape import escape_json
from contract.reporters.base import reporter
from contract.run.report import Report, to_json


@reporter("json", suffix=".json")
def as_json(report: Report) -> str:
    """
    Return indented JSON in ASCII, which can represent lone surrogates too.

    Programs read the texts as they are; in a log, JSON in ASCII is inert but for the
    logging commands of CI systems, whose bracket is escaped.
    """
    return escape_json(json.dumps(to_json(report), indent=2)) + "\n"
