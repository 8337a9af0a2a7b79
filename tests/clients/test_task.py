"""The JSON that a program reads."""

from __future__ import annotations

import json

from contract.catalog.profiles import named
from contract.clients.task import FORMAT, Place, Task, reasoning_options, to_json

PLACE = Place(url="http://127.0.0.1:8700", key="sk-x", model="m")


def test_a_task_is_one_line_of_ascii():
    line = to_json(Task(prompt="é\n"), PLACE, scenario="s", dialect="d", asks={"a": 1})
    value = json.loads(line)

    assert line.isascii()
    assert "\n" not in line
    assert value["format"] == FORMAT
    assert value["base_url"] == "http://127.0.0.1:8700/v1"
    assert value["messages"] == [{"role": "user", "content": "é\n"}]
    assert value["options"] == {"a": 1}


def test_reasoning_is_asked_for_where_the_api_wants_that():
    asked = {
        name: reasoning_options(named(name).dialect)
        for name in ("mistral-2026-08", "mistral-2025-10", "vllm")
    }

    assert asked["mistral-2026-08"] == {"reasoning_effort": "high"}
    assert asked["mistral-2025-10"] == asked["vllm"] == {}
