"""`tiny`: the scripted model as files, for engines that are started by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from contract.errors import UsageError
from contract.tiny.writing import (
    DISK_SPACE,
    writer,
)

MEGABYTE = 1_000_000
_SIZE = click.option(
    "--vocabulary",
    "size",
    type=int,
    metavar="N",
    help="Tokens, 32768 to 131072; fewer make smaller files, but other counts.",
)


@click.group("tiny")
def verb() -> None:
    """
    Write a scripted model of Magistral's shape: no weights to fetch, no GPU needed.

    Its weights are a table of next tokens, so a real engine answers the same words
    every time. What it says stands in contract/scripts.toml.
    """


@verb.command("gguf")
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
    help="Make rows multiples of N numbers (default: 64); 256 to quantise the file to "
    "Q4_K_M and its like.",
)
def gguf(file: Path, mmproj: Path | None, size: int | None, block: int | None) -> None:
    """Write FILE for llama.cpp, by default with a vocabulary of 32768 tokens."""
    write = writer("llamacpp")
    rows = {} if block is None else {"block": block}
    _written(lambda: write(file, mmproj, **_given(size), **rows))
    images = f" --mmproj {mmproj}" if mmproj else ""
    _tell((file, mmproj))
    click.echo(f"serve it: llama-server -m {file}{images} --jinja -c 16384 -np 2 -t 1")


@verb.command("vllm")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@_SIZE
def vllm(directory: Path, size: int | None) -> None:
    """Write DIRECTORY for vLLM, by default with the whole vocabulary."""
    write = writer("vllm")
    _written(lambda: write(directory, **_given(size)))
    _tell(tuple(sorted(directory.iterdir())))
    click.echo(
        f"serve it: vllm serve {directory} --tokenizer-mode mistral "
        "--config-format mistral --load-format mistral --reasoning-parser mistral "
        "--tool-call-parser mistral --enable-auto-tool-choice"
    )


@verb.command("hf")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@_SIZE
def hf(directory: Path, size: int | None) -> None:
    """Write DIRECTORY for Transformers, by default with 32768 tokens."""
    write = writer("transformers")
    _written(lambda: write(directory, **_given(size)))
    _tell(tuple(sorted(directory.iterdir())))
    click.echo(f"serve it: transformers serve {directory} --device cpu")


def _given(size: int | None) -> dict[str, int]:
    return {} if size is None else {"size": size}


def _written(write: Callable[[], Any]) -> None:
    try:
        write()
    except OSError as error:
        raise UsageError(
            f"{error.filename or 'The model'} cannot be written: "
            f"{error.strerror or error}. Name a place with {DISK_SPACE} to spare."
        ) from error


def _tell(paths: tuple[Path | None, ...]) -> None:
    for path in paths:
        if path is not None:
            size = path.stat().st_size / MEGABYTE
            click.echo(f"{size:7.1f} MB  {path}")
