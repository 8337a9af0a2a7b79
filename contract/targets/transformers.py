"""Target `transformers:tiny` or `transformers:DIRECTORY`: a `transformers serve`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from contract.engines import process
from contract.engines.environments import interpreter
from contract.engines.flags import merge_flags
from contract.engines.process import HOST, Launch, free_port, running
from contract.errors import UsageError
from contract.targets.base import Flags, Opened, Port, Python, Startup, Without, target
from contract.tiny.writing import temporary_model

TINY = "tiny"
MODEL = "magistral-small-2509"
FILES = ("config.json", "tokenizer_config.json")
DEFAULT_FLAGS = ("--device", "cpu")
# Flags that only the target sets, and what to do instead.
RESERVED = {
    "--host": "the server always listens on loopback",
    "--port": "write ?port=N instead",
    "--non-blocking": "the server has to stay in the foreground",
}
_SHIM = Path(process.__file__).parent / "shim"


def read(argument: str) -> Path | None:
    """
    Return the model directory; None for the tiny model, which is written at the start.

    Raises `UsageError` if files are missing. The name of the directory is the name of
    the model in requests, so it must not contain the characters that `transformers
    serve` parses as the revision or the file of a model.
    """
    if argument == TINY:
        return None
    if not argument:
        raise UsageError(
            "Which model? Write transformers:tiny or transformers:DIRECTORY."
        )
    path = process.user_path(argument)
    missing = [name for name in FILES if not (path / name).is_file()]
    if not path.is_dir() or missing:
        raise UsageError(
            f"{argument!r} is not a directory with {' and '.join(missing)}; name one "
            "in Hugging Face's format, such as magistral-contract tiny hf DIR writes."
        )
    path = path.resolve()
    if set(path.name) & set("@:"):
        raise UsageError(
            "transformers serve parses @ and : in the name of a model; rename the "
            f"directory {path.name!r}."
        )
    return path


@target("transformers", read=read)
@contextmanager
def transformers(  # noqa: PLR0913  # the options of a target, all by name
    argument: str,
    *,
    port: Port = 0,
    response_template: Annotated[
        bool, "separation of reasoning and answer by the tokenizer"
    ] = True,
    flags: Flags = "",
    without: Without = "",
    startup: Startup = 180.0,
    python: Python = "",
) -> Iterator[Opened]:
    """
    A `transformers serve` on loopback, on the CPU.

    *argument* is `tiny` or a directory. The other parameters are described by their
    annotations; *startup* is in seconds. The *response_template* can be left out only
    for the tiny model; without it, reasoning stays in the answer. `transformers serve`
    supports neither a context window nor an API key.
    """
    directory = read(argument)
    if directory is not None and not response_template:
        raise UsageError(
            "?response_template=no is for transformers:tiny; for a directory, the "
            "tokenizer's own configuration applies."
        )
    arguments = merge_flags(
        DEFAULT_FLAGS, flags=flags, without=without, reserved=RESERVED
    )
    program = interpreter("transformers", python)
    with TemporaryDirectory(prefix="magistral-contract-") as folder:
        if directory is None:
            directory = Path(folder) / MODEL
            temporary_model("transformers", directory, parses=response_template)
        # Listing the models fails without a cache, and with the user's cache it would
        # list unrelated models.
        cache = Path(folder) / "cache"
        (cache / "hub").mkdir(parents=True)
        bound_port = free_port(port)
        launch = Launch(
            name=f"transformers serve with {argument}",
            command=(
                *(program, "-m", "transformers.cli.transformers", "serve"),
                *("--host", HOST, "--port", str(bound_port), *arguments),
                # This argument becomes the name of the model in requests.
                *("--", directory.name),
            ),
            port=bound_port,
            environment=environment(cache),
            folder=directory.parent,
        )
        with running(launch, startup) as url:
            yield Opened(url, model=directory.name)


def environment(
    cache: Path, given: Mapping[str, str] = os.environ
) -> Mapping[str, str]:
    """
    Return the environment variables: one thread, no hub, no imports from the folder.

    *cache* is the folder for Hugging Face's cache. A number of threads that is *given*
    in the user's environment takes precedence.
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
