"""Commands that start an engine with what fits."""

from __future__ import annotations

import shlex

from contract.memory.files import Stored
from contract.memory.fitting import LLAMACPP, UTILISATION, Machine, Row, Wanted

_IMAGES = '{"image": 10}'  # as many as the profiles of this package require


def best(rows: list[Row], engine: str) -> Row | None:
    """
    Return the row of *engine* to start: the first that fits, else the largest window.

    Rows are ordered by quality. None if nothing of it fits at any window.
    """
    own = [row for row in rows if row.engine == engine and row.largest]
    fitting = next((row for row in own if row.fits), None)
    return fitting or max(own, key=lambda row: row.largest, default=None)


def command(
    row: Row, machine: Machine, wanted: Wanted, hub: str, stored: Stored | None
) -> str:
    """
    Return the command line that starts the engine of *row*.

    *hub* is the model's name on Hugging Face's hub, empty if unknown; *stored* are the
    files that were read. Names in capitals are for the user to fill in.
    """
    window = wanted.window if row.fits else row.largest
    words = (
        _llamacpp(row, wanted, window, stored)
        if row.engine == LLAMACPP
        else _vllm(row, machine, wanted, window, hub)
    )
    return shlex.join(words)


def _llamacpp(
    row: Row, wanted: Wanted, window: int, stored: Stored | None
) -> list[str]:
    words = ["llama-server", "-m", str(row.file or f"MODEL-{row.format}.gguf")]
    if wanted.images:
        projector = None if stored is None else stored.projector
        if row.file is None or projector is not None:
            words += ["--mmproj", str(projector or "MMPROJ-F16.gguf")]
    words += ["--jinja", "-ngl", "99", "-fa", "on"]
    words += ["-c", str(window * wanted.users), "-np", str(wanted.users)]
    if wanted.cache != "f16":
        words += ["-ctk", wanted.cache, "-ctv", wanted.cache]
    return words


def _vllm(
    row: Row, machine: Machine, wanted: Wanted, window: int, hub: str
) -> list[str]:
    quantised = row.format == "INT4"
    name = str(row.file) if row.file else hub if hub and not quantised else "FOLDER"
    words = ["vllm", "serve", name, "--tokenizer-mode", "mistral"]
    if not quantised and (row.file is None or (row.file / "params.json").is_file()):
        words += ["--config-format", "mistral", "--load-format", "mistral"]
    words += ["--reasoning-parser", "mistral", "--tool-call-parser", "mistral"]
    words += ["--enable-auto-tool-choice", "--max-model-len", str(window)]
    words += ["--max-num-seqs", str(wanted.users)]
    images = _IMAGES if wanted.images else '{"image": 0}'
    words += ["--limit-mm-per-prompt", images]
    if row.format == "FP8":
        words += ["--quantization", "fp8"]
    if wanted.cache == "fp8":
        words += ["--kv-cache-dtype", "fp8"]
    if machine.utilisation != UTILISATION:
        words += ["--gpu-memory-utilization", f"{machine.utilisation:g}"]
    return words
