"""Memory of a run by the number of its large answers: it stays the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parent / "growth.py"
MEGABYTES = 8  # of each answer
FEW, MANY = 4, 16  # answers


def measured(answers: int) -> tuple[int, int]:
    """The bytes received, and the peak of memory in bytes."""
    command = [sys.executable, str(PROGRAM), str(answers), str(MEGABYTES)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    received, size, judged = map(int, done.stdout.split())
    assert judged > 0
    return received, size


def test_memory_does_not_grow_with_the_number_of_answers(benchmark):
    (few, small), (many, large) = benchmark.pedantic(
        lambda: (measured(FEW), measured(MANY)), rounds=1
    )
    benchmark.extra_info.update(
        received_megabytes=[round(few / 1e6), round(many / 1e6)],
        peak_megabytes=[round(small / 1e6), round(large / 1e6)],
        growth=round(large / small, 2),
    )
    print(
        f"\n{FEW} answers of {MEGABYTES} MiB: {small / 1e6:.0f} MB at most; {MANY}: "
        f"{large / 1e6:.0f} MB for {many / 1e6:.0f} MB received: "
        f"{large / small:.2f} times the memory for {many / few:.0f} times the bytes"
    )

    assert many == MANY * (few // FEW)
