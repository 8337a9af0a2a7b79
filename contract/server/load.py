"""What a provider tells of its load: Prometheus text as vLLM, slots as llama.cpp."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contract.chat import METRICS, SLOTS, Json

# Of so many running requests, of that model, with that context window.
Telling = Callable[[int, str, int], Json | bytes]

PROMETHEUS = ("content-type", "text/plain; version=1.0.0; charset=utf-8")
_SLOTS = 4  # llama-server's own number of them


def metrics(running: int, model: str, _window: int) -> bytes:
    """The gauges of vLLM's scheduler, in the text format of Prometheus."""
    labels = f'{{engine="0",model_name="{model}"}}'
    told = {
        "vllm:num_requests_running": ("Number of requests in execution.", running),
        "vllm:num_requests_waiting": ("Number of requests that wait.", 0),
    }
    lines = [
        f"# HELP {name} {text}\n# TYPE {name} gauge\n{name}{labels} {float(value)}\n"
        for name, (text, value) in told.items()
    ]
    return "".join(lines).encode()


def slots(running: int, _model: str, window: int) -> Json:
    """The slots of llama-server, the first of them busy."""
    count = max(_SLOTS, running)
    return [
        {
            "id": number,
            "n_ctx": window // count,
            "speculative": False,
            "is_processing": number < running,
        }
        for number in range(count)
    ]


PATHS: Mapping[str, Telling] = {METRICS: metrics, SLOTS: slots}
