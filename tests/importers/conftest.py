"""Reports that newman 6.2.2 and apidog-cli 2.2.9 wrote of a run on `serve --verdicts`.

The collection has a verdict of each kind (`report.json` is what was served) and a test
that is of no check. Bodies and stack frames are left out of the JSON files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

CLIENTS = Path(__file__).resolve().parents[2] / "fixtures" / "clients"
KINDS = {
    "usage.sums-up": ("pass", ""),
    "reasoning.present": ("fail", ""),
    "context.overflow-tells-the-limit": ("fail", ""),
    "rejections.unknown-model": ("skip", "vllm-0.16 does not offer vision"),
    "streaming.ends-with-done": (
        "waived",
        "vllm-project/vllm#1: answers 404 with text",
    ),
    "streaming.carries-text": ("error", "the server could not answer (503)"),
}


@pytest.fixture
def client_report():
    """Return the text of a file in `fixtures/clients`, by its name."""
    return lambda name: (CLIENTS / name).read_text("utf-8")
