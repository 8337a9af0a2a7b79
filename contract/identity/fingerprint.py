"""Fingerprints: what an endpoint replied, in a file that another one is compared to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

from contract.errors import UsageError
from contract.files.bounded import read_bounded
from contract.files.replacing import replace_file
from contract.identity import observations
from contract.identity.observations import Reading
from contract.identity.prompts import PROMPTS, SET, Plan
from contract.model.chat import Json
from contract.model.redaction import SECRETS
from contract.plugins.discovery import suggestion

FORMAT = "fingerprint-v1"
KNOWN = "known:"
"""What the name of a fingerprint that travels with this package begins with."""
_MOST = 8 * 2**20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What one endpoint replied to a plan."""

    # The endpoint as a target, with its key masked; empty for one that was computed.
    target: str = ""
    # Id of its profile, and why that one.
    profile: str = ""
    why: str = ""
    model: str = ""
    # When it was made (ISO 8601), and the version of this program.
    made: str = ""
    version: str = ""
    # Where it comes from, if nothing was asked; such a one has token counts only.
    source: str = ""
    plan: Plan
    # Context window that the endpoint states, in tokens; None if it states none.
    window: int | None = None
    # The replies by request: the first, the one among seven others (every second one of
    # them streamed), the last.
    readings: Mapping[str, tuple[Reading, ...]]

    @property
    def tokens(self) -> int:
        """The output tokens of all replies."""
        return sum(
            one.completion_tokens or 0
            for many in self.readings.values()
            for one in many
        )

    @property
    def requests(self) -> int:
        """The number of replies."""
        return sum(map(len, self.readings.values()))

    @property
    def has_logprobs(self) -> bool:
        """Whether the replies have log probabilities."""
        return any(one.steps for many in self.readings.values() for one in many)

    def of(self, name: str) -> tuple[Reading, ...]:
        """Return the replies to the request *name*."""
        return self.readings.get(name, ())

    def count(self, name: str) -> int | None:
        """Return the prompt tokens of a request; None if unknown or not always same."""
        counts = set(self.counts(name))
        return counts.pop() if len(counts) == 1 else None

    def counts(self, name: str) -> list[int]:
        """Return the prompt tokens of each answer to a request that states them."""
        stated = [one.prompt_tokens for one in self.of(name) if one.ok]
        return [count for count in stated if count is not None]


def dump(fingerprint: Fingerprint) -> dict[str, Json]:
    """Return *fingerprint* as the JSON of its file, every secret in it masked."""
    plan: dict[str, Json] = {**asdict(fingerprint.plan)}
    value: dict[str, Json] = {
        "format": FORMAT,
        "set": SET,
        "target": fingerprint.target,
        "profile": fingerprint.profile,
        "why": fingerprint.why,
        "model": fingerprint.model,
        "made": fingerprint.made,
        "version": fingerprint.version,
        "source": fingerprint.source,
        "plan": {**plan, "prompts": [*fingerprint.plan.prompts]},
        "window": fingerprint.window,
        "readings": {
            name: [observations.dump(one) for one in many]
            for name, many in fingerprint.readings.items()
        },
    }
    masked: dict[str, Json] = SECRETS.mask_deep(value)
    return masked


def save(fingerprint: Fingerprint, path: Path) -> None:
    """Write *fingerprint* to *path*, whole or not at all; raise `UsageError`."""
    text = json.dumps(dump(fingerprint), ensure_ascii=True, indent=1) + "\n"
    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error


def load(name: str) -> Fingerprint:
    """
    Return the fingerprint in the file *name*, or the known one, as `known:NAME`.

    Raises `UsageError` for a file that is none, or that is of another version.
    """
    if name.startswith(KNOWN):
        return _known(name.removeprefix(KNOWN))
    try:
        content = read_bounded(Path(name), _MOST)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.") from error
    return parse(content, name)


def known_names() -> Sequence[str]:
    """Return the names of the fingerprints that travel with this package."""
    folder = resources.files("contract.identity") / "known"
    return sorted(
        one.name.removesuffix(".json")
        for one in folder.iterdir()
        if one.name.endswith(".json")
    )


def _known(name: str) -> Fingerprint:
    names = known_names()
    if name not in names:
        raise UsageError(
            f"There is no known fingerprint {name!r}{suggestion(name, names, few=9)}"
        )
    file = resources.files("contract.identity") / "known" / f"{name}.json"
    return parse(file.read_bytes(), KNOWN + name)


def parse(content: bytes, name: str) -> Fingerprint:
    """Return the fingerprint in the bytes of a file; *name* is for messages."""
    again = "record it again with identify TARGET --save FILE."
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("format"), str):
        raise UsageError(f"{name} is no fingerprint; {again}")
    if value["format"] != FORMAT:
        raise UsageError(
            f"{name} has the format {value['format'][:40]!r}, and this release reads "
            f"{FORMAT}; {again}"
        )
    if value.get("set") != SET:
        raise UsageError(
            f"{name} was made with other prompts ({str(value.get('set'))[:40]!r}, not "
            f"{SET!r}), so nothing can be compared; {again}"
        )
    try:
        return _fingerprint(value)
    except (AttributeError, KeyError, TypeError, ValueError, UsageError) as error:
        raise UsageError(
            f"{name} is a damaged fingerprint ({type(error).__name__}: {error}); "
            f"{again}"
        ) from error


def _fingerprint(value: dict[str, Any]) -> Fingerprint:
    texts = ("target", "profile", "why", "model", "made", "version", "source")
    window = value["window"]
    if window is not None and (not isinstance(window, int) or window < 1):
        raise ValueError("window")
    return Fingerprint(
        **{key: _text(value[key]) for key in texts},
        plan=_plan(value["plan"]),
        window=window,
        readings={
            _text(name): tuple(map(observations.load, many))
            for name, many in value["readings"].items()
        },
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


# The largest value of each number: a file may come from anybody, and it decides what
# is sent.
_BOUNDS = {"tokens": 8, "top": 20, "thinking": 64, "samples": 1_000, "long": 100_000}


def _plan(value: dict[str, Any]) -> Plan:
    from_file = {field.name: value[field.name] for field in fields(Plan)}
    for name, most in _BOUNDS.items():
        number = from_file[name]
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not 0 <= number <= most:
            raise ValueError(f"plan.{name}")
    if not isinstance(from_file["images"], bool):
        raise TypeError("plan.images")
    from_file["prompts"] = tuple(_prompt(one) for one in from_file["prompts"])
    return Plan(**from_file)


def _prompt(name: Any) -> str:
    if name not in PROMPTS:
        raise ValueError("plan.prompts")
    return str(name)
