"""A real `transformers serve`, started for the occasion: `transformers:tiny`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from contract.engines import process
from contract.engines.environments import interpreter
from contract.engines.flags import changed
from contract.engines.process import (
    HOST,
    Launch,
    free_port,
    running,
)
from contract.errors import UsageError
from contract.targets.base import (
    Flags,
    Opened,
    Port,
    Python,
    Startup,
    Without,
    target,
)
from contract.tiny.writing import temporary_model

TINY = "tiny"
MODEL = "magistral-small-2509"
FILES = ("config.json", "tokenizer_config.json")
USUAL = ("--device", "cpu")
OURS = {
    "--host": "the server stays on loopback",
    "--port": "write ?port=N instead",
    "--non-blocking": "it is waited for",
}
_SHIM = Path(process.__file__).parent / "shim"


def read(argument: str) -> Path | None:
    """
    The model's directory; None for the tiny one, which is yet to be written.

    Its name is what clients ask for, so it may hold none of the signs that
    `transformers serve` reads as the revision or the file of a model.
    """
    if argument == TINY:
        return None
    if not argument:
        raise UsageError(
            "Which model? Write transformers:tiny or transformers:DIRECTORY."
        )
    place = Path(argument).expanduser()
    missing = [name for name in FILES if not (place / name).is_file()]
    if not place.is_dir() or missing:
        raise UsageError(
            f"{argument!r} is no directory with {' and '.join(missing)}; name one in "
            "Hugging Face's format, such as magistral-contract tiny hf DIR writes."
        )
    place = place.resolve()
    if set(place.name) & set("@:"):
        raise UsageError(
            f"transformers serve reads @ and : in a model's name as something else; "
            f"give the directory {place.name!r} another name."
        )
    return place


@target("transformers", read=read)
@contextmanager
def transformers(  # noqa: PLR0913  # the options of a target, all by name
    argument: str,
    *,
    port: Port = 0,
    response_template: Annotated[bool, "tells the thought from the answer"] = True,
    flags: Flags = "",
    without: Without = "",
    startup: Startup = 180.0,
    python: Python = "",
) -> Iterator[Opened]:
    """
    A `transformers serve` on loopback, in the environment of *python*.

    Only of the tiny model can the *response_template* be left out; then nothing tells
    the thought from the answer. There is no context window to set and no API key: it
    knows neither.
    """
    place = read(argument)
    if place is not None and not response_template:
        raise UsageError(
            "?response_template=no is for transformers:tiny; a directory's tokenizer "
            "has one or has none."
        )
    told = changed(USUAL, flags=flags, without=without, ours=OURS)
    program = interpreter("transformers", python)
    with TemporaryDirectory(prefix="magistral-contract-") as folder:
        if place is None:
            place = Path(folder) / MODEL
            temporary_model("transformers", place, parses=response_template)
        # Without a cache the list of models is a failure, and ours is nobody's list.
        cache = Path(folder) / "cache"
        (cache / "hub").mkdir(parents=True)
        listening = free_port(port)
        launch = Launch(
            name=f"transformers serve with {argument}",
            command=(
                *(program, "-m", "transformers.cli.transformers", "serve"),
                *("--host", HOST, "--port", str(listening), *told),
                # Whatever stands here is the name of the model.
                *("--", place.name),
            ),
            port=listening,
            environment=environment(cache),
            folder=place.parent,
        )
        with running(launch, startup) as url:
            yield Opened(url, model=place.name)


def environment(
    cache: Path, given: Mapping[str, str] = os.environ
) -> Mapping[str, str]:
    """
    What it is told by variables: one thread, no hub, nothing imported from where it is.

    Whoever has *given* another number of threads means it.
    """
    return {
        "PYTHONPATH": str(_SHIM),
        "PYTHONSAFEPATH": "1",
        "OMP_NUM_THREADS": given.get("OMP_NUM_THREADS", "1"),
        "HF_HOME": str(cache),
        "HF_HUB_CACHE": str(cache / "hub"),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
