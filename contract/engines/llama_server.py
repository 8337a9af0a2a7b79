"""
llama.cpp's server out of the xllamacpp wheel, with the flags of `llama-server`.

It is run as a file, by its path, maybe by the interpreter of another environment, and
imports nothing of ours.
"""

from __future__ import annotations

import argparse
import os
import threading
from typing import Any


def flags() -> argparse.ArgumentParser:
    """The flags of `llama-server` that are understood here, and no others."""
    found = argparse.ArgumentParser("llama_server", allow_abbrev=False)
    found.add_argument("--model", required=True)
    found.add_argument("--mmproj", default="")
    found.add_argument("--alias", required=True)
    found.add_argument("--host", required=True)
    found.add_argument("--port", type=int, required=True)
    found.add_argument("-c", "--ctx-size", type=int)
    found.add_argument("-np", "--parallel", type=int)
    found.add_argument("-t", "--threads", type=int)
    found.add_argument("--reasoning-format", default="auto")
    for name in ("--jinja", "--metrics", "--offline", "--no-ui"):
        found.add_argument(name, action="store_true")
    return found


def main() -> None:
    """Serve until ended; the key is what LLAMA_API_KEY says, as for the original."""
    given = flags().parse_args()
    import xllamacpp  # noqa: PLC0415  # --help should work without it

    try:
        server: Any = xllamacpp.Server(_parameters(xllamacpp, given))
    except RuntimeError:
        # llama.cpp has said why; the wheel adds only that it failed.
        raise SystemExit(1) from None
    print(server.listening_address, flush=True)  # noqa: T201  # for the log
    threading.Event().wait()


def _parameters(xllamacpp: Any, given: argparse.Namespace) -> Any:
    made = xllamacpp.CommonParams()
    made.model.path = given.model
    if given.mmproj:
        made.mmproj.path = given.mmproj
    made.model_alias = {given.alias}
    made.hostnames = [given.host]
    made.port = given.port
    if given.ctx_size is not None:
        made.n_ctx = given.ctx_size
    if given.parallel is not None:
        made.n_parallel = given.parallel
    if given.threads is not None:
        made.cpuparams.n_threads = made.cpuparams_batch.n_threads = given.threads
    made.use_jinja = given.jinja
    made.endpoint_metrics, made.offline = given.metrics, given.offline
    made.ui = not given.no_ui
    formats = xllamacpp.common_reasoning_format
    name = given.reasoning_format.upper().replace("-", "_")
    made.reasoning_format = getattr(formats, f"COMMON_REASONING_FORMAT_{name}")
    if key := os.environ.get("LLAMA_API_KEY"):
        made.api_keys = [key]
    return made


if __name__ == "__main__":
    main()
