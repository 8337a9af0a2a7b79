"""A real vLLM on the CPU, started for the occasion: `vllm:tiny` or a model of yours."""

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
OURS = {
    "--model": "the model stands behind the colon",
    "--host": "the server stays on loopback",
    "--port": "write ?port=N instead",
    "--api-key": "write ?key=… instead",
}
_SHIM = Path(process.__file__).parent / "shim"
_IMAGES = json.dumps({"image": 10})


def read(argument: str) -> Path | None:
    """
    The model's directory; None for the tiny one and for a name vLLM looks up.

    A directory without what Mistral's own format consists of is refused.
    """
    if not argument:
        raise UsageError("Which model? Write vllm:tiny, vllm:DIRECTORY or vllm:NAME.")
    place = Path(argument).expanduser()
    if argument == TINY or not place.exists():
        if argument.startswith((".", "/", "~")):
            raise UsageError(f"There is no {argument!r}; name an existing directory.")
        return None
    missing = [name for name in FILES if not (place / name).is_file()]
    if missing:
        raise UsageError(
            f"{argument!r} has no {' and no '.join(missing)}; name a directory in "
            "Mistral's own format, such as magistral-contract tiny vllm DIR writes."
        )
    return place


@target("vllm", read=read)
@contextmanager
def vllm(  # noqa: PLR0913  # the options of a target, all by name
    argument: str,
    *,
    port: Port = 0,
    ctx: Annotated[int, "the context window in tokens"] = 131_072,
    key: KeyOption = "",
    reasoning_parser: Annotated[str, "parts the thought; none when empty"] = "mistral",
    tool_call_parser: Annotated[str, "parts tool calls; none when empty"] = "mistral",
    flags: Flags = "",
    without: Without = "",
    startup: Startup = 300.0,
    python: Python = "",
) -> Iterator[Opened]:
    """
    A vLLM server on loopback, in the environment of *python*.

    Its parsers are those for Mistral's models, as the model card starts it.
    """
    if ctx < 1:
        raise UsageError(f"ctx must be at least 1 token, not {ctx}.")
    told = changed(
        usual(ctx, reasoning_parser, tool_call_parser),
        flags=flags,
        without=without,
        ours=OURS,
    )
    program = interpreter("vllm", python)
    with TemporaryDirectory(prefix="magistral-contract-") as folder:
        place = read(argument)
        if argument == TINY:
            place = Path(folder)
            temporary_model("vllm", place)
        listening = free_port(port)
        launch = Launch(
            name=f"vLLM with {argument}",
            command=(
                *(program, "-m", "vllm.entrypoints.openai.api_server"),
                *("--model", str(place or argument)),
                *("--host", HOST, "--port", str(listening)),
                *(("--served-model-name", MODEL) if argument == TINY else ()),
                *told,
            ),
            port=listening,
            environment=environment(key, offline=place is not None),
            secret=key,
        )
        with running(launch, startup) as url:
            yield Opened(url, key=key or None)


def usual(ctx: int, reasoning_parser: str, tool_call_parser: str) -> tuple[str, ...]:
    """How Mistral's models are served, in vLLM's flags."""
    found = [
        *("--tokenizer-mode", "mistral", "--config-format", "mistral"),
        *("--load-format", "mistral", "--limit-mm-per-prompt", _IMAGES),
        *("--max-model-len", str(ctx), "--dtype", "bfloat16", "--enforce-eager"),
    ]
    if reasoning_parser:
        found += ["--reasoning-parser", reasoning_parser]
    if tool_call_parser:
        found += ["--tool-call-parser", tool_call_parser, "--enable-auto-tool-choice"]
    return tuple(found)


def environment(
    key: str, *, offline: bool, given: Mapping[str, str] = os.environ
) -> Mapping[str, str]:
    """
    What vLLM is told by variables: one thread, a small cache, no reports home.

    Whoever has *given* one of them some other value means it.
    """
    found = {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
    }
    if offline:
        found["HF_HUB_OFFLINE"] = "1"
    found = {name: given.get(name, value) for name, value in found.items()}
    found["PYTHONPATH"] = str(_SHIM)
    if key:
        found["VLLM_API_KEY"] = key
    return found
