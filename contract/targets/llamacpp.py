"""llama.cpp's own server, started for the occasion: `llamacpp:tiny` or a GGUF file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from contract.engines import llama_server
from contract.engines.environments import interpreter
from contract.engines.flags import changed
from contract.engines.process import (
    HOST,
    Launch,
    existing,
    free_port,
    running,
)
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
OURS = {
    "--model": "the model stands behind the colon",
    "--host": "the server stays on loopback",
    "--port": "write ?port=N instead",
    "--api-key": "write ?key=… instead",
}
FORMATS = ("auto", "none", "deepseek", "deepseek-legacy")


def read(argument: str) -> Path | None:
    """The model's file; None for the tiny one, which is yet to be written."""
    if argument == TINY:
        return None
    if not argument:
        raise UsageError("Which model? Write llamacpp:tiny or llamacpp:FILE.gguf.")
    return existing(argument)


@target("llamacpp", read=read)
@contextmanager
def llamacpp(  # noqa: PLR0913  # the options of a target, all by name
    argument: str,
    *,
    port: Port = 0,
    ctx: Annotated[int, "the context window of one request in tokens"] = 8_192,
    slots: Annotated[int, "requests at a time"] = 2,
    threads: Annotated[int, "no more than there are idle cores"] = 1,
    key: KeyOption = "",
    mmproj: Annotated[str, "the file of the image encoder"] = "",
    reasoning_format: Annotated[str, f"one of {', '.join(FORMATS)}"] = "auto",
    flags: Flags = "",
    without: Without = "",
    startup: Startup = 60.0,
    python: Python = "",
    server: Annotated[str, "a llama-server to run in place of the wheel"] = "",
) -> Iterator[Opened]:
    """
    A llama.cpp server on loopback, out of the xllamacpp wheel or as a binary *server*.

    More *threads* than idle cores make llama.cpp a hundred times slower.
    """
    if reasoning_format not in FORMATS:
        raise UsageError(
            f"reasoning_format is one of {', '.join(FORMATS)}, not "
            f"{reasoning_format!r}."
        )
    if min(ctx, slots, threads) < 1:
        raise UsageError("ctx, slots and threads are whole numbers from 1 on.")
    told = changed(
        usual(ctx * slots, slots, threads, reasoning_format),
        flags=flags,
        without=without,
        ours=OURS,
    )
    program = _program(server, python)
    with TemporaryDirectory(prefix="magistral-contract-") as place:
        model = read(argument)
        images = existing(mmproj) if mmproj else None
        if model is None:
            model, images = Path(place) / "tiny.gguf", Path(place) / "images.gguf"
            temporary_model("llamacpp", model, images)
        listening = free_port(port)
        launch = Launch(
            name=f"llama.cpp with {argument}",
            command=(
                *program,
                *loading(model, images, MODEL if argument == TINY else model.stem),
                *("--host", HOST, "--port", str(listening)),
                *told,
            ),
            port=listening,
            environment={"LLAMA_API_KEY": key} if key else {},
            secret=key,
        )
        with running(launch, startup) as url:
            yield Opened(url, key=key or None)


def loading(model: Path, images: Path | None, alias: str) -> tuple[str, ...]:
    """What is said of the model, in `llama-server`'s flags."""
    found = ["--model", str(model), "--alias", alias, "--offline"]
    if images is not None:
        found += ["--mmproj", str(images)]
    return tuple(found)


def usual(
    tokens: int, slots: int, threads: int, reasoning_format: str
) -> tuple[str, ...]:
    """How Magistral is served, in `llama-server`'s flags; *tokens* for all *slots*."""
    return (
        *("--jinja", "--metrics", "--no-ui"),
        *("--ctx-size", str(tokens), "--parallel", str(slots)),
        *("--threads", str(threads), "--reasoning-format", reasoning_format),
    )


def _program(server: str, python: str) -> tuple[str, ...]:
    """What to start: a binary of the user's, or the wheel's server."""
    if not server:
        name = interpreter("llamacpp", python)
        # Isolated, so that nothing beside the file is imported for it.
        return (name, "-I", str(Path(llama_server.__file__)))
    found = shutil.which(server)
    if found is None:
        raise UsageError(
            f"There is no program {server!r}; ?server= names llama-server."
        )
    return (found,)
