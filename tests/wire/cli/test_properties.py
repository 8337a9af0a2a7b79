"""`magistral-contract verify --select properties`, against the mock."""

from __future__ import annotations

import json
import re
import shlex

import pytest

ONE = ("--slow", "--select", "properties.valid-requests-are-answered")


@pytest.mark.long
def test_a_planted_bug_is_found_with_a_small_request(command, tmp_path):
    path = tmp_path / "report.json"
    target = "mock:vllm?fault=penalty-crashes"
    done = command("verify", target, *ONE, "--report", f"json={path}")
    (result,) = json.loads(path.read_text())["results"]
    place = result["findings"][0]["at"]
    body = json.loads(shlex.split(place)[-1])

    assert done.code == 1
    assert "status 500" in result["findings"][0]["actual"]
    assert {"presence_penalty", "frequency_penalty"} & set(body)
    assert ["user"] == [m["role"] for m in body["messages"] if m["role"] != "system"]
    assert len(body) <= 5  # model, messages, max_tokens, a penalty, at most one more
    assert "$MISTRAL_API_KEY" in place


def test_a_seed_is_repeated_in_the_command(command):
    target = "mock?fault=penalty-crashes"
    done = command("verify", target, *ONE, "--seed", "7", "--max-examples", "40")

    assert re.search(r"again .* --slow --seed 7\n", done.out)


def test_the_request_allowance_is_respected(command):
    done = command("verify", "mock", *ONE, "--max-requests", "5")

    assert done.code == 3
    assert "the request allowance of 5 is used up" in done.out
