"""Schemathesis's whole default set against the stand-in of every profile, at length."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract.catalog.profiles import builtin
from contract.mock_server.app import serving
from contract.mock_server.provider import SERVED, MockProvider

ROOT = Path(__file__).parents[1]
LEAST = 2_000  # cases
# Examples of each operation; some providers have fewer of them than others.
EXAMPLES = {
    "mistral-2025-10": 340,
    "llamacpp": 520,
    "inline": 360,
    "transformers": 1_700,
}
USUAL = 330


@pytest.mark.lengthy
@pytest.mark.parametrize("name", builtin())
def test_stand_in_passes_two_thousand_cases(name):
    profile = builtin()[name]
    examples = EXAMPLES.get(name, USUAL)
    command = ("schemathesis.cli", "run", "openapi.yaml", "--no-color", "--seed", "1")
    with serving(MockProvider(profile.dialect)) as url:
        done = subprocess.run(
            [
                *(sys.executable, "-m", *command, "--url", url),
                *("--max-examples", f"{examples}"),
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
            env={
                **os.environ,
                "SCHEMATHESIS_HOOKS": "contract.schemathesis_hooks",
                "MAGISTRAL_CONTRACT_PROFILE": name,
                "MAGISTRAL_CONTRACT_MODEL": SERVED[0],
            },
        )
    counted = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    print(f"\n{name}: {counted[0] if counted else done.stdout[-2_000:]}")

    assert done.returncode == 0, done.stdout[-4_000:]
    assert int(counted[1]) == int(counted[2]) >= LEAST
