"""Tests of the mock against the real llama.cpp with the same scripts."""

import httpx
import pytest

from contract.mock_server.scripts import scripts
from contract.plugins.discovery import find
from contract.targets.base import TargetKind, parse_target

pytest.importorskip("xllamacpp", reason="the extra [llamacpp] is not installed")
pytest.importorskip("gguf", reason="the extra [tiny] is not installed")
PROMPTS = ["Hello", *(s.trigger for s in scripts().values() if s.trigger)]


@pytest.fixture(scope="module")
def engines():
    """The URLs of the mock and of llama.cpp."""
    kinds = find("targets", TargetKind)
    with (
        parse_target("mock:llamacpp?key=", kinds).open() as mock,
        parse_target("llamacpp:tiny", kinds).open() as real,
    ):
        yield mock.url, real.url


def output(url, prompt):
    """Reasoning, answer and finish reason; llama.cpp strips the start of an answer."""
    response = httpx.post(
        f"{url}/v1/chat/completions",
        json={
            "model": "magistral-small-2509",
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": 40,
            "temperature": 1.0,
        },
        trust_env=False,
        timeout=30.0,
    )
    choice = response.json()["choices"][0]
    message = choice["message"]
    return (
        message.get("reasoning_content"),
        message["content"].lstrip(),
        choice["finish_reason"],
    )


@pytest.mark.parametrize("prompt", [p for p in PROMPTS if p != "#random"])
def test_output_is_the_same(engines, prompt):
    mock, real = engines

    assert output(mock, prompt) == output(real, prompt)


def test_random_answers_are_from_the_same_set(engines):
    answers = set(scripts()["random"].one_of)

    assert {output(url, "#random")[1] for url in engines} <= answers
