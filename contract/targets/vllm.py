"""Target `vllm:tiny`, `vllm:DIRECTORY` or `vllm:NAME`: a vLLM server of its own."""

from __future__ import annotations

import json
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
FILES = ("params.json", "tekken.json")
# Flags that only the target sets, and what to do instead.
RESERVED = {
    "--model": "name the model after the colon",
    "--host": "the server always listens on loopback",
    "--port": "write ?port=N instead",
    "--api-key": "write ?key=… instead",
}
_SHIM = Path(process.__file__).parent / "shim"
_IMAGES = json.dumps({"image": 10})


def read(argument: str) -> Path | None:
    """
    Return the model directory; None for the tiny model and for a name vLLM resolves.

    Raises `UsageError` for a directory that is not in Mistral's own format.
    """
    if not argument:
        raise UsageError("Which model? Write vllm:tiny, vllm:DIRECTORY or vllm:NAME.")
    path = process.user_path(argument)
    if argument == TINY or not path.exists():
        if argument.startswith((".", "/", "~")):
            raise UsageError(f"There is no {argument!r}; name an existing directory.")
        return None
    missing = [name for name in FILES if not (path / name).is_file()]
    if missing:
        raise UsageError(
            f"{argument!r} has no {' and no '.join(missing)}; name a directory in "
            "Mistral's own format, such as magistral-contract tiny vllm DIR writes."
        )
    return path


@target("vllm", read=read)
@contextmanager
def vllm(  # noqa: PLR0913  # the options of a target, all by name
    argument: str,
    *,
    port: Port = 0,
    ctx: Annotated[int, "context window in tokens"] = 131_072,
    key: KeyOption = "",
    reasoning_parser: Annotated[str, "parser of reasoning; empty for none"] = "mistral",
    tool_call_parser: Annotated[
        str, "parser of tool calls; empty for none"
    ] = "mistral",
    flags: Flags = "",
    without: Without = "",
    startup: Startup = 300.0,
    python: Python = "",
) -> Iterator[Opened]:
    """
    A vLLM server on loopback, on the CPU.

    *argument* is `tiny`, a directory or a name that vLLM resolves. The other
    parameters are described by their annotations; *startup* is in seconds. The
    default parsers are those of the model card.
    """
    if ctx < 1:
        raise UsageError(f"ctx must be at least 1 token, not {ctx}.")
    arguments = merge_flags(
        default_flags(ctx, reasoning_parser, tool_call_parser),
        flags=flags,
        without=without,
        reserved=RESERVED,
    )
    program = interpreter("vllm", python)
    with TemporaryDirectory(prefix="magistral-contract-") as folder:
        directory = read(argument)
        if argument == TINY:
            directory = Path(folder)
            temporary_model("vllm", directory)
        bound_port = free_port(port)
        launch = Launch(
            name=f"vLLM with {argument}",
            command=(
                *(program, "-m", "vllm.entrypoints.openai.api_server"),
                *("--model", str(directory or argument)),
                *("--host", HOST, "--port", str(bound_port)),
                *(("--served-model-name", MODEL) if argument == TINY else ()),
                *arguments,
            ),
            port=bound_port,
            environment=environment(key, offline=directory is not None),
            secret=key,
        )
        with running(launch, startup) as url:
            yield Opened(url, key=key or None)


def default_flags(
    ctx: int, reasoning_parser: str, tool_call_parser: str
) -> tuple[str, ...]:
    """
    Return the default flags of vLLM for Mistral's models.

    *ctx* is the context window in tokens; an empty parser name switches it off.
    """
    flags = [
        *("--tokenizer-mode", "mistral", "--config-format", "mistral"),
        *("--load-format", "mistral", "--limit-mm-per-prompt", _IMAGES),
        *("--max-model-len", str(ctx), "--dtype", "bfloat16", "--enforce-eager"),
    ]
    if reasoning_parser:
        flags += ["--reasoning-parser", reasoning_parser]
    if tool_call_parser:
        flags += ["--tool-call-parser", tool_call_parser, "--enable-auto-tool-choice"]
    return tuple(flags)


def environment(
    key: str, *, offline: bool, given: Mapping[str, str] = os.environ
) -> Mapping[str, str]:
    """
    Return vLLM's environment variables: one thread, a small cache, no telemetry.

    Args:
        key: API key that the server requires; empty for none.
        offline: Whether Hugging Face's hub must not be contacted.
        given: Environment of the user, whose values take precedence.
    """
    variables = {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
    }
    if offline:
        variables["HF_HUB_OFFLINE"] = "1"
    variables = {name: given.get(name, value) for name, value in variables.items()}
    variables["PYTHONPATH"] = str(_SHIM)
    if key:
        variables["VLLM_API_KEY"] = key
    return variables
