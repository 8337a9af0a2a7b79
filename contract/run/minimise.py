"""Reduction of a JSON value to the smallest one that still reproduces a failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contract.model.chat import Json


def minimise(
    value: Json, reproduces: Callable[[Json], bool], *, max_attempts: int
) -> Json:
    """
    Return *value* without the parts that the failure does not need.

    The largest parts are removed first; what remains is simplified.

    Args:
        value: A JSON value that reproduces the failure. It is not tried again.
        reproduces: Returns whether a smaller value still reproduces the failure.
        max_attempts: How often *reproduces* may be called.
    """
    attempts = 0
    smaller = True
    while smaller:
        smaller = False
        for candidate in _simpler(value):
            if attempts == max_attempts:
                return value
            attempts += 1
            if reproduces(candidate):
                value, smaller = candidate, True
                break
    return value


def _simpler(value: Json) -> Iterator[Json]:
    """
    Yield *value* with one part removed or simplified.

    Whole members and entries are removed before their contents are simplified.
    """
    if isinstance(value, dict):
        yield from _fewer_members(value)
    elif isinstance(value, list):
        yield from _fewer_entries(value)
    elif isinstance(value, str) and len(value) > 1:
        yield value[:1]
        yield value[: len(value) // 2]


def _fewer_members(value: dict[str, Json]) -> Iterator[Json]:
    for name in sorted(value, key=lambda name: -len(repr(value[name]))):
        yield {key: kept for key, kept in value.items() if key != name}
    for name, member in value.items():
        for simpler in _simpler(member):
            yield {**value, name: simpler}


def _fewer_entries(value: list[Json]) -> Iterator[Json]:
    if len(value) > 1:
        yield value[len(value) // 2 :]
        yield value[: len(value) // 2]
    for index in range(len(value)):
        yield [*value[:index], *value[index + 1 :]]
    for index, entry in enumerate(value):
        for simpler in _simpler(entry):
            yield [*value[:index], simpler, *value[index + 1 :]]
