"""
Program that runs llama.cpp's server from the xllamacpp wheel, as `llama-server` does.

The file is run by its path, possibly with the interpreter of another environment, so
it imports nothing from this package.
"""

from __future__ import annotations

import argparse
import os
import threading
from typing import Any


def flags() -> argparse.ArgumentParser:
    """Return the parser of the supported subset of `llama-server`'s flags."""
    parser = argparse.ArgumentParser("llama_server", allow_abbrev=False)
    parser.add_argument("--model", required=True)
    parser.add_argument("--mmproj", default="")
    parser.add_argument("--alias", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("-c", "--ctx-size", type=int)
    parser.add_argument("-np", "--parallel", type=int)
    parser.add_argument("-t", "--threads", type=int)
    parser.add_argument("--reasoning-format", default="auto")
    for name in ("k", "v"):
        parser.add_argument(f"-ct{name}", f"--cache-type-{name}", default="f16")
    parser.add_argument("-lv", "--verbosity", type=int)
    for name in ("--jinja", "--metrics", "--offline", "--no-ui", "--no-repack"):
        parser.add_argument(name, action="store_true")
    return parser


def main() -> None:
    """Serve until terminated; LLAMA_API_KEY is the API key, as for `llama-server`."""
    arguments = flags().parse_args()
    import xllamacpp  # noqa: PLC0415  # --help should work without it

    try:
        server: Any = xllamacpp.Server(_parameters(xllamacpp, arguments))
    except RuntimeError:
        # llama.cpp has logged the cause; the exception adds only that it failed.
        raise SystemExit(1) from None
    print(server.listening_address, flush=True)  # noqa: T201  # for the log
    threading.Event().wait()


def _parameters(xllamacpp: Any, arguments: argparse.Namespace) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = arguments.model
    if arguments.mmproj:
        parameters.mmproj.path = arguments.mmproj
    parameters.model_alias = {arguments.alias}
    parameters.hostnames = [arguments.host]
    parameters.port = arguments.port
    if arguments.ctx_size is not None:
        parameters.n_ctx = arguments.ctx_size
    if arguments.parallel is not None:
        parameters.n_parallel = arguments.parallel
    if arguments.threads is not None:
        parameters.cpuparams.n_threads = arguments.threads
        parameters.cpuparams_batch.n_threads = arguments.threads
    if arguments.verbosity is not None:
        parameters.verbosity = arguments.verbosity
    for name in ("cache_type_k", "cache_type_v"):
        kind = f"GGML_TYPE_{getattr(arguments, name).upper()}"
        setattr(parameters, name, getattr(xllamacpp.ggml_type, kind))
    parameters.no_extra_bufts = arguments.no_repack
    parameters.use_jinja = arguments.jinja
    parameters.endpoint_metrics = arguments.metrics
    parameters.offline = arguments.offline
    parameters.ui = not arguments.no_ui
    formats = xllamacpp.common_reasoning_format
    name = arguments.reasoning_format.upper().replace("-", "_")
    parameters.reasoning_format = getattr(formats, f"COMMON_REASONING_FORMAT_{name}")
    if key := os.environ.get("LLAMA_API_KEY"):
        parameters.api_keys = [key]
    return parameters


if __name__ == "__main__":
    main()
