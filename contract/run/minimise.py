"""The smallest JSON that still shows what a bigger one showed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from contract.model.chat import Json


def minimise(value: Json, shows: Callable[[Json], bool], *, most: int) -> Json:
    """
    *value* with everything left out that *shows* does not need.

    Biggest parts are left out first; what remains is simplified. *shows* is asked at
    most *most* times and is never asked about *value* itself.
    """
    asked = 0
    smaller = True
    while smaller:
        smaller = False
        for candidate in _simpler(value):
            if asked == most:
                return value
            asked += 1
            if shows(candidate):
                value, smaller = candidate, True
                break
    return value


def _simpler(value: Json) -> Iterator[Json]:
    """*value* with one part less, or one part simpler; members before their insides."""
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
    for name, inside in value.items():
        for simpler in _simpler(inside):
            yield {**value, name: simpler}


def _fewer_entries(value: list[Json]) -> Iterator[Json]:
    if len(value) > 1:
        yield value[len(value) // 2 :]
        yield value[: len(value) // 2]
    for number in range(len(value)):
        yield [*value[:number], *value[number + 1 :]]
    for number, inside in enumerate(value):
        for simpler in _simpler(inside):
            yield [*value[:number], simpler, *value[number + 1 :]]
