"""Changes of replies by name: faults, outages, alterations, quirks, with conditions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from urllib.parse import parse_qsl

from contract.catalog.breakages import faults_by_name
from contract.errors import UsageError
from contract.model.alterations import ALTERATIONS
from contract.model.check import Quirk
from contract.model.conditions import Change, conditional
from contract.model.duration import parse_duration
from contract.model.outages import OUTAGES, Outage
from contract.plugins.discovery import find, suggestion

CONDITIONS = ("when", "every", "rate", "seed")
"""The options that every fault takes after `?`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where faults strike, unless one of them says otherwise."""

    # Names of `contract.CONDITIONS` that must all hold.
    when: Collection[str] = ()
    # Of the chats for which they hold, every how many-th is changed.
    every: int = 1
    # The share of them that is changed, from 0 to 1; None for all.
    rate: float | None = None
    # Decides which chats a rate hits.
    seed: int = 0


ANYWHERE = Limits()


def changes_by_name() -> Mapping[str, Change]:
    """Return faults, breakages, outages, alterations and quirks by name."""
    faults = {name: fault.apply for name, fault in faults_by_name().items()}
    quirks = {name: quirk.apply for name, quirk in find("quirks", Quirk).items()}
    return {**faults, **OUTAGES, **ALTERATIONS, **quirks}


def read_change(
    text: str,
    known: Mapping[str, Change] | None = None,
    limits: Limits = ANYWHERE,
    *,
    what: str = "fault",
) -> Change:
    """
    Return the change that *text* names, such as `http-429?rate=0.1&retry-after=7`.

    Args:
        text: A name, and after `?` its conditions (when, every, rate, seed) and, for an
            outage, its options (retry-after, delay).
        known: The changes by name; all that are installed by default.
        limits: The conditions that *text* does not give.
        what: The kind of change, for error messages.

    Raises `UsageError` for an unknown name or option, and for a wrong value.
    """
    known = changes_by_name() if known is None else known
    name, _, query = text.partition("?")
    if name not in known:
        raise UsageError(f"Unknown {what} {name!r}{suggestion(name, known, what=what)}")
    change = known[name]
    options = change.options if isinstance(change, Outage) else ()
    given = dict(parse_qsl(query, keep_blank_values=True))
    for key in given:
        if key not in {*CONDITIONS, *options}:
            close = suggestion(key, {*CONDITIONS, *options})
            raise UsageError(f"The fault {name!r} has no option {key!r}{close}")
    if isinstance(change, Outage):
        change = _with_options(change, given)
    every, rate, seed = limits.every, limits.rate, limits.seed
    if "every" in given:
        every, rate = _whole("every", given["every"]), None
    if "rate" in given:
        rate = _share(given["rate"])
        every = every if "every" in given else 1
    return conditional(
        change,
        when=given["when"].split(",") if "when" in given else limits.when,
        every=every,
        rate=rate,
        # Two faults with the same rate hit different chats.
        seed=f"{_whole('seed', given['seed']) if 'seed' in given else seed}:{name}",
    )


def _with_options(outage: Outage, given: Mapping[str, str]) -> Outage:
    if "retry-after" in given:
        outage = replace(
            outage, retry_after=_whole("retry-after", given["retry-after"])
        )
    if (outage.retry_after or 0) < 0:
        raise UsageError("retry-after must be a number of seconds from 0.")
    if "delay" in given:
        outage = replace(outage, delay=parse_duration("delay", given["delay"]))
    return outage


def _whole(key: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise UsageError(f"{key} must be a whole number, not {value!r}.") from None


def _share(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise UsageError(f"rate must be a number such as 0.1, not {value!r}.") from None


def read_changes(
    texts: Iterable[str],
    known: Mapping[str, Change] | None = None,
    limits: Limits = ANYWHERE,
) -> Change | None:
    """
    Return the changes that *texts* name as one, applied in order; None without any.

    The other parameters, and what is raised, are those of `read_change`.
    """
    known = changes_by_name() if known is None else known
    return chain([read_change(text, known, limits) for text in texts])


def chain(changes: Iterable[Change | None]) -> Change | None:
    """Return a change that applies *changes* in order; None without any."""
    steps = tuple(change for change in changes if change is not None)
    if len(steps) < 2:  # noqa: PLR2004  # one is not wrapped
        return steps[0] if steps else None
    return lambda reply: reduce(lambda changed, step: step(changed), steps, reply)
