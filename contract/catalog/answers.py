"""Reads custom answers of the mock, from a TOML file or from Python values."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from contract.errors import UsageError
from contract.model.chat import PieceKind
from contract.model.custom import (
    Answers,
    AtEnd,
    CustomError,
    CustomReply,
    Entry,
    searcher,
)
from contract.model.duration import parse_duration
from contract.plugins.discovery import suggestion

Given = str | Path | Mapping[str, Any] | Iterable[Mapping[str, Any]]
"""A file; or a dict of texts and answers; or the entries of a file as dicts."""

_TABLE = "answers"
_CONDITIONS = ("text", "pattern", "model", "turn", "tools")
_REPLY = (
    "thought",
    "answer",
    "parts",
    "tool_calls",
    "finish",
    "usage",
    "latency",
    "error",
)
_ENTRY = (*_CONDITIONS, *_REPLY, "then", "at_end")
_MAX_FILE = 2**24  # bytes
_MAX_PARSED = 1_000  # lines; in longer files a key is found by its name alone

Where = tuple[str | int, ...]
"""The place of a value: keys and indices from the top of the file."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where values come from, for error messages."""

    name: str
    # The TOML text; None for Python values.
    text: str | None = None

    def error(self, where: Where, problem: str) -> UsageError:
        """Return the error of a value: file, line and place, then the *problem*."""
        steps = "".join(f"[{s + 1}]" if isinstance(s, int) else f".{s}" for s in where)
        place = steps.removeprefix(".")
        line = "" if self.text is None else f":{line_of(self.text, where)}"
        return UsageError(f"{self.name}{line}: {place}: {problem}")


def read_answers(given: Given) -> Answers:
    """
    Return the custom answers in *given*.

    Args:
        given: The path of a TOML file with `[[answers]]` tables; a dict such as
            `{"frog": "Quack."}`, from a text in the prompt to the answer (or to a dict
            with the keys of a reply, or to a list of these, in order); or a list of
            dicts with the keys of `[[answers]]`.

    Raises `UsageError` for a file that cannot be read, and for a key or a value that
    cannot be used, with its line.
    """
    if isinstance(given, str | Path):
        return _read_file(Path(given))
    source = _Source("answers")
    entries: list[Mapping[str, Any]]
    if isinstance(given, Mapping):
        entries = [_short(text, value, source) for text, value in given.items()]
    else:
        entries = list(given)
    return _read(entries, source)


def _read_file(path: Path) -> Answers:
    try:
        if path.stat().st_size > _MAX_FILE:
            raise UsageError(f"{path} is larger than 16 MiB; is it a file of answers?")
        text = path.read_text("utf-8")
        top = tomllib.loads(text)
    except OSError as error:
        raise UsageError(
            f"Cannot read the answers in {path} ({error.strerror or error})."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start}).") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from error
    source = _Source(str(path), text)
    _refuse_unknown(top, (_TABLE,), (), source)
    entries = top.get(_TABLE)
    if not isinstance(entries, list) or not entries:
        raise UsageError(
            f"{path} has no answers; add a table [[answers]] with a key answer."
        )
    return _read(entries, source)


def _short(text: str, value: Any, source: _Source) -> dict[str, Any]:
    """Return the entry for one item of the short form."""
    replies = list(value) if isinstance(value, list | tuple) else [value]
    tables = [{"answer": one} if isinstance(one, str) else one for one in replies]
    for table in tables:
        if not isinstance(table, Mapping):
            raise source.error(
                (text,), f"must be a text, a dict or a list of these, not {table!r}"
            )
    if not tables:
        raise source.error((text,), "has no reply; give at least one")
    return {"text": text, **tables[0], "then": tables[1:]}


def _read(entries: Sequence[Any], source: _Source) -> Answers:
    return Answers(
        tuple(
            _entry(table, (_TABLE, number), source)
            for number, table in enumerate(entries)
        )
    )


