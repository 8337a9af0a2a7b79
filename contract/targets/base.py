"""Targets as text, `kind:argument?options`: parsing, and opening by kind."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, NewType, get_type_hints
from urllib.parse import parse_qsl

from contract.catalog.changes import chain, read_change
from contract.errors import UsageError
from contract.model.duration import parse_duration
from contract.model.redaction import REDACTED, register_secret
from contract.model.reply import Reply
from contract.plugins.discovery import get, suggestion

# host:port, an address without its scheme
_ADDRESS = re.compile(r"[\w.-]+:\d{1,5}(/\S*)?")

ReplyChange = Callable[[Reply], Reply]
Rate = NewType("Rate", float)
"""A share, from 0 to 1."""

MOST_DIGITS = 15  # of a number; every one of them is exact, and fits where it is used

# Placeholders for the value of an option, by type.
CHANGE, TIME, NUMBER, SWITCH, TEXT = "NAME", "TIME", "N", "yes|no", "TEXT"
RATE = "0..1"

# Options that several kinds of target share, with their descriptions.
Port = Annotated[int, "port on loopback; 0 takes a free one"]
KeyOption = Annotated[str, "API key that the server requires; empty for none"]
_KEY = re.compile(r"([?&]key=)[^&]+")  # every KeyOption has the name "key"
Flags = Annotated[str, "additional flags of the server, quoted as in a shell"]
Without = Annotated[str, "flags to leave out"]
Startup = Annotated[float, "time within which the server must be ready"]
Python = Annotated[str, "interpreter of the engine's environment"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A server that is ready for requests."""

    # Root of the API, without `/v1`.
    url: str
    # Id of its profile where the target itself knows it; None: detect it.
    profile: str | None = None
    # API key that the target set for the server it started.
    key: str | None = field(default=None, repr=False)
    # Name of the model to request; None: choose one from the model list.
    model: str | None = None
    # True for the mock. Waivers do not apply to it, because it has none of the known
    # defects that the profile of the real server waives.
    is_mock: bool = False


Open = Callable[..., AbstractContextManager[Opened]]


@dataclass(frozen=True, slots=True)
class TargetKind:
    """A kind of target."""

    # Name before the colon.
    id: str
    # Called with the argument after the colon, and the options as keywords.
    open: Open
    # Validates the argument without opening anything; raises `UsageError`.
    read: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a kind of target."""

    # Name as written after `?`, with hyphens.
    name: str
    # Placeholder for the value: `TIME`, `N`, ...
    unit: str
    # Purpose, as a phrase; empty for a keyword without `Annotated`.
    description: str
    # Value where the option is left out.
    default: object


def options(kind: TargetKind) -> tuple[Option, ...]:
    """
    Return the options of *kind*: the keyword-only parameters of its function, in order.

    The type of a parameter gives the unit, `Annotated` the description.
    """
    function = inspect.unwrap(kind.open)
    plain = get_type_hints(function)
    annotated = get_type_hints(function, include_extras=True)
    return tuple(
        Option(
            parameter.name.replace("_", "-"),
            _unit(str(plain[parameter.name])),
            _description(annotated[parameter.name]),
            parameter.default,
        )
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    )


def _unit(hint: str) -> str:
    for type_name, unit in _UNITS:
        if type_name in hint:
            return unit
    return TEXT


def _description(hint: object) -> str:
    """Return the text of an `Annotated` type; empty for any other type."""
    metadata: tuple[object, ...] = getattr(hint, "__metadata__", ())
    return next((item for item in metadata if isinstance(item, str)), "")


# Placeholder by what the type of a parameter contains; the first match applies.
_UNITS = (
    ("Reply", CHANGE),
    ("Rate", RATE),
    ("float", TIME),
    ("int", NUMBER),
    ("bool", SWITCH),
)


def target(
    id: str, *, read: Callable[[str], object] | None = None
) -> Callable[[Open], TargetKind]:
    """
    Decorate a context manager as a kind of target; its keywords are the options.

    *read* raises `UsageError` for an invalid argument before any target is opened or
    printed: a URL may contain a password.
    """
    return lambda function: TargetKind(id, function, read)


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed target."""

    # The target as written, with its key masked.
    text: str
    kind: TargetKind
    # The part after the colon.
    argument: str
    # Values by the name of the keyword.
    options: Mapping[str, object]

    def open(self) -> AbstractContextManager[Opened]:
        """Start or locate the server; leaving the context stops what was started."""
        return self.kind.open(self.argument, **self.options)


def mask_key(text: str) -> str:
    """
    Return the target *text* for reports, recordings and progress, with its key masked.

    A printed command still works: an engine started from it requires the key `***`.
    """
    return _KEY.sub(rf"\1{REDACTED}", text)


def parse_target(
    text: str,
    kinds: Mapping[str, TargetKind],
    changes: Mapping[str, ReplyChange] | None = None,
) -> Target:
    """
    Parse `kind:argument?name=value&…`; a URL is a target of the kind `url`.

    Args:
        text: The target as written.
        kinds: Known kinds by id.
        changes: Functions of faults and quirks by name, so that targets need not know
            the checks.

    Raises:
        UsageError: The kind, the argument or an option is invalid.
    """
    if "://" in text:
        return Target(text, _read(get("target kind", "url", kinds), text), text, {})
    head, _, query = text.partition("?")
    name, _, argument = head.partition(":")
    if name not in kinds and _ADDRESS.fullmatch(text):
        raise UsageError(f"{text!r} is not a target; did you mean 'http://{text}'?")
    if name not in kinds or name == "url":
        similar = suggestion(name, set(kinds) - {"url"})
        raise UsageError(
            f"Unknown target {mask_key(text)!r}{similar} A target is "
            "mock[:dialect][?ttft=…&fault=…], an engine such as llamacpp:tiny, or a "
            "URL such as http://127.0.0.1:8000/v1."
        )
    kind = kinds[name]
    register_secret(*(value for key, value in parse_qsl(query) if key == "key"))
    options: dict[str, object] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        read = _option(kind, key, value, changes or {})
        if callable(read) and callable(before := options.get(key)):
            read = chain([before, read])  # a fault for each time it is given
        options[key] = read
    return Target(mask_key(text), _read(kind, argument), argument, options)


def _read(kind: TargetKind, argument: str) -> TargetKind:
    if kind.read is not None:
        kind.read(argument)
    return kind


def _option(
    kind: TargetKind, key: str, value: str, changes: Mapping[str, ReplyChange]
) -> object:
    known = {option.name: option.unit for option in options(kind)}
    name = key.replace("_", "-")
    if name not in known:
        raise UsageError(
            f"Target kind {kind.id!r} has no option {key!r}{suggestion(name, known)}"
        )
    if known[name] == CHANGE:
        return read_change(value, changes, what=key)
    return _typed(key, value, known[name])


def _typed(key: str, value: str, unit: str) -> object:
    if unit == TIME:
        return parse_duration(key, value)
    if unit == NUMBER:
        try:
            number = int(value[: MOST_DIGITS + 1])
        except ValueError:
            raise UsageError(f"{key} must be a whole number, not {value!r}.") from None
        if len(value) > MOST_DIGITS:
            raise UsageError(f"{key} must have at most {MOST_DIGITS} digits.")
        return number
    if unit == RATE:
        try:
            return float(value)
        except ValueError:
            raise UsageError(
                f"{key} must be from 0 to 1, such as 0.1, not {value!r}."
            ) from None
    if unit == SWITCH:
        return value.lower() not in {"0", "false", "no"}
    return value
