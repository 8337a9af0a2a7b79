"""The JSON reporter."""

from __future__ import annotations

import json

from contract.reporters.json import as_json
from contract.run.report import to_json


def test_the_text_is_the_report_in_ascii(report):
    text = as_json.render(report)

    assert to_json(report) == json.loads(text)
    assert text.isascii()


def test_the_text_is_golden(report, golden):
    text = as_json.render(report)

    assert golden("report.json", text) == text
