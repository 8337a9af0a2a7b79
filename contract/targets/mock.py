"""Target `mock[:dialect]`: the mock of a dialect, in this process."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Annotated

from contract.catalog.answers import read_answers
from contract.catalog.changes import Limits, chain, read_changes
from contract.catalog.profiles import named
from contract.errors import UsageError
from contract.mock_server.app import serving
from contract.mock_server.control import Control
from contract.mock_server.latency import AT_ONCE, LatencyPlan
from contract.mock_server.provider import MockProvider, served_models
from contract.model.conditions import CONDITIONS, conditional
from contract.model.custom import Answers
from contract.model.profile import Profile
from contract.targets.base import KeyOption, Opened, Rate, ReplyChange, target
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
        ReplyChange | None,
        "fault in every reply, repeatable; see list --faults and --breakages",
    ] = None,
    quirk: Annotated[
        ReplyChange | None, "legal oddity in every reply; see list --quirks"
    ] = None,
    when: Annotated[
        str | None,
        f"where the fault strikes: {', '.join(CONDITIONS)}; several with commas",
    ] = None,
    every: Annotated[int, "of the chats where it strikes, every how many-th"] = 1,
    rate: Annotated[Rate | None, "share of the chats where it strikes"] = None,
    answers: Annotated[str | None, "TOML file of custom answers"] = None,
    control: Annotated[bool, "let PUT /__magistral__/faults change the faults"] = False,
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
    provider = build(
        dialect,
        models=(model,) if model else (),
        window=window,
        key=key or None,
        plan=LatencyPlan(ttft, icl, jitter, seed),
        change=chain([quirk, _limited(fault, when, every, rate, seed)]),
        seed=seed,
        answers=None if answers is None else read_answers(answers),
    )
    if ttft or icl:
        # Otherwise the first request loads the vocabulary and misses its schedule.
        tekken.encoding()
    controlled = Control(partial(read_faults, seed=seed)) if control else None
    with serving(provider, control=controlled) as url:
        yield Opened(
            url,
            profile=profile.id,
            key=key or None,
            model=provider.models[0],
            is_mock=True,
        )


def read_faults(
    texts: Sequence[str], *, before: Sequence[ReplyChange] = (), seed: int = 0
) -> ReplyChange | None:
    """
    Return the faults that *texts* name, after the changes *before*; None without any.

    *seed* decides which chats a rate hits. Raises `UsageError`.
    """
    return chain([*before, read_changes(texts, limits=Limits(seed=seed))])


def build(  # noqa: PLR0913  # the options of a mock, all by name
    dialect: str,
    *,
    models: tuple[str, ...] = (),
    window: int | None = None,
    key: str | None = None,
    plan: LatencyPlan = AT_ONCE,
    seed: int = 0,
    answers: Answers | None = None,
    change: ReplyChange | None = None,
) -> MockProvider:
    """
    Return the mock of *dialect*; the arguments but *change* can be sent to a process.

    Args:
        dialect: The id or alias of a profile.
        models: Names of the models served; those of the dialect if empty.
        window: Context window in tokens; the profile's if None.
        key: API key that requests need; None for none.
        plan: Latency of the replies.
        seed: Seed of ids and random answers.
        answers: Custom answers, which come before the scripts.
        change: A fault or a quirk of every reply.

    Raises `UsageError` if the dialect is unknown.
    """
    profile = mock_profile(dialect)
    return MockProvider(
        profile.dialect,
        models=models or served_models(profile.dialect),
        context_window=window or profile.context_window,
        api_key=key,
        plan=plan,
        change=change,
        clock=time.time,
        seed=seed,
        answers=answers,
    )


def _limited(
    fault: ReplyChange | None,
    when: str | None,
    every: int,
    rate: float | None,
    seed: int,
) -> ReplyChange | None:
    """Return *fault* where it strikes only under the conditions, if there are any."""
    if fault is None and (when or every != 1 or rate is not None):
        raise UsageError("when, every and rate limit a fault; add fault=NAME.")
    names = [name.strip() for name in when.split(",")] if when else []
    return fault and conditional(
        fault, when=names, every=every, rate=rate, seed=str(seed)
    )
