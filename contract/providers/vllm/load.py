"""The /metrics endpoint of vLLM: scheduler gauges in Prometheus text format."""

from __future__ import annotations


def metrics(running: int, model: str, _window: int) -> bytes:
    """Return the running and waiting requests of *model* as Prometheus text."""
    labels = f'{{engine="0",model_name="{model}"}}'
    gauges = {
        "vllm:num_requests_running": ("Number of requests in execution.", running),
        "vllm:num_requests_waiting": ("Number of requests that wait.", 0),
    }
    lines = [
        f"# HELP {name} {text}\n# TYPE {name} gauge\n{name}{labels} {float(value)}\n"
        for name, (text, value) in gauges.items()
    ]
    return "".join(lines).encode()
