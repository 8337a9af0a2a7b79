"""`tiny`: write the files of the scripted model, for engines started by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from contract.errors import UsageError
from contract.tiny.writing import DISK_SPACE, writer

MEGABYTE = 1_000_000
_SIZE = click.option(
    "--vocabulary",
    "size",
    type=int,
    metavar="N",
    help="Tokens, 32768 to 131072; fewer tokens make smaller files, but change the "
    "token counts.",
)


@click.group("tiny")
def tiny_command() -> None:
    """
    Write a scripted model with Magistral's architecture; it needs no GPU.

    Its weights are a table of next tokens, so a real engine generates the same text
    every time. The texts are defined in contract/mock_server/scripts.toml.
    """


@tiny_command.command("gguf")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--mmproj",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the image encoder too.",
)
@_SIZE
@click.option(
    "--block",
    type=click.IntRange(32),
    metavar="N",
    help="Pad rows to a multiple of N numbers (default: 64); quantisations such as "
    "Q4_K_M need 256.",
)
def gguf(file: Path, mmproj: Path | None, size: int | None, block: int | None) -> None:
    """Write FILE for llama.cpp, by default with a vocabulary of 32768 tokens."""
    write = writer("llamacpp")
    rows = {} if block is None else {"block": block}
    _run(lambda: write(file, mmproj, **_options(size), **rows))
    images = f" --mmproj {mmproj}" if mmproj else ""
    _print_sizes((file, mmproj))
    click.echo(f"serve it: llama-server -m {file}{images} --jinja -c 16384 -np 2 -t 1")


@tiny_command.command("vllm")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@_SIZE
def vllm(directory: Path, size: int | None) -> None:
    """Write DIRECTORY for vLLM, by default with the whole vocabulary."""
    write = writer("vllm")
    _run(lambda: write(directory, **_options(size)))
    _print_sizes(tuple(sorted(directory.iterdir())))
    click.echo(
        f"serve it: vllm serve {directory} --tokenizer-mode mistral "
        "--config-format mistral --load-format mistral --reasoning-parser mistral "
        "--tool-call-parser mistral --enable-auto-tool-choice"
    )


@tiny_command.command("hf")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@_SIZE
def hf(directory: Path, size: int | None) -> None:
    """Write DIRECTORY for Transformers, by default with 32768 tokens of vocabulary."""
    write = writer("transformers")
    _run(lambda: write(directory, **_options(size)))
    _print_sizes(tuple(sorted(directory.iterdir())))
    click.echo(f"serve it: transformers serve {directory} --device cpu")


def _options(size: int | None) -> dict[str, int]:
    return {} if size is None else {"size": size}


def _run(write: Callable[[], Any]) -> None:
    """Call *write*; raise `UsageError` if the files cannot be written."""
    try:
        write()
    except OSError as error:
        raise UsageError(
            f"{error.filename or 'The model'} cannot be written: "
            f"{error.strerror or error}. Name a place with {DISK_SPACE} of free space."
        ) from error


def _print_sizes(paths: tuple[Path | None, ...]) -> None:
    for path in paths:
        if path is not None:
            size = path.stat().st_size / MEGABYTE
            click.echo(f"{size:7.1f} MB  {path}")
