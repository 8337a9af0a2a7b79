"""Schemathesis with `contract.schemathesis_hooks` in pytest, as in docs/openapi.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract.catalog.profiles import builtin
from contract.mock_server.app import serving
from contract.mock_server.provider import MockProvider
from contract.model.check import Fault
from contract.plugins.discovery import find

FAULTS = find("checks", Fault)
ROOT = Path(__file__).parents[2]
RECIPE = re.search(
    r"```python\n(# test_provider\.py\n.*?)```",
    (ROOT / "docs" / "openapi.md").read_text("utf-8"),
    re.DOTALL,
)
WITHOUT_COVERAGE = '"phases": {"coverage": {"enabled": False}}'
BRIEF = "--hypothesis-profile=brief"
PROFILE = """
from hypothesis import Phase, settings

settings.register_profile("brief", max_examples=2, phases=[Phase.generate])
"""


def run(folder, url):
    # The coverage phase alone sends a thousand requests.
    brief = RECIPE[1].replace("from_dict({", f"from_dict({{{WITHOUT_COVERAGE}, ")
    (folder / "test_provider.py").write_text(brief, "utf-8")
    (folder / "conftest.py").write_text(PROFILE, "utf-8")
    (folder / "openapi.yaml").symlink_to(ROOT / "openapi.yaml")
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", BRIEF, "-k", "chat"]
    return subprocess.run(  # noqa: S603  # the arguments are fixed
        [sys.executable, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PROVIDER": url, "COLUMNS": "200"},
    )


@pytest.mark.long
def test_the_recipe_applies_the_checks_to_every_chat(tmp_path):
    dialect = builtin()["vllm-0.32"].dialect
    change = FAULTS["total-without-prompt"].apply
    with serving(MockProvider(dialect, change=change)) as url:
        done = run(tmp_path, url)

    assert done.returncode == 1
    assert "usage_sums_up" in done.stdout, done.stdout + done.stderr
    assert "Response violates schema" not in done.stdout
