"""Wall seconds of `verify mock` in each dialect: the figure in docs/figures.md."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from contract.catalog.profiles import builtin

LIMIT = 5.0  # seconds on two cores


@pytest.mark.parametrize("dialect", sorted(builtin()))
def test_verify_mock(benchmark, dialect):
    def once() -> float:
        begun = time.perf_counter()
        command = [sys.executable, "-m", "contract", "verify", f"mock:{dialect}"]
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - begun

    seconds = benchmark.pedantic(once, rounds=1)
    benchmark.extra_info["seconds"] = round(seconds, 2)
    benchmark.extra_info["share_of_limit"] = round(seconds / LIMIT, 2)
    print(f"\nverify mock:{dialect}: {seconds:.2f} s of {LIMIT:.0f}")

    assert seconds > 0
