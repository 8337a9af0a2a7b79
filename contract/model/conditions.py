"""Conditions under which a change of replies strikes: features, every Nth, a rate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import count

from contract.errors import UsageError
from contract.model.chat import Json
from contract.model.features import FEATURES, features_of
from contract.model.probe import Probe
from contract.model.reply import Frame, Reply, event_json
from contract.model.strict_json import MISSING

Change = Callable[[Reply], Reply]
WHOLE = "whole"  # the opposite of the feature `streamed`
SECOND_CHOICE = "second-choice"
CONDITIONS = (*FEATURES, WHOLE, SECOND_CHOICE)
"""The names that `when` takes: features of the request, and two about the reply."""

_UNREAD = Probe(name="unread")  # stands for a request that was not understood


@dataclass(frozen=True, slots=True)
class Conditional:
    """
    A change that strikes only under conditions; total, like the change itself.

    Usage: `Conditional(fault.apply, frozenset({"streamed", "tools"}))(reply)`.
    """

    change: Change
    # The names of all conditions that must hold, of `CONDITIONS`.
    when: frozenset[str] = frozenset()

    def __call__(self, reply: Reply) -> Reply:
        """Return *reply*, changed if all conditions hold."""
        if not holds(self.when, reply):
            return reply
        changed = self.change(reply)
        if SECOND_CHOICE in self.when:
            return _with_first_choice_of(reply, changed)
        return changed


def holds(when: Collection[str], reply: Reply) -> bool:
    """Return whether the request of *reply* meets the conditions *when*."""
    features = features_of(reply.asked, reply.probe or _UNREAD)
    if WHOLE in when and "streamed" in features:
        return False
    wanted = {SECOND_CHOICE: "n"}
    return {wanted.get(name, name) for name in when} - {WHOLE} <= features


def every_nth(change: Change, every: int) -> Change:
    """
    Return *change* for every *every*th chat: the first that it can change is that one.

    The replies are counted, so this is no function of the reply alone.
    """
    numbers = count(1)

    def change_some(reply: Reply) -> Reply:
        if reply.probe is None or next(numbers) % every:
            return reply
        return change(reply)

    return change_some


def sampled(change: Change, rate: float, seed: str = "0") -> Change:
    """
    Return *change* for a share of the chats, from 0 to 1.

    Whether chat number N is changed is a function of *seed* and N alone, so the same
    chats are hit in every run.
    """
    numbers = count()

    def change_some(reply: Reply) -> Reply:
        if reply.probe is None or _draw(seed, next(numbers)) >= rate:
            return reply
        return change(reply)

    return change_some


def _draw(seed: str, number: int) -> float:
    """Return a number from 0 up to 1, which looks random."""
    digest = hashlib.blake2b(f"{seed}:{number}".encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56


def conditional(
    change: Change,
    *,
    when: Collection[str] = (),
    every: int = 1,
    rate: float | None = None,
    seed: str = "0",
) -> Change:
    """
    Return *change* where it strikes only under the conditions *when*.

    Args:
        change: A fault or a quirk.
        when: Names of `CONDITIONS`, all of which must hold.
        every: Of the chats for which they hold, every how many-th is changed.
        rate: The share of them that is changed, from 0 to 1; None for all.
        seed: Decides which chats a *rate* hits.

    Raises `UsageError` for an unknown condition, for *every* below 1, for a *rate* that
    is no share, and for both.
    """
    for name in when:
        if name not in CONDITIONS:
            raise UsageError(
                f"Unknown condition {name!r}; known: {', '.join(CONDITIONS)}."
            )
    if every < 1:
        raise UsageError(f"every must be at least 1, not {every}.")
    if rate is not None and not 0 <= rate <= 1:
        raise UsageError(f"rate must be from 0 to 1, such as 0.1, not {rate:g}.")
    if rate is not None and every > 1:
        raise UsageError("rate and every exclude each other; leave one out.")
    counted = every_nth(change, every) if every > 1 else change
    if rate is not None:
        counted = sampled(change, rate, seed)
    return Conditional(counted, frozenset(when)) if when else counted


def _with_first_choice_of(before: Reply, after: Reply) -> Reply:
    """Return *after* with choice 0 as it was *before*, where the two correspond."""
    if before.streamed != after.streamed or len(before.frames) != len(after.frames):
        return before
    if not before.streamed:
        value = _with_choice(before.json, after.json)
        same = value is None or value == before.json
        return before if same else after.with_json(value)
    frames = [
        was if _only_first(was) else now
        for was, now in zip(before.frames, after.frames, strict=True)
    ]
    return after.with_frames(frames)


def _with_choice(before: Json, after: Json) -> Json:
    """Return the body *after* with the first choice of *before*, or None."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    were, are = before.get("choices"), after.get("choices")
    if not isinstance(were, list) or not isinstance(are, list) or len(are) != len(were):
        return None
    return {**after, "choices": [*were[:1], *are[1:]]}


def _only_first(frame: Frame) -> bool:
    """Return whether a frame holds nothing but a part of choice 0."""
    value = event_json(frame)
    choices = value.get("choices") if isinstance(value, dict) else None
    if value is MISSING or not isinstance(choices, list) or not choices:
        return False
    return all(isinstance(one, dict) and one.get("index") == 0 for one in choices)
