"""Tab completion of names in the catalogue; `completion`: print its shell script."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem, get_completion_class

from contract.catalog.breakages import faults_by_name
from contract.catalog.profiles import builtin
from contract.catalog.providers import aliases
from contract.engines.environments import RECIPES
from contract.model.check import (
    Check,
    Quirk,
)
from contract.plugins.discovery import find
from contract.reporters.base import Reporter

Complete = Callable[
    [click.Context, click.Parameter, str], list[CompletionItem] | list[str]
]
SHELLS = ("bash", "zsh", "fish")


def names(source: Callable[[], Iterable[str]]) -> Complete:
    """Return a completion whose names are looked up only when a shell asks for them."""

    def complete(
        _context: click.Context, _option: click.Parameter, prefix: str
    ) -> list[str]:
        return sorted(name for name in source() if name.startswith(prefix))

    return complete


def checks() -> Iterable[str]:
    """Return the ids and the families of all checks."""
    found = find("checks", Check)
    return [*found, *dict.fromkeys(check.family for check in found.values())]


def dialects() -> Iterable[str]:
    """Return the dialects of the mock: the built-in profiles and their aliases."""
    return [*builtin(), *aliases()]


def faults() -> Iterable[str]:
    """Return the ids of all faults and of all breakages."""
    return faults_by_name()


def quirks() -> Iterable[str]:
    """Return the ids of all quirks."""
    return find("quirks", Quirk)


def profiles() -> Iterable[str]:
    """Return the ids of the built-in profiles."""
    return builtin()


def reports() -> Iterable[str]:
    """Return the kinds of report, each followed by an equals sign."""
    return [f"{kind}=" for kind in find("reporters", Reporter)]


def targets() -> Iterable[str]:
    """Return the mock in each dialect, and each engine with the tiny model."""
    mocks = (f"mock:{dialect}" for dialect in dialects())
    return ["mock", *mocks, *(f"{engine}:tiny" for engine in RECIPES)]


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """
    Print the script that enables tab completion in SHELL.

    \b
    bash   magistral-contract completion bash >> ~/.bashrc
    zsh    magistral-contract completion zsh >> ~/.zshrc
    fish   magistral-contract completion fish > ~/.config/fish/completions/magistral-contract.fish
    """  # noqa: D301, E501  # click keeps the lines after \b
    root = context.find_root()
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click has no completion for {shell}.")
    name = root.info_name or "magistral-contract"
    variable = f"_{name}_COMPLETE".replace("-", "_").upper()
    click.echo(kind(root.command, {}, name, variable).source())
