"""Looks for the smallest example of something, in a bounded number of tries."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeVar

from contract.errors import UsageError

T = TypeVar("T")
# A failure may cost so many times the examples to be made smaller.
SHRINKING = 4


class _Failed(Exception):  # noqa: N818  # what a test is to do when it fails
    """Told to Hypothesis, which only understands exceptions."""


def available() -> bool:
    """Whether Hypothesis, an extra, is installed."""
    return find_spec("hypothesis") is not None


def ensure_available() -> None:
    """Raise `UsageError` that names the extra where Hypothesis is missing."""
    if not available():
        raise UsageError(
            "This check draws its requests; it needs Hypothesis: "
            "pip install -e '.[fuzz]' where it was cloned."
        )


def smallest(
    examples: Any,  # a strategy; Hypothesis may be missing
    fails: Callable[[T], bool],
    *,
    most: int,
    seed: int | None = None,
    shrink: bool = True,
) -> T | None:
    """
    The smallest of the *examples* that *fails*, or None; at most *most* are tried.

    The same ones every time, unless there is a *seed*. *fails* must say the same of
    equal examples; without *shrink* it is asked about no other than the *most*.
    """
    ensure_available()
    import hypothesis  # noqa: PLC0415  # an extra, and slow to import

    found: list[T] = []
    asked: dict[T, bool] = {}

    def attempt(example: T) -> None:
        if example not in asked:
            if len(asked) >= most * (SHRINKING if found else 1):
                return
            asked[example] = fails(example)
        if asked[example]:
            found.append(example)
            raise _Failed

    phases = [hypothesis.Phase.generate]
    if shrink:
        phases.append(hypothesis.Phase.shrink)
    settings: Any = hypothesis.settings(
        max_examples=most,
        deadline=None,
        database=None,
        derandomize=seed is None,
        phases=phases,
        report_multiple_bugs=False,
        verbosity=hypothesis.Verbosity.quiet,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    given: Any = hypothesis.given
    test = settings(given(examples)(attempt))
    if seed is not None:
        seeded: Any = hypothesis.seed
        test = seeded(seed)(test)
    try:
        test()
    except _Failed:
        return found[-1]
    return None
