"""Settings of a test run, from the command line and from pyproject.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest


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
    # Whether to send the own requests of each check, and none for several at once.
    thorough: bool = False
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
    # Further headers of each request, as `NAME: VALUE`.
    header: tuple[str, ...] = field(default=(), repr=False)
    # Further headers whose values are in the environment, as `NAME=VARIABLE`.
    header_env: tuple[str, ...] = ()
    # The URL of an HTTP proxy; None leaves it to the environment.
    proxy: str | None = field(default=None, repr=False)
    # The TOML file with these settings; None is the pyproject.toml of the root folder.
    config: str | None = None
    # Settings that only a file can hold, such as `concurrency` and time-outs, by name.
    others: Mapping[str, Any] = field(default_factory=dict)
    # What the report says about the file; empty if no setting comes from one.
    note: str = field(default="", compare=False)


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
    "thorough": ("--contract-thorough", "", "send each check's own requests"),
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
    "header": (
        "--contract-header",
        "'NAME: VALUE'",
        "send this header too, its value is not shown; repeatable",
    ),
    "header_env": (
        "--contract-header-env",
        "NAME=VARIABLE",
        "send this header too, its value is in the variable; repeatable",
    ),
    "proxy": ("--contract-proxy", "URL", "send through this HTTP proxy"),
    "config": ("--contract-config", "FILE", "a TOML file with these settings"),
}
_LISTS = frozenset(
    {"targets", "select", "ignore", "report", "budget", "offer", "header", "header_env"}
)
_SWITCHES = frozenset({"slow", "strict", "thorough", "trust_plugins"})
# Numbers in TOML, and text on the command line.
_NUMBERS = frozenset({"context_window"})


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
    values: dict[str, Any] = _configured(config)
    for name in _OPTIONS:
        if given := config.getoption(_dest(name), None):
            values[name] = tuple(given) if name in _LISTS else given
    return replace(Settings(), **values)


def _dest(name: str) -> str:
    return f"contract_{name}"


def _configured(config: pytest.Config) -> dict[str, Any]:
    """Return the fields that the file sets, with their values."""
    given = config.getoption(_dest("config"), None)
    if not given and not _is_mentioned(config.rootpath):
        return {}
    # Imported only now, because every test run of an environment loads this module.
    from contract.cli import config as configuration
    from contract.errors import UsageError

    try:
        if given:
            found = configuration.read(Path(given))
        else:
            found = configuration.discover(config.rootpath)
    except UsageError as error:
        raise pytest.UsageError(str(error)) from error
    values = {
        name: str(value) if name in _NUMBERS else value
        for name, value in found.values.items()
    }
    others = {name: values.pop(name) for name in [*values] if name not in _OPTIONS}
    return {**values, "others": others, "note": found.note}


def _is_mentioned(root: Path) -> bool:
    """Return whether a pyproject.toml in *root* or above may have the table."""
    for folder in (root, *root.parents):
        try:
            if b"magistral-contract" in (folder / "pyproject.toml").read_bytes():
                return True
        except OSError:
            continue
    return False
