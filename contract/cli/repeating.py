"""The options of a run as words, for the command that runs one check again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click
from click.core import ParameterSource

from contract.cli.config import BOUNDS
from contract.model.profile import RATES

# Options that change how a target is judged, by the name of their setting. Left out:
# what selects checks, what only shapes the output, and what `open_target` and
# `judge_check` add themselves (profile, model, key, headers, proxy, --slow, --seed).
REPEATED = (
    "profiles",
    "trust_plugins",
    "strict",
    "thorough",
    "context_window",
    "budget",
    "offer",
    "concurrency",
    "max_requests",
    "retry_budget",
    "max_examples",
    *BOUNDS,
)


def repeated_options(context: click.Context) -> tuple[str, ...]:
    """Return the options of `verify`, given or configured, as words."""
    given = context.meta.get("contract.config", {})
    words = ["--config", given["config"]] if given.get("config") else []
    words += ["--no-config"] if given.get("no_config") else []
    values = {
        name: context.params[BOUNDS.get(name, name)]
        for name in REPEATED
        if context.get_parameter_source(BOUNDS.get(name, name))
        is not ParameterSource.DEFAULT
    }
    return (*words, *as_words(values))


def as_words(values: Mapping[str, object]) -> tuple[str, ...]:
    """
    Return the settings *values* as words of a command line.

    Values are as in a file or as the options are parsed: text, numbers, seconds,
    switches, lists of text, bounds by name. Settings that are not in `REPEATED`, and
    those without a value, are left out.
    """
    words: list[str] = []
    for name in REPEATED:
        value, option = values.get(name), f"--{name.replace('_', '-')}"
        if value is None or value is False:
            continue
        if value is True:
            words.append(option)
        else:
            words += (w for text in _texts(value) for w in (option, text))
    return tuple(words)


def _texts(value: object) -> Iterable[str]:
    """Return the texts for *value*, one for each time that its option is given."""
    if isinstance(value, float):
        return (f"{value:g}s",)
    if isinstance(value, Mapping):
        return tuple(
            f"{name}={bound:g}{'' if name in RATES else 's'}"
            for name, bound in value.items()
        )
    if isinstance(value, frozenset):
        return tuple(sorted(map(str, value)))
    if isinstance(value, tuple):
        return tuple(map(str, value))
    return (str(value),)
