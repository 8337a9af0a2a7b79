"""The stand-in provider in this very process: `mock[:dialect]`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from contract.catalog.profiles import named
from contract.errors import UsageError
from contract.mock_server.app import serving
from contract.mock_server.latency import LatencyPlan
from contract.mock_server.provider import (
    MockProvider,
    served_models,
)
from contract.model.profile import Profile
from contract.targets.base import (
    KeyOption,
    Opened,
    ReplyChange,
    target,
)
from contract.tokens import tekken

DEFAULT = "mistral"
KEY = "sk-mock-of-magistral-contract"


def mock_profile(name: str) -> Profile:
    """The built-in profile of that id or alias, by default Mistral's."""
    return named(name or DEFAULT, what="dialect")


@target("mock", read=mock_profile)
@contextmanager
def mock(  # noqa: PLR0913  # the options of a target, all by name
    dialect: str,
    *,
    ttft: Annotated[float, "until the first text"] = 0.0,
    icl: Annotated[float, "between two pieces of text"] = 0.0,
    jitter: Annotated[float, "how much icl varies, up and down"] = 0.0,
    seed: Annotated[int, "of whatever is drawn: jitter, ids, random answers"] = 0,
    fault: Annotated[
        ReplyChange | None, "breaks its replies; see list --faults and --breakages"
    ] = None,
    quirk: Annotated[
        ReplyChange | None, "makes its replies legal but odd; see list --quirks"
    ] = None,
    window: Annotated[
        int | None, "the context window in tokens; by default the profile's"
    ] = None,
    key: KeyOption = KEY,
    model: Annotated[str | None, "the only model it serves"] = None,
) -> Iterator[Opened]:
    """
    The scripted provider of *dialect*, on a free port of the loopback interface.

    A quirk is applied before a fault. The first model it serves is the one to ask for.
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


def _both(first: ReplyChange | None, then: ReplyChange | None) -> ReplyChange | None:
    if first is None or then is None:
        return first or then
    return lambda reply: then(first(reply))
