"""`openapi`: print the OpenAPI document of one dialect, for tools that read such."""

from __future__ import annotations

import click

from contract.schema.openapi import as_yaml, standalone
from contract.targets.mock import mock_profile


@click.command("openapi")
@click.option(
    "--dialect",
    metavar="ID",
    default="mistral",
    show_default=True,
    help="A dialect, as in `serve`.",
)
def openapi_command(dialect: str) -> None:
    """
    Print the OpenAPI 3.1 document of one dialect, as YAML.

    It holds the paths, schemas and examples of this dialect only, so what tools
    generate from it has no unions, and every request is one that `serve` answers.
    openapi.yaml describes all dialects at once.
    """
    chosen = mock_profile(dialect).dialect
    document = standalone(chosen.id, chosen.prefix, chosen.paths | {chosen.path})
    click.echo(as_yaml(document), nl=False)
