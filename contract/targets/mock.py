"""The stand-in provider in this very process: `mock[:dialect]`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from contract import tekken
from contract.errors import UsageError
from contract.profile import Profile
from contract.profiles import named
from contract.server.app import serving
from contract.server.plan import Plan
from contract.server.provider import SERVED, WINDOW, Provider
from contract.targets.base import Change, Opened, target

DEFAULT = "mistral"
KEY = "sk-mock-of-magistral-contract"


def promised(name: str) -> Profile:
    """The built-in profile of that id or alias, by default Mistral's."""
    return named(name or DEFAULT, what="dialect")


@target("mock", read=promised)
@contextmanager
def mock(  # noqa: PLR0913  # the options of a target, all by name
    dialect: str,
    *,
    ttft: float = 0.0,
    icl: float = 0.0,
    jitter: float = 0.0,
    seed: int = 0,
    fault: Change | None = None,
    quirk: Change | None = None,
    window: int = WINDOW,
    key: str = KEY,
    model: str | None = None,
) -> Iterator[Opened]:
    """
    The scripted provider of *dialect*, on a free port of the loopback interface.

    *ttft*, *icl* and *jitter* are durations, *window* the context window in tokens,
    *key* the API key it demands (empty: none), *model* the only model it serves. A
    *fault* breaks its replies, a *quirk* makes them legal but odd.
    """
    profile = promised(dialect)
    if window < 1:
        raise UsageError(f"window must be at least 1 token, not {window}.")
    provider = Provider(
        profile.dialect,
        models=(model,) if model else SERVED,
        context_window=window,
        api_key=key or None,
        plan=Plan(ttft, icl, jitter, seed),
        change=_both(quirk, fault),
        clock=time.time,
        seed=seed,
    )
    if ttft or icl:
        # The first request would load it, and come later than planned.
        tekken.encoding()
    with serving(provider) as url:
        yield Opened(
            url,
            profile=profile.id,
            key=key or None,
            model=provider.models[0],
            scripted=True,
        )


def _both(first: Change | None, then: Change | None) -> Change | None:
    if first is None or then is None:
        return first or then
    return lambda reply: then(first(reply))
