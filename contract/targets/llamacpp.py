"""Target `llamacpp:tiny` or `llamacpp:FILE.gguf`: a llama.cpp server of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from contract.engines import llama_server
from contract.engines.environments import interpreter
from contract.engines.flags import merge_flags
from contract.engines.process import HOST, Launch, existing_file, free_port, running
from contract.errors import UsageError
from contract.targets.base import (
    Flags,
    KeyOption,
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
# Flags that only the target sets, and what to do instead.
RESERVED = {
    "--model": "name the model after the colon",
    "--host": "the server always listens on loopback",
    "--port": "write ?port=N instead",
    "--api-key": "write ?key=… instead",
}
FORMATS = ("auto", "none", "deepseek", "deepseek-legacy")


def read(argument: str) -> Path | None:
    """
    Return the model file; None for the tiny model, which is written at the start.

    Raises `UsageError` if there is no such file.
    """
    if argument == TINY:
        return None
    if not argument:
        raise UsageError("Which model? Write llamacpp:tiny or llamacpp:FILE.gguf.")
    return existing_file(argument)


@target("llamacpp", read=read)
@contextmanager
def llamacpp(  # noqa: PLR0913  # the options of a target, all by name
    argument: str,
    *,
    port: Port = 0,
    ctx: Annotated[int, "context window of one request in tokens"] = 8_192,
    slots: Annotated[int, "number of concurrent requests"] = 2,
    threads: Annotated[int, "number of threads, at most the number of idle cores"] = 1,
    key: KeyOption = "",
    mmproj: Annotated[str, "file of the image encoder"] = "",
    reasoning_format: Annotated[str, f"one of {', '.join(FORMATS)}"] = "auto",
    flags: Flags = "",
    without: Without = "",
    startup: Startup = 60.0,
    python: Python = "",
    server: Annotated[str, "llama-server to run instead of the xllamacpp wheel"] = "",
) -> Iterator[Opened]:
    """
    A llama.cpp server on loopback, from the xllamacpp wheel or a binary.

    *argument* is `tiny` or a GGUF file. The other parameters are described by their
    annotations; *startup* is in seconds. More *threads* than idle cores make llama.cpp
    a hundred times slower.
    """
    if reasoning_format not in FORMATS:
        raise UsageError(
            f"reasoning_format is one of {', '.join(FORMATS)}, not "
            f"{reasoning_format!r}."
        )
    if min(ctx, slots, threads) < 1:
        raise UsageError("ctx, slots and threads must be at least 1.")
    arguments = merge_flags(
        default_flags(ctx * slots, slots, threads, reasoning_format),
        flags=flags,
        without=without,
        reserved=RESERVED,
    )
    program = _program(server, python)
    with TemporaryDirectory(prefix="magistral-contract-") as folder:
        model = read(argument)
        projector = existing_file(mmproj) if mmproj else None
        if model is None:
            model, projector = Path(folder) / "tiny.gguf", Path(folder) / "images.gguf"
            temporary_model("llamacpp", model, projector)
        bound_port = free_port(port)
        launch = Launch(
            name=f"llama.cpp with {argument}",
            command=(
                *program,
                *model_flags(
                    model, projector, MODEL if argument == TINY else model.stem
                ),
                *("--host", HOST, "--port", str(bound_port)),
                *arguments,
            ),
            port=bound_port,
            environment={"LLAMA_API_KEY": key} if key else {},
            secret=key,
        )
        with running(launch, startup) as url:
            yield Opened(url, key=key or None)


def model_flags(model: Path, projector: Path | None, alias: str) -> tuple[str, ...]:
    """
    Return the flags of `llama-server` that name the model.

    *projector* is the file of the image encoder, *alias* the name of the model in
    requests.
    """
    flags = ["--model", str(model), "--alias", alias, "--offline"]
    if projector is not None:
        flags += ["--mmproj", str(projector)]
    return tuple(flags)


def default_flags(
    tokens: int, slots: int, threads: int, reasoning_format: str
) -> tuple[str, ...]:
    """
    Return the default flags of `llama-server` for Magistral.

    *tokens* is the context window of all *slots* together.
    """
    return (
        *("--jinja", "--metrics", "--no-ui"),
        *("--ctx-size", str(tokens), "--parallel", str(slots)),
        *("--threads", str(threads), "--reasoning-format", reasoning_format),
    )


def _program(server: str, python: str) -> tuple[str, ...]:
    """Return the command of the server: the user's binary, or the wheel's server."""
    if not server:
        name = interpreter("llamacpp", python)
        # Isolated, so that modules next to the file are not importable.
        return (name, "-I", str(Path(llama_server.__file__)))
    binary = shutil.which(server)
    if binary is None:
        raise UsageError(
            f"There is no program {server!r}; ?server= must name llama-server."
        )
    return (binary,)
