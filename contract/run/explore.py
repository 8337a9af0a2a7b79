"""Bounded search for the smallest failing example."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeVar

from contract.errors import UsageError

T = TypeVar("T")
# Shrinking a failure may cost up to this multiple of the number of examples.
SHRINKING = 4


class _Failed(Exception):  # noqa: N818  # a signal to Hypothesis, not an error
    """Signals a failing example to Hypothesis, which only understands exceptions."""


def available() -> bool:
    """Return whether Hypothesis, an optional dependency, is installed."""
    return find_spec("hypothesis") is not None


def ensure_available() -> None:
    """Raise a `UsageError` that names the extra to install if Hypothesis is missing."""
    if not available():
        raise UsageError(
            "This check generates its requests and needs Hypothesis: run "
            "pip install -e '.[fuzz]' in the cloned repository."
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
    Return the smallest example that fails, or None if no example fails.

    Args:
        examples: The Hypothesis strategy that generates hashable examples.
        fails: Returns whether an example fails. It is called once per distinct
            example, so it must give equal examples the same answer.
        most: The number of examples to try. Shrinking a failure may try up to
            `SHRINKING` times as many in total.
        seed: The seed of the generator. Without one the examples are the same in
            every run.
        shrink: Whether to look for a smaller example after the first failure.

    Raises `UsageError` if Hypothesis is not installed.
    """
    ensure_available()
    import hypothesis  # noqa: PLC0415  # optional, and slow to import

    failing: list[T] = []
    verdicts: dict[T, bool] = {}

    def attempt(example: T) -> None:
        if example not in verdicts:
            if len(verdicts) >= most * (SHRINKING if failing else 1):
                return
            verdicts[example] = fails(example)
        if verdicts[example]:
            failing.append(example)
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
        return failing[-1]
    return None
