"""Profiles: the dialect, capabilities, limits, budgets and waivers of one server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from contract.errors import SpecError
from contract.model.aspect import NEVER, USUAL, Aspect
from contract.model.dialect import Dialect
from contract.model.served_model import (
    Models,
    ServedModel,
    find_model,
    parse_models,
)


class Capability(StrEnum):
    """A feature that a server may offer; a check names those that it needs."""

    STREAMING = "streaming"
    REASONING = "reasoning"  # reasoning and answer are separated
    REASONING_TOKENS = "reasoning-tokens"  # usage counts the reasoning tokens
    THINKING_DEFAULT = "thinking-default"  # reasons if the request says nothing of it
    EFFORTS = "efforts"  # reasoning_effort, with a list of values for each model
    THINKING_INPUT = "thinking-input"  # a thinking chunk in the system prompt
    VISION = "vision"
    MANY_IMAGES = "many-images"  # up to 100 images in one request
    EXACT_IMAGES = "exact-images"  # an image costs the tokens of its patch grid
    IMAGE_URL_STRING = "image-url-string"  # image_url may be a plain string
    TOOLS = "tools"
    FORCED_TOOLS = "forced-tools"  # tool_choice "required" or "any" forces a call
    NAMED_TOOLS = "named-tools"  # tool_choice may name the tool to call
    PARALLEL_TOOLS = "parallel-tools"  # parallel_tool_calls false is respected
    STRICT_TOOLS = "strict-tools"  # arguments of a strict tool match its schema
    JSON_OBJECT = "json-object"
    JSON_SCHEMA = "json-schema"
    PREFIX = "prefix"  # an assistant message to be continued
    SEED = "seed"  # the same seed gives the same answer
    RANDOMNESS = "randomness"  # answers differ at a temperature above 0
    CHOICES = "choices"  # n > 1
    STOP = "stop"
    LOGPROBS = "logprobs"  # log-probabilities of tokens and their alternatives
    STREAM_USAGE = "stream-usage"
    EXACT_TOKENS = "exact-tokens"  # whole prompts cost what Tekken v13 counts
    TEKKEN = "tekken"  # texts cost what Tekken counts, whatever the template adds
    TOKENIZE = "tokenize"  # POST /tokenize accepts messages
    RESPONSES = "responses"  # chats are items and events, at POST /v1/responses
    INPUT_TOKENS = "input-tokens"  # POST /v1/responses/input_tokens counts a prompt
    MODEL_LIST = "model-list"  # GET /v1/models names the served models
    MODEL_CARD = "model-card"  # GET /v1/models/{model}
    CONTEXT_LENGTH = "context-length"  # the model list states the context window
    CORRELATION_ID = "correlation-id"
    RATE_LIMIT_HEADERS = "rate-limit-headers"
    LOAD = "load"  # /metrics or /slots states the number of running requests
    FOLLOWS_INSTRUCTIONS = "follows-instructions"  # the model follows instructions
    KEY_REQUIRED = "key-required"


# Budgets that are lower bounds, in units per second; all others are seconds.
RATES = frozenset({"tokens_per_second"})
# What of a text is recalled, by its length: the tokens of the prompt of each figure.
RECALLS = {
    f"recall_{tokens // 1_000:03}k": tokens
    for tokens in (4_000, 8_000, 20_000, 38_000, 60_000, 80_000, 100_000, 120_000)
}
# Figures that are shares of 1, as `valid_documents_rate`, with `_low` and `_high`.
SHARES = frozenset({"valid_documents", "valid_arguments", *RECALLS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Latency bounds, at the 95th percentile of the samples; None is no bound."""

    # Seconds to the first text, reasoning or answer (TTFT).
    ttft: float | None = None
    # Seconds to the first answer text (TTFO).
    ttfo: float | None = None
    # Seconds between two successive text-bearing events (ICL).
    icl_p95: float | None = None
    # Seconds of the longest such gap in a stream.
    icl_max: float | None = None
    # Seconds per generated token (TPOT).
    tpot: float | None = None
    # Seconds to the last byte (E2E).
    e2e: float | None = None
    # Generated tokens per second; the only lower bound.
    tokens_per_second: float | None = None
    # Seconds that each further 1,000 prompt tokens add to TTFT, between medians.
    ttft_per_1k: float | None = None
    # Seconds to reject a prompt that exceeds the context window.
    reject: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The documented behaviour of one server, against which it is judged."""

    # Unique name, such as "vllm-0.32".
    id: str
    dialect: Dialect
    # A noun phrase for listings.
    title: str = ""
    # URL of the documentation.
    source: str = ""
    # Name of the model to request where the user gives none.
    model: str | None = None
    # The capabilities that the server has.
    offers: frozenset[Capability] = frozenset()
    # Those of them that only a page promises, and no recording has shown: what breaks
    # one is a SHOULD.
    unverified: frozenset[Capability] = frozenset()
    # Whether all of it was read in sources or documentation, and no server was run:
    # whatever fails is a SHOULD.
    never_run: bool = False
    # The models, where they differ in their limits; `for_model` applies them.
    models: Models = field(default_factory=dict)
    # Further headers of every request: the environment variable that holds the value,
    # by name. A profile file is shared, so it holds no value.
    headers: Mapping[str, str] = field(default_factory=dict)
    # Context window in tokens.
    context_window: int = 131_072
    # Images that a request may hold; None where no limit is documented.
    image_limit: int | None = None
    # Most requests in flight at a time.
    concurrency: int = 4
    # Most requests of one run; a hard limit.
    max_requests: int = 2_000
    # Most draws of one property.
    max_examples: int = 25
    # Whether further requests may be spent on shrinking what a property finds.
    shrinks: bool = True
    # Latency bounds.
    budget: Budget = Budget()
    # Names of documented or permanent departures from the core contract; a check
    # refers to one of them as `unless`.
    tolerates: frozenset[str] = frozenset()
    # Check id -> reason, with a source, why its failure is known.
    waivers: Mapping[str, str] = field(default_factory=dict)
    # A key CHECK@FEATURE, a feature of `contract.model.features`, waives an invariant
    # only for replies to requests with that feature.
    # What a gateway may change in the replies of the server behind it (`--behind`).
    may_change: frozenset[Aspect] = USUAL
    # Check ids of the waivers that are part of this package. One that is no longer
    # needed, because a release fixed the defect, is not an error of the user.
    shipped: frozenset[str] = frozenset()

    def model_named(self, name: str) -> ServedModel | None:
        """Return the model of `models` that answers under *name*; None if unknown."""
        return find_model(self.models.values(), name)

    def for_model(self, name: str) -> Profile:
        """Return the profile with the limits of the model *name*, if it has any."""
        found = self.model_named(name)
        if found is None:
            return self
        lacking = {
            capability
            for capability, has in (
                (Capability.REASONING, found.efforts),
                (Capability.EFFORTS, found.efforts),
                (Capability.THINKING_DEFAULT, found.thinks),
                (Capability.REASONING_TOKENS, found.efforts),
                (Capability.MANY_IMAGES, (found.image_limit or 0) >= MANY),
            )
            if not has
        }
        return replace(
            self,
            context_window=found.context_window or self.context_window,
            image_limit=found.image_limit or self.image_limit,
            offers=self.offers - lacking,
        )


# Images of `Capability.MANY_IMAGES`.
MANY = 100


def parse(
    text: str,
    dialects: Mapping[str, Dialect],
    known: Mapping[str, Profile] | None = None,
) -> dict[str, Profile]:
    """
    Return the profiles in the text of a TOML file, by id.

    *dialects* are the known dialects by id; *known* are the profiles, by id, that
    `like = "other"` may extend beside those of the same file. Raises `SpecError` with
    the location of the mistake and the closest valid name.
    """
    import tomllib  # noqa: PLC0415  # listing checks reads no profile

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
    keys = {entry.name for entry in fields(Profile)} - {"id", "shipped"}
    keys |= {"like", "release"}
    for key in table:
        if key not in keys:
            raise SpecError(f"profile {name}: unknown key {key!r}{_near(key, keys)}")
    values: dict[str, Any] = {}
    if base is not None:
        values = {entry.name: getattr(base, entry.name) for entry in fields(Profile)}
    values["id"] = name
    for key, value in table.items():
        if key not in {"like", "release"}:
            values[key] = _value(name, key, value, dialects)
    if "waivers" in table:
        values["shipped"] = frozenset()
    if "dialect" not in values:
        raise SpecError(
            f"profile {name}: it has no dialect; add dialect = …"
            f" (one of {', '.join(sorted(dialects))}), or like = another profile."
        )
    if "release" in table:
        values["dialect"] = _released(name, table["release"], values["dialect"])
    return Profile(**values)


# The name of an environment variable.
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# In tokens: prompts are filled up to the window, so it is a size in memory, and a
# server may list any number. No model of this kind has a longer one.
MOST_WINDOW = 2**21
# The largest value of each number in a profile.
_MOST = {
    "context_window": MOST_WINDOW,
    "image_limit": 10_000,
    "concurrency": 256,
    "max_requests": 1_000_000,
    "max_examples": 100_000,
}
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
    "unverified": (list, "a list"),
    "never_run": (bool, "true or false"),
    "models": (dict, "a table"),
    "tolerates": (list, "a list"),
    "may_change": (list, "a list"),
    "budget": (dict, "a table"),
    "waivers": (dict, "a table"),
    "headers": (dict, "a table"),
}


def _value(
    name: str, key: str, value: Any, dialects: Mapping[str, Dialect]
) -> object:  # whatever TOML holds
    kind, wanted = _TYPES[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise SpecError(f"profile {name}: {key} must be {wanted}, not {value!r}.")
    if kind is int and value < 1:
        raise SpecError(f"profile {name}: {key} must be at least 1, not {value}.")
    if key in _MOST and value > _MOST[key]:
        raise SpecError(
            f"profile {name}: {key} must be at most {_MOST[key]}, not {value}."
        )
    if key == "dialect":
        return _dialect(name, value, dialects)
    read = _READERS.get(key)
    return value if read is None else read(name, value)


def _dialect(name: str, id: str, dialects: Mapping[str, Dialect]) -> Dialect:
    if id not in dialects:
        raise SpecError(f"profile {name}: unknown dialect {id!r}{_near(id, dialects)}")
    return dialects[id]


def _released(name: str, release: Any, dialect: Dialect) -> Dialect:
    """Return *dialect* as its *release* speaks it."""
    if not isinstance(release, str) or release not in dialect.releases:
        raise SpecError(
            f"profile {name}: release = {release!r} is none of the dialect {dialect.id}"
            f"{_near(str(release), dialect.releases)}"
        )
    return dialect.releases[release]


def _budget(name: str, table: dict[str, Any]) -> Budget:
    bounds = {entry.name for entry in fields(Budget)}
    for bound, seconds in table.items():
        if bound not in bounds:
            raise SpecError(
                f"profile {name}: unknown budget {bound!r}{_near(bound, bounds)}"
            )
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not number or not 0 < seconds < float("inf"):
            unit = "a number" if bound in RATES else "seconds"
            raise SpecError(
                f"profile {name}: budget {bound} must be {unit} above 0,"
                f" not {seconds!r}."
            )
    return Budget(**table)


def _headers(name: str, table: dict[str, Any]) -> dict[str, str]:
    for header, variable in table.items():
        if not isinstance(variable, str) or not VARIABLE.fullmatch(variable):
            raise SpecError(  # without the value, which may be a secret
                f"profile {name}: the header {header} takes the name of the environment"
                f' variable that holds its value, such as {header} = "TENANT". A value '
                "is given with --header."
            )
    return table


def _capability(name: str, text: object) -> Capability:
    try:
        return Capability(str(text))
    except ValueError:
        names = [capability.value for capability in Capability]
        raise SpecError(
            f"profile {name}: unknown capability {text!r}{_near(str(text), names)}"
        ) from None


def _capabilities(name: str, names: list[Any]) -> frozenset[Capability]:
    return frozenset(_capability(name, entry) for entry in names)


def _models(name: str, tables: dict[str, Any]) -> Models:
    return parse_models(f"profile {name}", tables)


def _aspects(name: str, names: list[Any]) -> frozenset[Aspect]:
    known = [aspect.value for aspect in Aspect if aspect not in NEVER]
    for entry in names:
        if entry in {aspect.value for aspect in NEVER}:
            raise SpecError(
                f"profile {name}: may_change has {entry!r}, which no gateway may "
                f"change; it may change {', '.join(known)}."
            )
        if entry not in known:
            raise SpecError(
                f"profile {name}: may_change has the unknown aspect {entry!r}"
                f"{_near(str(entry), known)}"
            )
    return frozenset(map(Aspect, names))


def _names(name: str, names: list[Any]) -> frozenset[str]:  # noqa: ARG001  # as others
    return frozenset(map(str, names))


def _waivers(name: str, table: dict[str, Any]) -> dict[str, str]:  # noqa: ARG001  # as others
    return {str(check): str(reason) for check, reason in table.items()}


# Of a key, what makes its value from that in TOML.
_READERS: dict[str, Callable[[str, Any], object]] = {
    "offers": _capabilities,
    "unverified": _capabilities,
    "models": _models,
    "tolerates": _names,
    "may_change": _aspects,
    "budget": _budget,
    "waivers": _waivers,
    "headers": _headers,
}


def _near(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, or all known names when none is close."""
    names = sorted(known)
    from difflib import get_close_matches  # noqa: PLC0415  # only for a wrong name

    close = get_close_matches(word, names, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}."
