"""The package litellm: completion, with the provider that fits the server."""

from __future__ import annotations

import os

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

import adapter
import litellm
from litellm_like import ask_with

litellm.suppress_debug_info = True


def play(task):
    provider = {"m": "mistral", "v": "hosted_vllm"}.get(task["dialect"][0], "openai")
    common = {
        "model": f"{provider}/{task['model']}",
        "api_base": task["base_url"],
        "api_key": task["api_key"],
        "num_retries": 2,
        **task["options"],
    }
    return adapter.converse(
        task, ask_with(litellm.completion, task, common, thought_of)
    )


def thought_of(part):
    return getattr(part, "reasoning_content", None)


if __name__ == "__main__":
    adapter.serve(play)
