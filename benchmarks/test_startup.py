"""
From start to use, as ratios to a Python that only imports click, in the same run.

Version 0.1.0 on the same machine: `verify --help` ratio 6.4, `list` ratio 12, and
`verify mock` 1.84 CPU seconds.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import pytest
from load import serving

ROUNDS = 5
PEER = ("-c", "import click")


def fastest(*arguments: str) -> tuple[float, float]:
    """Wall and CPU seconds of the fastest of a few runs of Python with *arguments*."""
    walls, cpus = [], []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.perf_counter()
        subprocess.run((sys.executable, *arguments), check=True, capture_output=True)
        walls.append(time.perf_counter() - begun)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(walls), min(cpus)


@pytest.mark.parametrize(
    ("arguments", "peer"),
    [
        pytest.param(("-c", "import contract"), ("-c", "pass"), id="import"),
        pytest.param(("-m", "contract", "--version"), PEER, id="version"),
        pytest.param(("-m", "contract", "verify", "--help"), PEER, id="help"),
        pytest.param(("-m", "contract", "list"), PEER, id="list"),
        pytest.param(("-m", "contract", "verify", "mock"), PEER, id="verify"),
    ],
)
def test_command(benchmark, arguments, peer):
    wall, _ = fastest(*peer)
    ours, ours_cpu = benchmark.pedantic(fastest, arguments, rounds=1)
    benchmark.extra_info.update(
        seconds=round(ours, 3),
        cpu_seconds=round(ours_cpu, 3),
        ratio=round(ours / wall, 1),
    )
    print(
        f"\n{' '.join(arguments)}: {ours:.3f} s ({ours_cpu:.3f} CPU s); "
        f"{' '.join(peer)} {wall:.3f} s: ratio {ours / wall:.1f}"
    )

    assert ours > 0


def test_mock_from_start_to_first_200(benchmark):
    command = [sys.executable, "-m", "contract", "serve", "--port", "{port}"]

    def once() -> float:
        with serving(command, "/v1/models") as server:
            return server.started

    seconds = benchmark.pedantic(lambda: min(once() for _ in range(3)), rounds=1)
    benchmark.extra_info["seconds"] = round(seconds, 3)
    print(f"\nstart to first 200: {seconds:.3f} s")

    assert seconds > 0
