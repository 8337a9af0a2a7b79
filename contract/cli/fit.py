"""`fit`: which quantisation and context window fit a machine, by formula."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract.cli import options
from contract.errors import UsageError
from contract.model.escape import escape_controls, escape_json

if TYPE_CHECKING:
    from contract.memory.files import Stored
    from contract.memory.fitting import Machine, Row, Wanted
    from contract.memory.shape import Shape

FORMAT = "fit-v1"  # the name of the format in JSON
_FILE = click.Path(path_type=Path)


@click.command("fit")
@click.option("--gpu", metavar="SIZE", help="Memory of the GPU, e.g. 24GiB or 24GB.")
@click.option("--ram", metavar="SIZE", help="Memory of a Mac, e.g. 32GiB.")
@click.option("--gguf", type=_FILE, metavar="FILE", help="The model for llama.cpp.")
@click.option("--mmproj", type=_FILE, metavar="FILE", help="Its image encoder.")
@click.option(
    "--model-dir",
    type=_FILE,
    metavar="DIR",
    help="The model for vLLM: safetensors with params.json or config.json.",
)
@click.option(
    "--model",
    metavar="NAME",
    help="A model by name, without files (default: magistral-small-1.2).",
)
@click.option(
    "--context",
    type=click.IntRange(1),
    metavar="N",
    help="The context window that is wanted, in tokens (default: the model's).",
)
@click.option(
    "--users",
    type=click.IntRange(1, 100_000),
    default=1,
    show_default=True,
    metavar="N",
    help="Conversations at the same time, each with a full window.",
)
@click.option(
    "--kv-type",
    "cache",
    type=click.Choice(("f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "fp8")),
    default="f16",
    show_default=True,
    help="Type of the KV cache; q… are those of llama.cpp, fp8 that of vLLM.",
)
@click.option("--text-only", is_flag=True, help="Leave the image encoder out.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="X",
    help="Share of --ram that the GPU may use (default: 0.67, from 64 GB on 0.75).",
)
@click.option(
    "--utilisation",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.92,
    show_default=True,
    metavar="X",
    help="vLLM's --gpu-memory-utilization.",
)
@click.option(
    "--reserve",
    default="1GiB",
    show_default=True,
    metavar="SIZE",
    help="Memory that stays free, for the driver and what is not counted here.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@options.appearance
def fit_command(**settings: Any) -> int:
    """
    Show which quantisations and context windows fit a GPU or a Mac.

    The sizes come from the headers of files, or are those of Magistral Small 1.2.
    Nothing is loaded. Weights, KV cache and llama.cpp's compute buffer are exact sums;
    images and vLLM's profile run are estimates.

    \b
      magistral-contract fit --gpu 24GiB --context 40960
      magistral-contract fit --ram 32GiB --gguf Magistral-Small-2509-Q4_K_M.gguf
      magistral-contract fit --gpu 80GB --model-dir Magistral-Small-2509 --users 4

    \b
    Exit codes
      0  at least one format fits the wanted window
      1  none does
      2  the command line or a file is wrong
    """  # noqa: D301  # click keeps the lines after \b
    from contract.memory.fitting import Wanted, rows

    machine = _machine(settings)
    stored = _stored(settings)
    hub, source, shape = _shape(settings, stored)
    wanted = Wanted(
        settings["context"] or shape.window,
        settings["users"],
        settings["cache"],
        images=not settings["text_only"] and shape.vision is not None,
    )
    found = rows(shape, machine, wanted, stored)
    commands = _commands(found, machine, wanted, hub, stored)
    if settings["as_json"]:
        click.echo(_json(found, machine, wanted, source, commands))
    else:
        _print(
            found, machine, wanted, (source, shape.sliding), commands, settings["color"]
        )
    return int(not any(row.fits for row in found))


def _machine(settings: dict[str, Any]) -> Machine:
    from contract.memory import fitting
    from contract.memory.size import parse_size

    gpu, ram = settings["gpu"], settings["ram"]
    if (gpu is None) == (ram is None):
        raise UsageError(
            "Give the memory of one machine: --gpu 24GiB for a GPU, or --ram 32GiB for "
            "a Mac."
        )
    reserve = settings["reserve"].strip()
    kept = 0 if reserve == "0" else parse_size("--reserve", reserve)
    if ram is None:
        if settings["share"] is not None:
            raise UsageError("--share is the GPU's part of --ram; leave it out here.")
        memory = parse_size("--gpu", gpu)
        return fitting.Machine(memory, False, settings["utilisation"], kept)  # noqa: FBT003
    memory = parse_size("--ram", ram)
    part = settings["share"] or fitting.share(memory)
    return fitting.Machine(int(memory * part), True, settings["utilisation"], kept)  # noqa: FBT003


def _stored(settings: dict[str, Any]) -> Stored | None:
    from contract.memory.files import read_folder, read_gguf

    names = ("gguf", "model_dir", "model")
    given = [name for name in names if settings[name] is not None]
    if len(given) > 1:
        raise UsageError("Give one of --gguf, --model-dir and --model.")
    if settings["mmproj"] is not None and settings["gguf"] is None:
        raise UsageError("--mmproj belongs to the file that --gguf names.")
    if settings["gguf"] is not None:
        return read_gguf(settings["gguf"], settings["mmproj"])
    if settings["model_dir"] is not None:
        return read_folder(settings["model_dir"])
    return None


def _shape(settings: dict[str, Any], stored: Stored | None) -> tuple[str, str, Shape]:
    """Return the name on the hub, where the sizes come from, and the sizes."""
    from contract.memory.published import DEFAULT, published

    if stored is not None:
        return "", str(stored.path), stored.shape
    model = published(settings["model"] or DEFAULT)
    return model.hub, f"{model.name}, sizes by {model.source}", model.shape


def _commands(
    found: list[Row], machine: Machine, wanted: Wanted, hub: str, stored: Stored | None
) -> dict[str, tuple[Row, str]]:
    from contract.memory.fitting import LLAMACPP, VLLM
    from contract.memory.starting import best, command

    rows = {engine: best(found, engine) for engine in (LLAMACPP, VLLM)}
    return {
        engine: (row, command(row, machine, wanted, hub, stored))
        for engine, row in rows.items()
        if row is not None
    }


def _json(
    found: list[Row],
    machine: Machine,
    wanted: Wanted,
    source: str,
    commands: dict[str, tuple[Row, str]],
) -> str:
    """Return the rows as JSON in the format `FORMAT`; sizes are bytes."""
    value = {
        "format": FORMAT,
        "source": source,
        "memory": machine.memory,
        "reserve": machine.reserve,
        "context": wanted.window,
        "users": wanted.users,
        "kv_type": wanted.cache,
        "rows": [
            {
                "engine": row.engine,
                "format": row.format,
                "fits": row.fits,
                "weights": row.parts.weights,
                "images": row.parts.images,
                "cache": row.parts.cache,
                "compute": row.parts.compute,
                "available": row.available,
                "left": row.left,
                "largest_context": row.largest,
            }
            for row in found
        ],
        "commands": {
            engine: {"format": row.format, "command": text}
            for engine, (row, text) in commands.items()
        },
    }
    return escape_json(json.dumps(value, indent=2))


def _print(  # noqa: PLR0913, PLR0917  # what there is to print
    found: list[Row],
    machine: Machine,
    wanted: Wanted,
    source: tuple[str, int | None],
    commands: dict[str, tuple[Row, str]],
    color: bool | None,  # noqa: FBT001  # a tri-state from click
) -> None:
    from rich.table import Table
    from rich.text import Text

    from contract.memory.size import gib

    console = options.console(color)
    what = "that a Mac's GPU may use" if machine.shared else "of the GPU"
    each = "" if wanted.users == 1 else f", {wanted.users} at a time"
    lines = [
        source[0],
        (
            f"{gib(machine.memory)} GiB {what}, {gib(machine.reserve)} GiB of them "
            f"kept free; windows of {wanted.window} tokens{each}, KV cache in "
            f"{wanted.cache}. Sizes are in GiB."
        ),
    ]
    if source[1] is not None:
        lines.append(
            f"The attention has a sliding window of {source[1]} tokens, so the KV "
            "cache may be smaller than shown."
        )
    for line in lines:
        console.print(Text(escape_controls(line)), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for title in ("Engine", "Format", "Fits"):
        table.add_column(title, no_wrap=True)
    for title in ("Weights", "Images", "KV cache", "Compute", "Left", "Largest window"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in found:
        parts = row.parts
        sizes = (parts.weights, parts.images, parts.cache, parts.compute, row.left)
        table.add_row(
            row.engine,
            Text(escape_controls(row.format)),
            Text("yes", "green") if row.fits else Text("no", "red"),
            *map(gib, sizes),
            str(row.largest or "none"),
        )
    console.print(table)
    if not commands:
        console.print("Nothing fits; quantise further, or take a larger machine.")
    for engine, (row, text) in commands.items():
        window = wanted.window if row.fits else row.largest
        console.print(
            Text(escape_controls(f"{engine}, {row.format}, {window} tokens:")),
            soft_wrap=True,
        )
        console.print(Text(escape_controls(f"  {text}")), soft_wrap=True)
