"""What a provider promises: dialect, capabilities, limits, budgets, waivers."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from contract.errors import SpecError
from contract.model.dialect import Dialect


class Capability(StrEnum):
    """Something a provider may or may not offer; a check names what it needs."""

    STREAMING = "streaming"
    REASONING = "reasoning"  # the reasoning comes apart from the answer
    REASONING_TOKENS = "reasoning-tokens"  # usage counts them
    THINKING_INPUT = "thinking-input"  # a thinking chunk in the system prompt
    VISION = "vision"
    EXACT_IMAGES = "exact-images"  # an image costs what its dialect's formula says
    IMAGE_URL_STRING = "image-url-string"  # image_url may be the address itself
    TOOLS = "tools"
    FORCED_TOOLS = "forced-tools"  # tool_choice required (any) makes a call
    NAMED_TOOLS = "named-tools"  # tool_choice can name the tool to call
    PARALLEL_TOOLS = "parallel-tools"  # parallel_tool_calls false is heeded
    STRICT_TOOLS = "strict-tools"  # arguments of a strict tool are held to its schema
    JSON_OBJECT = "json-object"
    JSON_SCHEMA = "json-schema"
    PREFIX = "prefix"  # an assistant message to be continued
    SEED = "seed"  # the same seed gives the same answer
    RANDOMNESS = "randomness"  # a temperature above 0 lets answers differ
    CHOICES = "choices"  # n > 1
    STOP = "stop"
    STREAM_USAGE = "stream-usage"
    EXACT_TOKENS = "exact-tokens"  # prompts are counted as Tekken v13 counts them
    TEKKEN = "tekken"  # texts are, whatever else the prompt holds
    TOKENIZE = "tokenize"  # POST /tokenize takes messages
    MODEL_LIST = "model-list"  # GET /v1/models names what is served
    MODEL_CARD = "model-card"  # GET /v1/models/{model}
    CONTEXT_LENGTH = "context-length"  # the model list tells the context window
    CORRELATION_ID = "correlation-id"
    RATE_LIMIT_HEADERS = "rate-limit-headers"
    LOAD = "load"  # /metrics or /slots tells how many requests are running
    FOLLOWS_INSTRUCTIONS = "follows-instructions"  # a model that does as it is told
    KEY_REQUIRED = "key-required"


# The budgets that are no seconds, but so many in a second, and at least.
RATES = frozenset({"tokens_per_second"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """
    Upper bounds in seconds; None is no bound.

    `icl_max` bounds the longest gap of a stream, `ttft_per_1k` what each further
    1,000 prompt tokens add to TTFT, `reject` the refusal of a prompt that does not
    fit. `tokens_per_second` alone is a lower bound, and no seconds.
    """

    ttft: float | None = None
    ttfo: float | None = None
    icl_p95: float | None = None
    icl_max: float | None = None
    tpot: float | None = None
    e2e: float | None = None
    tokens_per_second: float | None = None
    ttft_per_1k: float | None = None
    reject: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """
    One provider's promises.

    `tolerates` names what is wrong by the core contract but documented, or always
    so, with this provider (a check names it as `unless`); `waivers` maps a check to
    the reason (with a source) why its failure is known. `max_requests` is a hard
    stop; `max_examples` bounds a property, and `shrinks` says whether more requests
    may be spent to make what it finds smaller. `image_limit` is how many images a
    request may show, None where nobody says. `shipped` are the waivers that came
    with the package: a release that mends what they excuse is no violation.
    """

    id: str
    dialect: Dialect
    title: str = ""
    source: str = ""
    model: str | None = None
    offers: frozenset[Capability] = frozenset()
    context_window: int = 131_072
    image_limit: int | None = None
    concurrency: int = 4
    max_requests: int = 2_000
    max_examples: int = 25
    shrinks: bool = True
    budget: Budget = Budget()
    tolerates: frozenset[str] = frozenset()
    waivers: Mapping[str, str] = field(default_factory=dict)
    shipped: frozenset[str] = frozenset()


def parse(
    text: str,
    dialects: Mapping[str, Dialect],
    known: Mapping[str, Profile] | None = None,
) -> dict[str, Profile]:
    """
    The profiles of a TOML file, by id; `like = "other"` starts from another one.

    Raises `SpecError` with the place and the nearest right spelling.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"The profile file is not TOML: {error}.") from error
    profiles: dict[str, Profile] = {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise SpecError(
                f"{name!r} is not a profile; write it as a table: [{name}]."
            )
        base = _base(name, table, {**(known or {}), **profiles})
        profiles[name] = _profile(name, table, base, dialects)
    return profiles


def _base(
    name: str, table: dict[str, Any], known: Mapping[str, Profile]
) -> Profile | None:
    like = table.get("like")
    if like is None:
        return None
    if not isinstance(like, str) or like not in known:
        raise SpecError(
            f"profile {name}: like = {like!r} names no profile{_near(str(like), known)}"
        )
    return known[like]


def _profile(
    name: str,
    table: dict[str, Any],
    base: Profile | None,
    dialects: Mapping[str, Dialect],
) -> Profile:
    keys = {entry.name for entry in fields(Profile)} - {"id", "shipped"} | {"like"}
    for key in table:
        if key not in keys:
            raise SpecError(f"profile {name}: unknown key {key!r}{_near(key, keys)}")
    values: dict[str, Any] = {}
    if base is not None:
        values = {entry.name: getattr(base, entry.name) for entry in fields(Profile)}
    values["id"] = name
    for key, value in table.items():
        if key != "like":
            values[key] = _value(name, key, value, dialects)
    if "waivers" in table:
        values["shipped"] = frozenset()
    if "dialect" not in values:
        raise SpecError(
            f"profile {name}: say which dialect it speaks, dialect = …"
            f" (one of {', '.join(sorted(dialects))}), or like = another profile."
        )
    return Profile(**values)


_TYPES: dict[str, tuple[Any, str]] = {  # a class, which would narrow Any to object
    "title": (str, "text"),
    "source": (str, "text"),
    "model": (str, "text"),
    "context_window": (int, "a whole number"),
    "image_limit": (int, "a whole number"),
    "concurrency": (int, "a whole number"),
    "max_requests": (int, "a whole number"),
    "max_examples": (int, "a whole number"),
    "shrinks": (bool, "true or false"),
    "dialect": (str, "text"),
    "offers": (list, "a list"),
    "tolerates": (list, "a list"),
    "budget": (dict, "a table"),
    "waivers": (dict, "a table"),
}


def _value(
    name: str, key: str, value: Any, dialects: Mapping[str, Dialect]
) -> object:  # whatever TOML holds
    kind, wanted = _TYPES[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise SpecError(f"profile {name}: {key} must be {wanted}, not {value!r}.")
    if kind is int and value < 1:
        raise SpecError(f"profile {name}: {key} must be at least 1, not {value}.")
    match key:
        case "dialect":
            return _dialect(name, value, dialects)
        case "offers":
            return frozenset(_capability(name, entry) for entry in value)
        case "tolerates":
            return frozenset(str(entry) for entry in value)
        case "budget":
            return _budget(name, value)
        case "waivers":
            return {str(check): str(reason) for check, reason in value.items()}
    return value


def _dialect(name: str, id: str, dialects: Mapping[str, Dialect]) -> Dialect:
    if id not in dialects:
        raise SpecError(f"profile {name}: unknown dialect {id!r}{_near(id, dialects)}")
    return dialects[id]


def _budget(name: str, table: dict[str, Any]) -> Budget:
    bounds = {entry.name for entry in fields(Budget)}
    for bound, seconds in table.items():
        if bound not in bounds:
            raise SpecError(
                f"profile {name}: unknown budget {bound!r}{_near(bound, bounds)}"
            )
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not number or seconds <= 0:
            unit = "a number" if bound in RATES else "seconds"
            raise SpecError(
                f"profile {name}: budget {bound} must be {unit} above 0,"
                f" not {seconds!r}."
            )
    return Budget(**table)


def _capability(name: str, text: object) -> Capability:
    try:
        return Capability(str(text))
    except ValueError:
        names = [capability.value for capability in Capability]
        raise SpecError(
            f"profile {name}: unknown capability {text!r}{_near(str(text), names)}"
        ) from None


def _near(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or the whole list when nothing is close."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}."