def _entry(given: Any, where: Where, source: _Source) -> Entry:
    table = _table(given, _ENTRY, where, source)
    first = {key: value for key, value in table.items() if key in _REPLY}
    then = _typed(table, "then", list, "an array of tables", where, source) or []
    replies = [
        _reply(one, (*where, *place), source)
        for place, one in [((), first), *((("then", n), t) for n, t in enumerate(then))]
    ]
    at_end = _text(table, "at_end", where, source) or AtEnd.REPEAT.value
    if at_end not in {end.value for end in AtEnd}:
        close = suggestion(at_end, [end.value for end in AtEnd])
        raise source.error((*where, "at_end"), f"unknown value {at_end!r}{close}")
    pattern = _text(table, "pattern", where, source) or ""
    if pattern:
        try:
            searcher(pattern)
        except ValueError:
            raise source.error(
                (*where, "pattern"),
                f"{pattern!r} is not a regular expression that can be used here; "
                "look-around (?=…) and references back are not supported",
            ) from None
    turn = _whole(table, "turn", where, source, least=1)
    tools = _typed(table, "tools", list, "an array of names", where, source)
    if tools is not None and not all(isinstance(name, str) for name in tools):
        raise source.error((*where, "tools"), "must be an array of names of tools")
    return Entry(
        replies=tuple(replies),
        at_end=AtEnd(at_end),
        text=_text(table, "text", where, source) or "",
        pattern=pattern,
        model=_text(table, "model", where, source) or "",
        turn=turn,
        tools=None if tools is None else tuple(tools),
    )


def _reply(given: Any, where: Where, source: _Source) -> CustomReply:
    table = _table(given, _REPLY, where, source)
    usage = _inner(table, "usage", ("prompt", "completion"), where, source)
    latency = _inner(table, "latency", ("ttft", "icl"), where, source)
    calls = _typed(table, "tool_calls", list, "an array of tables", where, source) or []
    reply = CustomReply(
        thought=_text(table, "thought", where, source),
        answer=_text(table, "answer", where, source),
        parts=_parts(table, where, source),
        tool_calls=tuple(
            _call(call, (*where, "tool_calls", number), source)
            for number, call in enumerate(calls)
        ),
        finish=_text(table, "finish", where, source) or "",
        prompt_tokens=_whole(usage, "prompt", (*where, "usage"), source),
        completion_tokens=_whole(usage, "completion", (*where, "usage"), source),
        ttft=_seconds(latency, "ttft", (*where, "latency"), source),
        icl=_seconds(latency, "icl", (*where, "latency"), source),
    )
    if "error" not in table:
        said = (reply.thought, reply.answer)
        if said == (None, None) and not reply.parts and not reply.tool_calls:
            raise source.error(
                where, "says nothing; give answer, thought, parts, tool_calls or error"
            )
        if reply.parts and said != (None, None):
            raise source.error(
                (*where, "parts"), "takes the place of thought and answer; give one"
            )
        return reply
    if set(table) - {"error", "latency"}:
        others = ", ".join(sorted(set(table) - {"error", "latency"}))
        raise source.error(where, f"an error has no {others}; leave out one of them")
    inner = _inner(table, "error", ("status", "message", "retry_after"), where, source)
    place = (*where, "error")
    status = _whole(inner, "status", place, source, least=400, most=599)
    if status is None:
        raise source.error(place, "needs a status, from 400 to 599")
    return replace(
        reply,
        error=CustomError(
            status=status,
            message=_text(inner, "message", place, source) or "",
            retry_after=_whole(inner, "retry_after", place, source),
        ),
    )


def _parts(
    table: Mapping[str, Any], where: Where, source: _Source
) -> tuple[tuple[PieceKind, str], ...]:
    """Return the parts of a reply: each a table with a thought or an answer."""
    listed = _typed(table, "parts", list, "an array of tables", where, source) or []
    found: list[tuple[PieceKind, str]] = []
    for number, given in enumerate(listed):
        place = (*where, "parts", number)
        part = _table(given, ("thought", "answer"), place, source)
        if len(part) != 1:
            raise source.error(place, "needs a thought or an answer, and not both")
        name = next(iter(part))
        kind = PieceKind.REASONING if name == "thought" else PieceKind.ANSWER
        found.append((kind, _text(part, name, place, source) or ""))
    return tuple(found)


