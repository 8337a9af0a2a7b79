"""The JSON that a program reads."""

from __future__ import annotations

import json

from contract.catalog.profiles import named
from contract.clients.task import FORMAT, Place, Task, reasoning_options, to_json

PLACE = Place(url="http://127.0.0.1:8700", key="sk-x", model="m")


def test_a_task_is_one_line_of_ascii():
    task = Task(prompt="é\n", options={"max_tokens": 8})
    profile = named("mistral-2026-08")
    line = to_json(task, PLACE, scenario="s", profile=profile, thinks=True)
    value = json.loads(line)

    assert line.isascii()
    assert "\n" not in line
    assert value["format"] == FORMAT
    assert value["base_url"] == "http://127.0.0.1:8700/v1"
    assert value["messages"] == [{"role": "user", "content": "é\n"}]
    assert value["path"] == "/v1/chat/completions"
    assert value["options"] == {"max_tokens": 8, "reasoning_effort": "high"}


def test_options_have_the_names_of_the_api():
    task = Task(options={"max_tokens": 8, "top_p": 0.5})
    profile = named("mistral-responses")
    value = json.loads(to_json(task, PLACE, scenario="s", profile=profile, thinks=True))

    assert value["path"] == "/v1/responses"
    assert value["options"] == {
        "max_output_tokens": 8,
        "top_p": 0.5,
        "reasoning": {"effort": "high"},
    }


def test_reasoning_is_asked_for_where_the_api_wants_that():
    asked = {
        name: reasoning_options(named(name).dialect)
        for name in ("mistral-2026-08", "mistral-2025-10", "vllm")
    }

    assert asked["mistral-2026-08"] == {"reasoning_effort": "high"}
    assert asked["mistral-2025-10"] == asked["vllm"] == {}
