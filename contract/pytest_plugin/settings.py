"""What a test run verifies: options of the command line, or of pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest

TABLE = "magistral-contract"  # [tool.magistral-contract] of a pyproject.toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What to verify in this test run; the names are those of the TOML table."""

    targets: tuple[str, ...] = ()
    profile: str | None = None
    profiles: str | None = None
    model: str | None = None
    api_key_env: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    slow: bool = False
    strict: bool = False
    report: tuple[str, ...] = ()
    budget: tuple[str, ...] = ()
    offer: tuple[str, ...] = ()
    context_window: str | None = None


_READ = pytest.StashKey[Settings]()
_OPTIONS: dict[str, tuple[str, str, str]] = {
    "targets": ("--contract-target", "TARGET", "verify this target; repeatable"),
    "profile": ("--contract-profile", "ID", "what the targets promise"),
    "profiles": ("--contract-profiles", "FILE", "a TOML file with your own profiles"),
    "model": ("--contract-model", "NAME", "the model to ask for"),
    "api_key_env": ("--contract-api-key-env", "NAME", "the variable with the API key"),
    "select": ("--contract-select", "CHECK", "only these checks; repeatable"),
    "ignore": ("--contract-ignore", "CHECK", "not these checks; repeatable"),
    "slow": ("--contract-slow", "", "slow checks too"),
    "strict": ("--contract-strict", "", "a SHOULD that fails fails its test"),
    "report": ("--contract-report", "KIND=PATH", "write a report; repeatable"),
    "budget": ("--contract-budget", "NAME=TIME", "hold latency to this; repeatable"),
    "offer": ("--contract-offer", "CAPABILITY", "hold it to this too; repeatable"),
    "context_window": ("--contract-context-window", "N", "the window in tokens"),
}
_MANY = frozenset({"targets", "select", "ignore", "report", "budget", "offer"})
_SWITCHES = frozenset({"slow", "strict"})
_NUMBERS = frozenset({"context_window"})  # in TOML; on a command line all is text


def add_options(parser: pytest.Parser) -> None:
    """Add the options of `magistral-contract verify` that make sense in a test run."""
    group = parser.getgroup("contract", "magistral-contract")
    for name, (flag, metavar, story) in _OPTIONS.items():
        if name in _SWITCHES:
            group.addoption(flag, dest=_dest(name), action="store_true", help=story)
        else:
            action = "append" if name in _MANY else "store"
            group.addoption(
                flag, dest=_dest(name), action=action, metavar=metavar, help=story
            )


def read(config: pytest.Config) -> Settings:
    """The options given, over those of the consumer's pyproject.toml."""
    if _READ not in config.stash:
        config.stash[_READ] = _read(config)
    return config.stash[_READ]


def _read(config: pytest.Config) -> Settings:
    values: dict[str, Any] = dict(_table(config))
    for name in _OPTIONS:
        if given := config.getoption(_dest(name), None):
            values[name] = tuple(given) if name in _MANY else given
    return replace(Settings(), **values)


def _dest(name: str) -> str:
    return f"contract_{name}"


def _table(config: pytest.Config) -> Iterator[tuple[str, object]]:
    path = config.rootpath / "pyproject.toml"
    if not path.is_file():
        return
    table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    known = {field.name for field in fields(Settings)}
    for key, value in table.get(TABLE, {}).items():
        name = key.replace("-", "_")
        if name not in known:
            names = ", ".join(sorted(name.replace("_", "-") for name in known))
            raise pytest.UsageError(f"[tool.{TABLE}] has no {key!r}; it has {names}.")
        wanted = _wanted(name)
        if not isinstance(value, wanted):
            raise pytest.UsageError(
                f"{key} in [tool.{TABLE}] must be a {wanted.__name__}, not {value!r}."
            )
        if isinstance(value, list):
            yield name, tuple(map(str, value))
        else:
            yield name, str(value) if name in _NUMBERS else value


def _wanted(name: str) -> type:
    """What TOML must hold for the setting of that name."""
    if name in _MANY:
        return list
    if name in _SWITCHES:
        return bool
    return int if name in _NUMBERS else str
