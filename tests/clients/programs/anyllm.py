"""The package any-llm: completion, with the provider that fits the server."""

from __future__ import annotations

import adapter
from any_llm import completion
from litellm_like import ask_with


def play(task):
    provider = "mistral" if adapter.is_mistral(task) else "openai"
    place = task["server_url"] if provider == "mistral" else task["base_url"]
    common = {
        "model": task["model"],
        "provider": provider,
        "api_base": place,
        "api_key": task["api_key"],
        **task["options"],
    }
    return adapter.converse(task, ask_with(completion, task, common, thought_of))


def thought_of(part):
    """Return the reasoning, which is an object with a text."""
    reasoning = getattr(part, "reasoning", None)
    return getattr(reasoning, "content", reasoning)


if __name__ == "__main__":
    adapter.serve(play)