def _call(given: Any, where: Where, source: _Source) -> tuple[str, str]:
    table = _table(given, ("name", "arguments"), where, source)
    name = _text(table, "name", where, source)
    if not name:
        raise source.error(where, "needs the name of a tool")
    arguments = table.get("arguments", {})
    if isinstance(arguments, str):
        return name, arguments  # as it is, so that broken JSON can be sent
    if not isinstance(arguments, Mapping):
        raise source.error((*where, "arguments"), "must be a table, or JSON as text")
    try:
        return name, json.dumps(arguments, ensure_ascii=False)
    except TypeError as error:
        raise source.error((*where, "arguments"), f"is no JSON: {error}") from error


def _table(
    given: Any, known: tuple[str, ...], where: Where, source: _Source
) -> dict[str, Any]:
    """Return a table with `-` in its keys as `_`; raises for an unknown key."""
    if not isinstance(given, Mapping):
        raise source.error(where, f"must be a table, not {given!r}")
    _refuse_unknown(given, known, where, source)
    return {str(key).replace("-", "_"): value for key, value in given.items()}


def _refuse_unknown(
    table: Mapping[str, Any], known: tuple[str, ...], where: Where, source: _Source
) -> None:
    for key in table:
        if str(key).replace("-", "_") not in known:
            raise source.error(
                (*where, key), f"unknown key {key!r}{suggestion(str(key), known)}"
            )


def _inner(
    table: Mapping[str, Any],
    key: str,
    known: tuple[str, ...],
    where: Where,
    source: _Source,
) -> dict[str, Any]:
    return _table(table.get(key, {}), known, (*where, key), source)


def _typed(  # noqa: PLR0913, PLR0917  # what is read, and for error messages
    table: Mapping[str, Any],
    key: str,
    kind: type | tuple[type, ...],
    words: str,
    where: Where,
    source: _Source,
) -> Any:
    value = table.get(key)
    if value is None and key not in table:
        return None
    if isinstance(value, bool) or not isinstance(value, kind):
        raise source.error((*where, key), f"must be {words}, not {value!r}")
    return value


def _text(
    table: Mapping[str, Any], key: str, where: Where, source: _Source
) -> str | None:
    value: str | None = _typed(table, key, str, "a text", where, source)
    return value


def _whole(  # noqa: PLR0913  # what is read, and for error messages
    table: Mapping[str, Any],
    key: str,
    where: Where,
    source: _Source,
    *,
    least: int = 0,
    most: int = 10**9,
) -> int | None:
    words = f"a whole number from {least} to {most}"
    value: int | None = _typed(table, key, int, words, where, source)
    if value is not None and not least <= value <= most:
        raise source.error((*where, key), f"must be {words}, not {value}")
    return value


def _seconds(
    table: Mapping[str, Any], key: str, where: Where, source: _Source
) -> float | None:
    kinds = (str, int, float)
    words = "a duration such as '80ms' or 1.5"
    value = _typed(table, key, kinds, words, where, source)
    if value is None:
        return None
    try:
        return parse_duration(key, str(value))
    except UsageError:
        raise source.error((*where, key), f"must be {words}, not {value!r}") from None


def line_of(text: str, where: Where) -> int:
    """
    Return the number of the line in the TOML *text* that sets the value at *where*.

    That is the first line of the statement with which the value appears: the text up
    to there is parsed, line by line. Only error messages need it.
    """
    lines = text.splitlines()
    if len(lines) > _MAX_PARSED:
        named = [str(step) for step in where if isinstance(step, str)][-1:]
        found = (n for n, line in enumerate(lines, 1) if named and named[0] in line)
        return next(found, 1)
    start = 1
    for number in range(1, len(lines) + 1):
        try:
            top = tomllib.loads("\n".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a statement
        if _has(top, where):
            inner = str(where[-1]) if where else ""
            for line in range(start, number + 1):
                if inner in lines[line - 1]:
                    return line
            return start
        start = number + 1
    return 1


def _has(value: Any, where: Where) -> bool:
    for step in where:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            # A key that was written with hyphens.
            if not (isinstance(step, str) and isinstance(value, dict)):
                return False
            hyphened = step.replace("_", "-")
            if hyphened not in value:
                return False
            value = value[hyphened]
    return True
