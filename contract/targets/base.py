"""What a target is: `kind:argument?options`, parsed and opened."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Annotated, get_args, get_type_hints
from urllib.parse import parse_qsl

from contract.errors import UsageError
from contract.model.redaction import REDACTED
from contract.model.reply import Reply
from contract.plugins.discovery import (
    get,
    suggestion,
)

# host:port, an address without its scheme
_ADDRESS = re.compile(r"[\w.-]+:\d{1,5}(/\S*)?")

ReplyChange = Callable[[Reply], Reply]

# How the value of an option is written.
CHANGE, TIME, NUMBER, SWITCH, TEXT = "NAME", "TIME", "N", "yes|no", "TEXT"

# Options that several kinds of target have; `options` tells what each is for.
Port = Annotated[int, "the port of loopback to serve on; 0 takes a free one"]
KeyOption = Annotated[str, "the API key that it demands; none when empty"]
_KEY = re.compile(r"([?&]key=)[^&]+")  # the option of type Key is called so everywhere
Flags = Annotated[str, "further flags of the server's own, as in a shell"]
Without = Annotated[str, "flags to leave out"]
Startup = Annotated[float, "how long it may take to be ready"]
Python = Annotated[str, "the interpreter of the engine's environment"]


@dataclass(frozen=True, slots=True)
class Opened:
    """
    A provider that can be reached: *url* is its root, without `/v1`.

    *profile* is what the target itself knows it to be (None: detect), *key* an API
    key of its own making (the embedded mock's). `scripted` is the stand-in, which
    does right what real providers are known to get wrong: no waiver applies to it.
    """

    url: str
    profile: str | None = None
    key: str | None = field(default=None, repr=False)
    model: str | None = None
    scripted: bool = False


Open = Callable[..., AbstractContextManager[Opened]]


@dataclass(frozen=True, slots=True)
class TargetKind:
    """A kind of target. `open` takes the argument, then options as keywords."""

    id: str
    open: Open
    read: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a kind of target: *unit* is how a value is written."""

    name: str
    unit: str
    story: str
    default: object


def options(kind: TargetKind) -> tuple[Option, ...]:
    """
    What can be said after `?`, in the order of the function's keywords.

    A keyword's type gives the unit, `Annotated` the story.
    """
    function = inspect.unwrap(kind.open)
    bare = get_type_hints(function)
    told = get_type_hints(function, include_extras=True)
    return tuple(
        Option(
            parameter.name.replace("_", "-"),
            _unit(str(bare[parameter.name])),
            next((a for a in get_args(told[parameter.name]) if isinstance(a, str)), ""),
            parameter.default,
        )
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    )


def _unit(hint: str) -> str:
    for sign, unit in _UNITS:
        if sign in hint:
            return unit
    return TEXT


# How the value of a keyword of that type is written; the first that fits.
_UNITS = (("Reply", CHANGE), ("float", TIME), ("int", NUMBER), ("bool", SWITCH))


def target(
    id: str, *, read: Callable[[str], object] | None = None
) -> Callable[[Open], TargetKind]:
    """
    Make a context manager a kind of target; its keywords are its options.

    *read* refuses an argument that makes no sense (`UsageError`) before any target
    is opened, or shown: a URL may hold a password.
    """
    return lambda function: TargetKind(id, function, read)


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed target: what may be shown of it, its kind, and typed options."""

    text: str
    kind: TargetKind
    argument: str
    options: Mapping[str, object]

    def open(self) -> AbstractContextManager[Opened]:
        """Start or find the provider; leaving stops what was started."""
        return self.kind.open(self.argument, **self.options)


def without_key(text: str) -> str:
    """
    The target *text* as reports, recordings and progress name it: without its key.

    An engine started by that name demands `***` instead, so a printed command works.
    """
    return _KEY.sub(rf"\1{REDACTED}", text)


def parse_target(
    text: str,
    kinds: Mapping[str, TargetKind],
    changes: Mapping[str, ReplyChange] | None = None,
) -> Target:
    """
    `kind:argument?name=value&…` as a target; a URL is the kind `url`.

    *changes* resolves the names of faults and quirks to what they do, so that no
    target needs to know the checks. Raises `UsageError` that names what is known.
    """
    if "://" in text:
        return Target(text, _read(get("target kind", "url", kinds), text), text, {})
    head, _, query = text.partition("?")
    name, _, argument = head.partition(":")
    if name not in kinds and _ADDRESS.fullmatch(text):
        raise UsageError(f"{text!r} is no target; did you mean 'http://{text}'?")
    if name not in kinds or name == "url":
        raise UsageError(
            f"Unknown target {without_key(text)!r}{suggestion(name, set(kinds) - {'url'})} "
            "A target is mock[:dialect][?ttft=…&fault=…], an engine such as "
            "llamacpp:tiny, or a URL such as http://127.0.0.1:8000/v1."
        )
    kind = kinds[name]
    options = {
        key: _option(kind, key, value, changes or {})
        for key, value in parse_qsl(query, keep_blank_values=True)
    }
    return Target(without_key(text), _read(kind, argument), argument, options)


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
        if value not in changes:
            raise UsageError(f"Unknown {key} {value!r}{suggestion(value, changes)}")
        return changes[value]
    return _typed(key, value, known[name])


def _typed(key: str, value: str, unit: str) -> object:
    if unit == TIME:
        return parse_duration(key, value)
    if unit == NUMBER:
        try:
            return int(value)
        except ValueError:
            raise UsageError(f"{key} must be a whole number, not {value!r}.") from None
    if unit == SWITCH:
        return value.lower() not in {"0", "false", "no"}
    return value


def parse_duration(key: str, value: str) -> float:
    """A duration such as `80ms`, `1.5s` or `2` (seconds); `UsageError` otherwise."""
    text = value.strip().lower()
    scale = 1.0
    if text.endswith("ms"):
        text, scale = text[:-2], 0.001
    elif text.endswith("s"):
        text = text[:-1]
    try:
        number = float(text) * scale
    except ValueError:
        number = -1.0
    if not 0 <= number < 86_400:  # noqa: PLR2004  # a day
        raise UsageError(
            f"{key} must be a duration such as 80ms or 1.5s, not {value!r}."
        )
    return number
