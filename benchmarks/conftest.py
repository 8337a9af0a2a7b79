"""Lets the benchmarks import each other by name; adds the option `--one-of-each`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option with which CI shows that each benchmark still runs."""
    parser.addoption(
        "--one-of-each",
        action="store_true",
        help="run each benchmark with the first of its parameters only",
    )


# Last, so that the first is among those that the markers select.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Keep the first of each benchmark's parameters, where that is asked."""
    if not config.getoption("--one-of-each"):
        return
    first: dict[str, pytest.Item] = {}
    for item in items:
        first.setdefault(item.nodeid.partition("[")[0], item)
    kept = list(first.values())
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
