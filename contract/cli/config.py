"""The table `[tool.magistral-contract]`: settings in a file, for verify and pytest."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from contract.client.route import Proxy
from contract.client.timeouts import Limits
from contract.errors import UsageError

TABLE = "magistral-contract"
PYPROJECT = "pyproject.toml"


class Kind(Enum):
    """The type of a setting in the file; the value describes it in messages."""

    TEXT = 'a text in quotation marks, such as "vllm-0.32"'
    LIST = 'a list of texts, such as ["mock:vllm"]'
    SWITCH = "true or false"
    NUMBER = "a whole number, such as 4"
    DURATION = 'a duration, such as "1.5s" or 90'


# Every setting by the name of its option, with `_` for `-`.
KINDS: Mapping[str, Kind] = {
    "targets": Kind.LIST,
    "profile": Kind.TEXT,
    "profiles": Kind.TEXT,
    "model": Kind.TEXT,
    "api_key_env": Kind.TEXT,
    "header_env": Kind.LIST,
    "proxy": Kind.TEXT,
    "select": Kind.LIST,
    "ignore": Kind.LIST,
    "trust_plugins": Kind.SWITCH,
    "slow": Kind.SWITCH,
    "thorough": Kind.SWITCH,
    "strict": Kind.SWITCH,
    "behind": Kind.TEXT,
    "behind_profile": Kind.TEXT,
    "behind_model": Kind.TEXT,
    "behind_api_key_env": Kind.TEXT,
    "baseline": Kind.TEXT,
    "history": Kind.TEXT,
    "fail_on": Kind.TEXT,
    "report": Kind.LIST,
    "budget": Kind.LIST,
    "offer": Kind.LIST,
    "context_window": Kind.NUMBER,
    "within": Kind.DURATION,
    "retry_budget": Kind.DURATION,
    "concurrency": Kind.NUMBER,
    "max_requests": Kind.NUMBER,
    "max_examples": Kind.NUMBER,
    "seed": Kind.NUMBER,
    "connect_timeout": Kind.DURATION,
    "first_byte_timeout": Kind.DURATION,
    "idle_timeout": Kind.DURATION,
    "timeout": Kind.DURATION,
}
# The fields of `Limits` by the setting that bounds them.
BOUNDS: Mapping[str, str] = {
    "connect_timeout": "connect",
    "first_byte_timeout": "first_byte",
    "idle_timeout": "between",
    "timeout": "total",
}
# What a file must not hold, and what to write instead.
_SECRETS: Mapping[str, str] = {
    "header": 'header-env = ["X-Tenant=VARIABLE"]',
    "headers": 'header-env = ["X-Tenant=VARIABLE"]',
    "api_key": 'api-key-env = "VARIABLE"',
    "key": 'api-key-env = "VARIABLE"',
}
_TYPES: Mapping[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str,),
    Kind.LIST: (list,),
    Kind.SWITCH: (bool,),
    Kind.NUMBER: (int,),
    Kind.DURATION: (str, int, float),
}
_AT_LEAST = {
    "concurrency": 1,
    "max_requests": 1,
    "max_examples": 1,
    "context_window": 2,
}
MOST_CONCURRENT = 256


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one file."""

    # The file; None if no file has settings.
    path: Path | None = None
    # Values by name, as the options take them: tuples of text, text, bool, int.
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file as seen from the current folder; empty without one."""
        if self.path is None:
            return ""
        try:
            return os.path.relpath(self.path)
        except ValueError:  # another drive, on Windows
            return str(self.path)

    @property
    def note(self) -> str:
        """What the report says about the file; empty without settings."""
        if not self.values:
            return ""
        keys = ", ".join(map(_key, self.values))
        return f"settings from {self.name}: {keys}"


def discover(start: Path) -> Config:
    """
    Return the settings of the nearest pyproject.toml that has the table.

    The search begins in *start* and ends at the root of the git repository. Raises
    `UsageError` if the file that is found is wrong.
    """
    for folder in (start, *start.parents):
        path = folder / PYPROJECT
        if path.is_file() and (table := _tool_table(path)) is not None:
            return Config(path, parse(table, path))
        if (folder / ".git").exists():
            break
    return Config()


def read(path: Path) -> Config:
    """
    Return the settings of the file *path*.

    Usage: `read(Path("staging.toml")).values["targets"]`. The file has the table
    `[tool.magistral-contract]`, or consists of its keys alone. Raises `UsageError` if
    it cannot be read, or has neither or an unknown key.
    """
    table = _tool_table(path)
    if table is None and path.name == PYPROJECT:
        raise UsageError(
            f"{path} has no [tool.{TABLE}]; `magistral-contract init URL` writes one."
        )
    return Config(path, parse(_load(path) if table is None else table, path))


def parse(table: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """
    Return the settings in *table* by name, as the options take them.

    The paths in `profiles` and `history` are relative to the folder of *path*. Raises
    `UsageError` that names *path* for an unknown key and for a value of another type.
    """
    from contract.plugins.discovery import suggestion

    found: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name in _SECRETS:
            raise UsageError(
                f"{path}: {key} would keep a secret in a file; write "
                f"{_SECRETS[name]} and export the variable."
            )
        if name not in KINDS:
            raise UsageError(
                f"{path}: [tool.{TABLE}] has no {key!r}"
                f"{suggestion(key, map(_key, KINDS), few=len(KINDS))}"
            )
        found[name] = _value(f"{path}: {key}", name, value)
    if "profiles" in found:
        found["profiles"] = str(path.parent / found["profiles"])
    if Proxy(found.get("proxy")).secrets:
        raise UsageError(
            f"{path}: proxy has a password; export the proxy as HTTPS_PROXY instead."
        )
    if "history" in found and "://" not in found["history"]:
        found["history"] = str(path.parent / found["history"])
    if _has_password(found.get("history", "")):
        raise UsageError(
            f"{path}: history has a password; export it as PGPASSWORD instead."
        )
    return found


def _has_password(url: str) -> bool:
    """Return whether *url*, or what stands in its place, holds a password."""
    _, found, rest = url.partition("://")
    user = rest.partition("@")[0] if "@" in rest else ""
    return bool(found) and (":" in user or "password=" in rest)


def limits(values: Mapping[str, Any]) -> Limits:
    """
    Return the bounds of an exchange that the settings *values* contain.

    Usage: `limits({"timeout": "20s"}).total`. Raises `UsageError` for a value that is
    no duration.
    """
    from contract.model.duration import parse_duration

    given = {bound: values[name] for name, bound in BOUNDS.items() if name in values}
    bounds = {bound: parse_duration(bound, text) for bound, text in given.items()}
    return Limits(**bounds)  # type: ignore[arg-type]  # max_bytes is no setting


def as_toml(values: Mapping[str, object]) -> str:
    """
    Return the table with *values*, settings by name, as it stands in a file.

    Empty values are left out.
    """
    lines = [f"[tool.{TABLE}]"]
    lines += [f"{_key(n)} = {_toml(value)}" for n, value in values.items() if value]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, Iterable):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value)


def _key(name: str) -> str:
    return name.replace("_", "-")


def _value(where: str, name: str, value: Any) -> Any:
    """Return *value* as the option takes it; raise `UsageError` for another type."""
    kind = KINDS[name]
    fits = isinstance(value, _TYPES[kind])
    if kind is not Kind.SWITCH and isinstance(value, bool):
        fits = False
    if kind is Kind.LIST and fits:
        fits = all(isinstance(one, str) for one in value)
    if not fits:
        raise UsageError(f"{where} must be {kind.value}.")
    if name in _AT_LEAST and value < _AT_LEAST[name]:
        raise UsageError(f"{where} must be {_AT_LEAST[name]} or more.")
    if name == "concurrency" and value > MOST_CONCURRENT:
        raise UsageError(f"{where} must be {MOST_CONCURRENT} or less.")
    if kind is Kind.DURATION:
        return _duration(where, name, str(value))
    return tuple(value) if kind is Kind.LIST else value


def _duration(where: str, name: str, text: str) -> str:
    """Return *text*; raise `UsageError` unless the setting *name* can have it."""
    from contract.model.duration import parse_duration

    if not parse_duration(where, text) and name in BOUNDS:
        raise UsageError(f"{where} must be longer than {text}, e.g. 30s.")
    return text


def _tool_table(path: Path) -> Mapping[str, Any] | None:
    """Return the table of a pyproject.toml; None if it has none."""
    tool = _load(path).get("tool", {})
    table = tool.get(TABLE) if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{path}: tool.{TABLE} must be a table, [tool.{TABLE}].")
    return table


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}.") from error
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"{path} cannot be read: {why}.") from error
