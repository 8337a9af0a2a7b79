"""Tab completion of names in the catalogue; `completion`: print its shell script."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem, get_completion_class

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
    from contract.catalog.index import entries

    found = entries()
    families = dict.fromkeys(entry.family for entry in found)
    return [*(entry.id for entry in found), *families]


def dialects() -> Iterable[str]:
    """Return the dialects of the mock: the built-in profiles and their aliases."""
    from contract.catalog.profiles import builtin
    from contract.catalog.providers import aliases

    return [*builtin(), *aliases()]


def faults() -> Iterable[str]:
    """Return the ids of all faults, outages and breakages."""
    from contract.catalog.breakages import faults_by_name
    from contract.model.alterations import ALTERATIONS
    from contract.model.outages import OUTAGES

    return [*faults_by_name(), *OUTAGES, *ALTERATIONS]


def quirks() -> Iterable[str]:
    """Return the ids of all quirks."""
    from contract.model.check import Quirk
    from contract.plugins.discovery import find

    return find("quirks", Quirk)


def profiles() -> Iterable[str]:
    """Return the ids of the built-in profiles."""
    from contract.catalog.profiles import builtin

    return builtin()


def reports() -> Iterable[str]:
    """Return the kinds of report, each followed by an equals sign."""
    from contract.plugins.discovery import find
    from contract.reporters.base import Reporter

    return [f"{kind}=" for kind in find("reporters", Reporter)]


def exports() -> Iterable[str]:
    """Return the kinds of export."""
    from contract.exporters.base import Exporter
    from contract.plugins.discovery import find

    return find("exporters", Exporter)


def capabilities() -> Iterable[str]:
    """Return the capabilities that `--offer` takes."""
    from contract.cli.offers import NAMES

    return NAMES


def targets() -> Iterable[str]:
    """Return the mock in each dialect, and each engine with the tiny model."""
    from contract.engines.environments import RECIPES

    mocks = (f"mock:{dialect}" for dialect in dialects())
    return ["mock", *mocks, *(f"{engine}:tiny" for engine in RECIPES)]


def documents() -> Iterable[str]:
    """Return the names of OpenAPI documents that are built in."""
    return ["builtin", *dialects()]


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
