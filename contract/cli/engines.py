"""`engines`: install real engines in virtual environments, or list them."""

from __future__ import annotations

from pathlib import Path

import click

from contract.engines.environments import (
    RECIPES,
    Recipe,
    folder,
    install,
    installed,
    version_here,
)


@click.group("engines")
def engines_command() -> None:
    """
    Install the engines that targets such as llamacpp:tiny and vllm:tiny start.

    Each engine gets a virtual environment in the user's cache folder, or in the
    folder that MAGISTRAL_CONTRACT_ENGINES names.
    """


@engines_command.command("list")
def list_engines() -> None:
    """Show which engines can be installed, their cost, and which are installed."""
    for recipe in RECIPES.values():
        place = folder() / recipe.id
        click.echo(f"{recipe.id:<12} {recipe.title}")
        click.echo(f"{'':<12} {', '.join(recipe.pins)}; {recipe.cost}")
        click.echo(f"{'':<12} locked for {recipe.scope or 'every Python'}")
        click.echo(f"{'':<12} {_state(recipe, place)}")


def _state(recipe: Recipe, place: Path) -> str:
    if installed(recipe, place):
        return f"installed in {place}"
    if (version := version_here(recipe)) is not None:
        return f"{recipe.modules[0]} {version}, installed in this environment"
    return "not installed"


@engines_command.command("install")
@click.argument("engine", type=click.Choice(list(RECIPES)))
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Create the environment here; targets then need ?python=DIR/bin/python.",
)
@click.option(
    "--unlocked",
    is_flag=True,
    help="Let pip resolve the packages, without hashes: for other Pythons.",
)
def install_engine(engine: str, into: Path | None, *, unlocked: bool) -> None:
    """
    Install ENGINE from its lock, unless it is installed.

    The lock names every package with the hashes of its files, so pip rejects any other
    file. Packages come from the indexes that pip is configured for. vLLM and
    Transformers need PyTorch's build for CPUs, so add PyTorch's index of CPU wheels
    (PIP_EXTRA_INDEX_URL).
    """
    recipe, place = RECIPES[engine], into or folder() / engine
    if installed(recipe, place):
        click.echo(f"{engine} is installed in {place}.")
        return
    click.echo(f"{recipe.title}: takes {recipe.cost}, in {place}.")
    install(
        recipe,
        place,
        lambda command: click.echo(f"  {command}"),
        locked=not unlocked,
    )
    named = f"?python={place / 'bin' / 'python'}" if into else ""
    click.echo(f"Done. Try: magistral-contract verify {engine}:tiny{named}")
