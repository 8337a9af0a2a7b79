"""Generation of a short text that matches a regular expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from re import _constants as code  # type: ignore[attr-defined,unused-ignore]  # no public name; some typesheds know it
from re import _parser as regex  # type: ignore[attr-defined,unused-ignore]  # the same
from typing import Any, NoReturn, cast

import jsonschema_rs

from contract.model.chat import Json

_MAX_PATTERN = 1_000  # characters
_MAX_TEXT = 10_000  # characters
_MAX_BACKTRACKS = 20_000  # where a pattern cannot be matched without


def matching(pattern: str) -> str | None:
    """
    Return a short text that matches *pattern*; None for unsupported patterns.

    It takes linear time: the text is matched without backtracking, and a pattern whose
    text or source is long is not supported.
    """
    if len(pattern) > _MAX_PATTERN:
        return None
    try:
        text = _joined(regex.parse(pattern))
        matches = bounded_validator({"pattern": pattern}).is_valid(text)
    except (re.error, LookupError, StopIteration, RecursionError, ValueError):
        return None
    except OverflowError:
        return None
    return text if matches else None


def bounded_validator(schema: Json) -> Any:
    """
    Return a validator of *schema* that follows no reference to another document.

    Patterns are matched in linear time, or with few steps back where they need it.
    Raises `jsonschema_rs.ValidationError` for what is no schema.
    """
    options: Any = jsonschema_rs.RegexOptions()
    try:
        return _compiled(schema, options)
    except jsonschema_rs.ValidationError:
        options = jsonschema_rs.FancyRegexOptions(backtrack_limit=_MAX_BACKTRACKS)
        return _compiled(schema, options)


def _compiled(schema: Json, options: Any) -> Any:
    return jsonschema_rs.validator_for(
        cast("Any", schema), retriever=_reject_reference, pattern_options=options
    )


def _reject_reference(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not fetched")


def _joined(tree: Iterable[tuple[Any, Any]]) -> str:
    """Return the parts as one text; raises `OverflowError` if it is long."""
    parts: list[str] = []
    length = 0
    for part in _parts(tree):
        parts.append(part)
        length += len(part)
        if length > _MAX_TEXT:
            raise OverflowError("the text is too long")
    return "".join(parts)


def _parts(tree: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    for kind, value in tree:
        if kind in _LITERAL:
            yield _LITERAL[kind](value)
        elif kind in _REPEATS:
            least, _, inner = value
            once = _joined(inner)
            if len(once) * least > _MAX_TEXT:
                raise OverflowError("the text is too long")
            yield once * least
        elif kind in _GROUPS:
            yield from _parts(_GROUPS[kind](value))
        elif kind is not code.AT:
            raise KeyError(kind)


def _member(members: list[tuple[Any, Any]]) -> str:
    """Return a character of a class such as `[a-z_]`."""
    negated = members[0][0] is code.NEGATE
    if negated:
        allowed = re.compile("[^" + "".join(_source(m) for m in members[1:]) + "]")
        return next(c for c in map(chr, range(32, 0x3000)) if allowed.match(c))
    kind, value = members[0]
    if kind is code.LITERAL:
        return chr(value)
    if kind is code.RANGE:
        return chr(value[0])
    return {
        code.CATEGORY_DIGIT: "1",
        code.CATEGORY_SPACE: " ",
        code.CATEGORY_WORD: "a",
        code.CATEGORY_NOT_DIGIT: "a",
        code.CATEGORY_NOT_SPACE: "a",
        code.CATEGORY_NOT_WORD: " ",
    }[value]


def _source(member: tuple[Any, Any]) -> str:
    """Return one member of a class as it is written in a pattern."""
    kind, value = member
    if kind is code.LITERAL:
        return re.escape(chr(value))
    if kind is code.RANGE:
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    return {
        code.CATEGORY_DIGIT: r"\d",
        code.CATEGORY_SPACE: r"\s",
        code.CATEGORY_WORD: r"\w",
        code.CATEGORY_NOT_DIGIT: r"\D",
        code.CATEGORY_NOT_SPACE: r"\S",
        code.CATEGORY_NOT_WORD: r"\W",
    }[value]


_LITERAL: dict[Any, Callable[[Any], str]] = {
    code.LITERAL: chr,
    code.NOT_LITERAL: lambda value: "b" if value == ord("a") else "a",
    code.ANY: lambda _value: "a",
    code.IN: _member,
}
_REPEATS = {code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT}
_GROUPS: dict[Any, Callable[[Any], Any]] = {
    code.SUBPATTERN: lambda value: value[3],
    code.ATOMIC_GROUP: lambda value: value,
    code.BRANCH: lambda value: value[1][0],
}
