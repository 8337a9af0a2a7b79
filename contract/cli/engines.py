"""`engines`: install a real engine in an environment of its own, and list them."""

from __future__ import annotations

from pathlib import Path

import click

from contract.engines.environments import (
    RECIPES,
    Recipe,
    folder,
    install,
    installed,
    ours,
)


@click.group("engines")
def verb() -> None:
    """
    Install the engines that targets such as llamacpp:tiny and vllm:tiny start.

    Each gets an environment of its own below the user's cache, or below the folder
    in MAGISTRAL_CONTRACT_ENGINES.
    """


@verb.command("list")
def listing() -> None:
    """Show what can be installed, what it costs, and what is there."""
    for recipe in RECIPES.values():
        place = folder() / recipe.id
        click.echo(f"{recipe.id:<12} {recipe.title}")
        click.echo(f"{'':<12} {', '.join(recipe.pins)}; {recipe.cost}")
        click.echo(f"{'':<12} {_state(recipe, place)}")


def _state(recipe: Recipe, place: Path) -> str:
    if installed(recipe, place):
        return f"installed in {place}"
    if (version := ours(recipe)) is not None:
        return f"{recipe.modules[0]} {version}, installed beside magistral-contract"
    return "not installed"


@verb.command("install")
@click.argument("engine", type=click.Choice(list(RECIPES)))
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Make the environment here; name it later with ?python=DIR/bin/python.",
)
def installing(engine: str, into: Path | None) -> None:
    """
    Install ENGINE with versions that work together; once there it is left alone.

    It comes from where pip is set to look. vLLM and Transformers want a torch built
    for CPUs, so PyTorch's CPU wheels should be among these places
    (PIP_EXTRA_INDEX_URL); otherwise several GB of CUDA come along.
    """
    recipe, place = RECIPES[engine], into or folder() / engine
    if installed(recipe, place):
        click.echo(f"{engine} is installed in {place}.")
        return
    click.echo(f"{recipe.title}: takes {recipe.cost}, in {place}.")
    install(recipe, place, lambda command: click.echo(f"  {command}"))
    named = f"?python={place / 'bin' / 'python'}" if into else ""
    click.echo(f"Done. Try: magistral-contract verify {engine}:tiny{named}")
