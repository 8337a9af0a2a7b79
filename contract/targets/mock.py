"""Target `mock[:dialect]`: the mock of a dialect, in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from contract.catalog.profiles import named
from contract.errors import UsageError
from contract.mock_server.app import serving
from contract.mock_server.latency import LatencyPlan
from contract.mock_server.provider import MockProvider, served_models
from contract.model.conditions import CONDITIONS, conditional
from contract.model.profile import Profile
from contract.targets.base import KeyOption, Opened, ReplyChange, target
from contract.tokens import tekken

DEFAULT = "mistral"
KEY = "sk-mock-of-magistral-contract"


def mock_profile(name: str) -> Profile:
    """Return the built-in profile with that id or alias; Mistral's for an empty one."""
    return named(name or DEFAULT, what="dialect")


@target("mock", read=mock_profile)
@contextmanager
def mock(  # noqa: PLR0913  # the options of a target, all by name
    dialect: str,
    *,
    ttft: Annotated[float, "time until the first text"] = 0.0,
    icl: Annotated[float, "time between successive texts"] = 0.0,
    jitter: Annotated[float, "random variation of icl, up and down"] = 0.0,
    seed: Annotated[int, "seed of jitter, ids and random answers"] = 0,
    fault: Annotated[
        ReplyChange | None, "fault in every reply; see list --faults and --breakages"
    ] = None,
    quirk: Annotated[
        ReplyChange | None, "legal oddity in every reply; see list --quirks"
    ] = None,
    when: Annotated[
        str | None,
        f"where the fault strikes: {', '.join(CONDITIONS)}; several with commas",
    ] = None,
    every: Annotated[int, "of the chats where it strikes, every how many-th"] = 1,
    window: Annotated[
        int | None, "context window in tokens; the profile's if left out"
    ] = None,
    key: KeyOption = KEY,
    model: Annotated[str | None, "the only model served"] = None,
) -> Iterator[Opened]:
    """
    The mock of a dialect, on a free port of the loopback interface.

    *dialect* is the id or alias of a profile. A quirk is applied before a fault. The
    model to request is the first one served. The other parameters are described by
    their annotations; times are in seconds.
    """
    profile = mock_profile(dialect)
    if window is None:
        window = profile.context_window
    if window < 1:
        raise UsageError(f"window must be at least 1 token, not {window}.")
    provider = MockProvider(
        profile.dialect,
        models=(model,) if model else served_models(profile.dialect),
        context_window=window,
        api_key=key or None,
        plan=LatencyPlan(ttft, icl, jitter, seed),
        change=_both(quirk, _limited(fault, when, every)),
        clock=time.time,
        seed=seed,
    )
    if ttft or icl:
        # Otherwise the first request loads the vocabulary and misses its schedule.
        tekken.encoding()
    with serving(provider) as url:
        yield Opened(
            url,
            profile=profile.id,
            key=key or None,
            model=provider.models[0],
            is_mock=True,
        )


def _limited(
    fault: ReplyChange | None, when: str | None, every: int
) -> ReplyChange | None:
    """Return *fault* where it strikes only under the conditions, if there are any."""
    if fault is None and (when or every != 1):
        raise UsageError("when and every limit a fault; add fault=NAME.")
    names = [name.strip() for name in when.split(",")] if when else []
    return fault and conditional(fault, when=names, every=every)


def _both(first: ReplyChange | None, then: ReplyChange | None) -> ReplyChange | None:
    if first is None or then is None:
        return first or then
    return lambda reply: then(first(reply))
