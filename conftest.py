"""
Golden files, switches and signals of the tests of this project.

pytest loads this file in a clone, whatever it is asked to run, and the README's
`pytest --pyargs contract.suite` has pytest alone: what needs more is in `tests/`.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

# A shell gives what it starts with `&` an ignored SIGINT (POSIX, 2.12), and CI starts
# much so. Programs under test would inherit it and never hear of Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

GOLDEN = Path(__file__).parent / "fixtures" / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switches that only the tests of this project have."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite fixtures/golden"
    )
    parser.addoption(
        "--matrix-check",
        action="append",
        metavar="ID",
        help="with -m matrix: only the faults of this check; repeatable",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: many tests wait for a socket or a process."""
    return (os.cpu_count() or 1) + 1


def pytest_configure() -> None:
    """Collect without garbage collection: it takes half of the time and finds none."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave what was collected out of the garbage collections of the tests."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], str]:
    """`golden(name, text)` is the committed text; with --update-golden, *text*."""

    def committed(name: str, text: str) -> str:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        return path.read_text(encoding="utf-8")

    return committed
