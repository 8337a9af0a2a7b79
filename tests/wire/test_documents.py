"""The Python examples of the documents run, against the mock."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def examples():
    """The blocks of Python, without examples of a user's own tests."""
    return [
        pytest.param(block, id=f"{path.name}-{number}")
        for path in (ROOT / "README.md", ROOT / "docs" / "python.md")
        for number, block in enumerate(BLOCK.findall(path.read_text("utf-8")))
        if "my_client" not in block
    ]


@pytest.mark.parametrize("block", examples())
def test_an_example_runs(block, monkeypatch):
    monkeypatch.chdir(ROOT)

    exec(compile(block, "example", "exec"), {})  # noqa: S102  # of our own documents
