"""Settings of a test run, from the command line and from pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import pytest

TABLE = "magistral-contract"  # [tool.magistral-contract] of a pyproject.toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings; in the TOML table a field has `-` instead of `_` in its name."""

    # The targets as on the command line (`mock:vllm?ttft=80ms`, a URL); the mock if
    # empty.
    targets: tuple[str, ...] = ()
    # The id of the profile to judge by; None detects it.
    profile: str | None = None
    # The path of a TOML file with additional profiles.
    profiles: str | None = None
    # The name of the model to request; None detects it.
    model: str | None = None
    # The environment variable that holds the API key; None stands for
    # MISTRAL_API_KEY, then OPENAI_API_KEY.
    api_key_env: str | None = None
    # Ids, families or patterns of the checks to run; all checks if empty.
    select: tuple[str, ...] = ()
    # Ids, families or patterns of the checks to leave out.
    ignore: tuple[str, ...] = ()
    # Whether to run checks of plug-ins that no fault has been shown to break.
    trust_plugins: bool = False
    # Whether to run the checks that are marked as slow.
    slow: bool = False
    # Whether a failed SHOULD fails its test.
    strict: bool = False
    # The reports to write, as KIND=PATH.
    report: tuple[str, ...] = ()
    # Latency bounds as NAME=TIME and rates as NAME=NUMBER (tokens per second).
    budget: tuple[str, ...] = ()
    # Capabilities to check in addition to those of the profile.
    offer: tuple[str, ...] = ()
    # The context window in tokens, as decimal digits; None keeps the detected one.
    context_window: str | None = None
    # The time to wait for rate limits in all, as a duration; None is the default.
    retry_budget: str | None = None


_SETTINGS = pytest.StashKey[Settings]()
# By field: the option, its metavar and its help.
_OPTIONS: dict[str, tuple[str, str, str]] = {
    "targets": ("--contract-target", "TARGET", "verify this target; repeatable"),
    "profile": ("--contract-profile", "ID", "the profile of the targets"),
    "profiles": ("--contract-profiles", "FILE", "a TOML file with your own profiles"),
    "model": ("--contract-model", "NAME", "the model to request"),
    "api_key_env": ("--contract-api-key-env", "NAME", "the variable with the API key"),
    "select": ("--contract-select", "CHECK", "only these checks; repeatable"),
    "ignore": ("--contract-ignore", "CHECK", "not these checks; repeatable"),
    "slow": ("--contract-slow", "", "slow checks too"),
    "trust_plugins": (
        "--contract-trust-plugins",
        "",
        "checks of plug-ins that no fault has been shown to break, too",
    ),
    "strict": ("--contract-strict", "", "a SHOULD that fails fails its test"),
    "report": ("--contract-report", "KIND=PATH", "write a report; repeatable"),
    "budget": (
        "--contract-budget",
        "NAME=TIME",
        "check latency against this; repeatable",
    ),
    "offer": (
        "--contract-offer",
        "CAPABILITY",
        "check this capability too; repeatable",
    ),
    "context_window": ("--contract-context-window", "N", "the window in tokens"),
    "retry_budget": (
        "--contract-retry-budget",
        "TIME",
        "wait this long in all for rate limits",
    ),
}
_LISTS = frozenset({"targets", "select", "ignore", "report", "budget", "offer"})
_SWITCHES = frozenset({"slow", "strict", "trust_plugins"})
# Numbers in TOML, and text on the command line.
_NUMBERS = frozenset({"context_window", "retry_budget"})


def add_options(parser: pytest.Parser) -> None:
    """Add the options of `magistral-contract verify` that apply to a test run."""
    group = parser.getgroup("contract", "magistral-contract")
    for name, (flag, metavar, description) in _OPTIONS.items():
        if name in _SWITCHES:
            group.addoption(
                flag, dest=_dest(name), action="store_true", help=description
            )
        else:
            group.addoption(
                flag,
                dest=_dest(name),
                action="append" if name in _LISTS else "store",
                metavar=metavar,
                help=description,
            )


def read(config: pytest.Config) -> Settings:
    """
    Return the options of the command line, with defaults from pyproject.toml.

    Raises `pytest.UsageError` if the table in pyproject.toml is wrong.
    """
    if _SETTINGS not in config.stash:
        config.stash[_SETTINGS] = _read(config)
    return config.stash[_SETTINGS]


def _read(config: pytest.Config) -> Settings:
    values: dict[str, Any] = dict(_table(config))
    for name in _OPTIONS:
        if given := config.getoption(_dest(name), None):
            values[name] = tuple(given) if name in _LISTS else given
    return replace(Settings(), **values)


def _dest(name: str) -> str:
    return f"contract_{name}"


def _table(config: pytest.Config) -> Iterator[tuple[str, object]]:
    """Yield the fields that pyproject.toml sets, with their values."""
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
        expected = _toml_type(name)
        if not isinstance(value, expected):
            raise pytest.UsageError(
                f"{key} in [tool.{TABLE}] must be a {expected.__name__}, not {value!r}."
            )
        if isinstance(value, list):
            yield name, tuple(map(str, value))
        else:
            yield name, str(value) if name in _NUMBERS else value


def _toml_type(name: str) -> type:
    """Return the type that the setting *name* has in TOML."""
    if name in _LISTS:
        return list
    if name in _SWITCHES:
        return bool
    return int if name in _NUMBERS else str
