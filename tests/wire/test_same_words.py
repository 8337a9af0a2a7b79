"""The mock and the real llama.cpp read one script file and say the same words."""

import httpx
import pytest

from contract.mock_server.scripts import scripts
from contract.plugins.discovery import find
from contract.targets.base import (
    TargetKind,
    parse_target,
)

pytest.importorskip("xllamacpp", reason="the extra [llamacpp] is not installed")
pytest.importorskip("gguf", reason="the extra [tiny] is not installed")
PROMPTS = ["Hello", *(s.trigger for s in scripts().values() if s.trigger)]


@pytest.fixture(scope="module")
def engines():
    """Both of them, by their URLs."""
    kinds = find("targets", TargetKind)
    with (
        parse_target("mock:llamacpp?key=", kinds).open() as mock,
        parse_target("llamacpp:tiny", kinds).open() as real,
    ):
        yield mock.url, real.url


def heard(url, prompt):
    """Thought, answer and how it ended; llama.cpp trims an answer on the left."""
    answer = httpx.post(
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
    choice = answer.json()["choices"][0]
    message = choice["message"]
    return (
        message.get("reasoning_content"),
        message["content"].lstrip(),
        choice["finish_reason"],
    )


@pytest.mark.parametrize("prompt", [p for p in PROMPTS if p != "#random"])
def test_words_are_the_same(engines, prompt):
    mock, real = engines

    assert heard(mock, prompt) == heard(real, prompt)


def test_drawn_words_come_from_the_same_hat(engines):
    hat = set(scripts()["random"].one_of)

    assert {heard(url, "#random")[1] for url in engines} <= hat
