"""JSON reporter, for programs; `report-v1.schema.json` describes the format."""

from __future__ import annotations

import json

from contract.model.escape import escape_json
from contract.reporters import attribution
from contract.reporters.base import reporter
from contract.reporters.changes import changes_to_json, since_baseline
from contract.run.report import Report, to_json


@reporter("json", suffix=".json")
def as_json(report: Report) -> str:
    """
    Return indented JSON in ASCII, which can represent lone surrogates too.

    Programs read the texts as they are; in a log, JSON in ASCII is inert but for the
    logging commands of CI systems, whose bracket is escaped.
    """
    document = to_json(report)
    if report.baseline is not None:
        document["changes"] = [*map(changes_to_json, since_baseline(report))]
    if report.behind is not None:
        document["behind"] = [*attribution.to_json(report)]
    return escape_json(json.dumps(document, indent=2)) + "\n"
