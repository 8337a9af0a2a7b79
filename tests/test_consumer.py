"""The mock answers the httpx requests of a client, without a port."""

from __future__ import annotations

import asyncio
import json

import httpx
import httpx2
import pytest

from contract.consumer import mocked
from contract.errors import UsageError

PATH = "/v1/chat/completions"
REQUEST = {
    "model": "magistral-small-2509",
    "messages": [{"role": "user", "content": "What is 6 times 7?"}],
}


def test_a_whole_response_has_reasoning_and_an_answer(magistral):
    router = magistral("vllm", url="http://llm.test")
    response = httpx.post(f"http://llm.test{PATH}", json=REQUEST)
    message = response.json()["choices"][0]["message"]

    assert response.status_code == 200
    assert message["reasoning"]
    assert "42" in message["content"]
    assert [PATH] == [call.request.url.path for call in router.calls]


def test_a_stream_arrives_event_by_event(magistral):
    magistral()
    url = f"https://api.mistral.ai{PATH}"
    with httpx.stream("POST", url, json={**REQUEST, "stream": True}) as response:
        events = list(response.iter_raw())

    assert len(events) > 10
    assert events[-1] == b"data: [DONE]\n\n"


def test_an_async_client_is_supported(magistral):
    magistral("llamacpp", url="http://llm.test")

    async def send():
        async with httpx.AsyncClient(base_url="http://llm.test") as client:
            return await client.post(PATH, json=REQUEST)

    message = asyncio.run(send()).json()["choices"][0]["message"]

    assert message["reasoning_content"]


def test_httpx2_is_supported(magistral):
    """The official clients use httpx2, which respx alone does not intercept."""
    router = magistral("vllm", url="http://llm.test")
    streamed = {**REQUEST, "stream": True}
    with httpx2.stream("POST", f"http://llm.test{PATH}", json=streamed) as response:
        events = list(response.iter_raw())

    async def send():
        async with httpx2.AsyncClient(base_url="http://llm.test") as client:
            return await client.post(PATH, json=REQUEST)

    message = asyncio.run(send()).json()["choices"][0]["message"]

    assert events[-1] == b"data: [DONE]\n\n"
    assert message["reasoning"]
    assert [PATH, PATH] == [call.request.url.path for call in router.calls]


def test_httpx2_is_restored_afterwards():
    with mocked("vllm", url="http://llm.test"):
        pass
    with pytest.raises(httpx2.ConnectError):
        httpx2.get("http://127.0.0.1:9/v1/models", trust_env=False)


def test_a_fault_reaches_the_client(magistral):
    magistral("vllm", url="http://llm.test", fault="thought-dropped")
    response = httpx.post(f"http://llm.test{PATH}", json=REQUEST)

    assert not response.json()["choices"][0]["message"].get("reasoning")


def test_a_key_is_required(magistral):
    magistral("vllm", url="http://llm.test", key="sk-test")
    url = f"http://llm.test{PATH}"
    headers = {"authorization": "Bearer sk-test"}

    assert httpx.post(url, json=REQUEST).status_code == 401
    assert httpx.post(url, json=REQUEST, headers=headers).status_code == 200


def test_rejections_match_the_dialect(magistral):
    magistral("mistral", url="http://llm.test")
    invalid = json.dumps({**REQUEST, "temperature": "hot"})
    response = httpx.post(
        f"http://llm.test{PATH}",
        content=invalid,
        headers={"content-type": "application/json"},
    )

    assert response.status_code == 422
    assert response.json()["object"] == "error"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"fault": "no-such"}, "Unknown fault", id="fault"),
        pytest.param({"dialect": "vlm"}, "Did you mean 'vllm'", id="dialect"),
    ],
)
def test_an_unknown_name_is_a_usage_error(options, words):
    with pytest.raises(UsageError, match=words), mocked(**options):
        pytest.fail("it was opened")
