"""Schedules: when each request is due, in seconds since the start of a run."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from random import Random

from contract.errors import UsageError
from contract.files.bounded import read_bounded

MOST_RATE = 10_000.0  # requests per second
MOST_REQUESTS = 1_000_000  # of one run
_MOST_TRACE = 64 * 2**20  # bytes


class Arrivals(StrEnum):
    """How requests follow each other at a rate."""

    CONSTANT = "constant"  # with equal gaps
    POISSON = "poisson"  # independently of each other, as many separate clients send


def rate_of(text: str) -> float:
    """
    Return a rate in requests per second.

    Raises `UsageError` unless *text* is a number above 0 and at most `MOST_RATE`.
    """
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate <= MOST_RATE:
        raise UsageError(
            f"A rate must be a number of requests per second above 0 and at most "
            f"{MOST_RATE:g}, not {text!r}."
        )
    return rate


def offsets(
    rate: float, seconds: float, arrivals: Arrivals, seed: int, most: int
) -> tuple[float, ...]:
    """
    Return when requests at *rate* per second are due within *seconds*.

    Args:
        rate: Requests per second.
        seconds: The length of the schedule.
        arrivals: How they follow each other.
        seed: The seed of `POISSON`.
        most: The number of requests that the run may send.

    Raises `UsageError` if the schedule has none, or more than *most*.
    """
    found: list[float] = []
    random = Random(f"arrivals:{seed}")  # noqa: S311  # not a secret
    at = 0.0
    while len(found) <= most:
        if arrivals is Arrivals.CONSTANT:
            at = len(found) / rate
        else:
            at += random.expovariate(rate)
        if at >= seconds:
            break
        found.append(at)
    return _bounded(tuple(found), most)


def read_trace(path: Path, most: int) -> tuple[float, ...]:
    """
    Return the offsets in the file at *path*: a number of seconds on each line.

    Empty lines and those that begin with # are skipped. Raises `UsageError` that names
    the line if it is no such number, is negative or less than the one before, and as
    `offsets` does.
    """
    try:
        text = read_bounded(path, _MOST_TRACE).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"The trace {str(path)!r} cannot be read: {why}.") from error
    found: list[float] = []
    for number, line in enumerate(text.splitlines(), 1):
        word = line.partition("#")[0].strip()
        if not word:
            continue
        try:
            at = float(word)
        except ValueError:
            at = math.nan
        if not 0 <= at < 86_400:  # noqa: PLR2004  # a day
            raise UsageError(
                f"Line {number} of the trace {str(path)!r} must be a number of seconds "
                f"from 0 to a day, not {word[:40]!r}."
            )
        if found and at < found[-1]:
            raise UsageError(
                f"Line {number} of the trace {str(path)!r} is earlier than the line "
                "before; sort it."
            )
        found.append(at)
        if len(found) > most:
            break
    return _bounded(tuple(found), most)


def _bounded(found: tuple[float, ...], most: int) -> tuple[float, ...]:
    if not found:
        raise UsageError(
            "The schedule has no request; choose a higher rate or a longer duration."
        )
    if len(found) > most:
        raise UsageError(
            f"The schedule has more than {most} requests, the most that this run may "
            "send; choose a lower rate or a shorter duration, or raise --max-requests."
        )
    return found
