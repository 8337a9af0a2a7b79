"""Seconds from start to use, against a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from load import serving

ROUNDS = 5


def wall(*command: str) -> float:
    """Seconds of the fastest of a few runs of *command*."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        best = min(best, time.perf_counter() - begun)
    return best


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("-c", "import contract"), id="import"),
        pytest.param(("-m", "contract", "--version"), id="version"),
        pytest.param(("-m", "contract", "list"), id="list"),
    ],
)
def test_command(benchmark, arguments):
    nothing = wall(sys.executable, "-c", "pass")
    ours = benchmark.pedantic(wall, (sys.executable, *arguments), rounds=1)
    benchmark.extra_info["seconds"] = round(ours, 3)
    benchmark.extra_info["bare_python"] = round(nothing, 3)
    print(f"\n{' '.join(arguments)}: {ours:.3f} s; bare Python {nothing:.3f} s")

    assert ours > nothing / 2


def test_mock_from_start_to_first_200(benchmark):
    command = [sys.executable, "-m", "contract", "serve", "--port", "{port}"]

    def once() -> float:
        with serving(command, "/v1/models") as server:
            return server.started

    seconds = benchmark.pedantic(lambda: min(once() for _ in range(3)), rounds=1)
    benchmark.extra_info["seconds"] = round(seconds, 3)
    print(f"\nstart to first 200: {seconds:.3f} s")

    assert seconds > 0
