"""The mock answers the httpx requests of a client, without a port."""

from __future__ import annotations

import asyncio
import json

import httpx
import httpx2
import pytest

from contract.consumer import mocked
from contract.errors import UsageError
from contract.tokens.tekken import count_text

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
        pytest.param({"url": "llm.test"}, "write the root of the API", id="no-scheme"),
        pytest.param({"url": "http://[::1"}, "write the root of the API", id="no-url"),
    ],
)
def test_an_unknown_name_is_a_usage_error(options, words):
    with pytest.raises(UsageError, match=words), mocked(**options):
        pytest.fail("it was opened")


@pytest.mark.parametrize("root", ["", "/", "/v1", "/gateway", "/gateway/v1/"])
def test_the_path_of_a_gateway_is_not_the_server_s(magistral, root):
    magistral("vllm", url=f"http://llm.test{root}")
    prefix = root.strip("/").removesuffix("v1").strip("/")
    url = f"http://llm.test/{prefix}" if prefix else "http://llm.test"

    assert httpx.post(url + PATH, json=REQUEST).status_code == 200


URL = "http://llm.test"


def ask(text="What is 6 times 7?", *, client=httpx, timeout=5.0, **members):
    messages = [{"role": "user", "content": text}]
    body = {**REQUEST, "messages": messages, **members}
    return client.post(URL + PATH, json=body, timeout=timeout)


@pytest.mark.parametrize("dialect", ["mistral", "vllm", "llamacpp", "transformers"])
def test_a_custom_answer_is_counted_and_streamed_like_any_other(magistral, dialect):
    magistral(
        dialect,
        url=URL,
        answers=[{"text": "haiku", "thought": "Frogs.", "answer": "An old pond."}],
    )
    whole = ask("A haiku, please").json()
    options = {} if dialect.startswith("mistral") else {"include_usage": True}
    extra = {"stream_options": options} if options else {}
    streamed = ask("A haiku, please", stream=True, **extra).text

    text = json.dumps(whole)
    assert "An old pond." in text
    assert "Frogs." in text
    # [THINK] Frogs . [/THINK] An old pond . and the end.
    words = count_text("Frogs.") + count_text("An old pond.")
    assert whole["usage"]["completion_tokens"] == words + 3
    assert f'"completion_tokens":{words + 3}' in streamed
    assert "42" in ask().text


def test_replies_in_order_are_a_call_of_a_tool_and_then_an_answer(magistral):
    call = {"name": "get_weather", "arguments": {"city": "Oslo"}}
    answers = {"Oslo": [{"tool_calls": [call]}, "It snows."]}
    magistral("vllm", url=URL, answers=answers)
    first, second, third = (ask("Oslo?").json()["choices"][0] for _ in range(3))

    assert first["finish_reason"] == "tool_calls"
    function = first["message"]["tool_calls"][0]["function"]
    assert function == {"name": "get_weather", "arguments": '{"city": "Oslo"}'}
    assert second["message"]["content"] == third["message"]["content"] == "It snows."


def test_an_error_usage_and_latency_can_be_given(magistral):
    error = {"status": 429, "message": "Slow down", "retry_after": 7}
    counts = {"prompt": 5, "completion": 6}
    magistral(
        "vllm",
        url=URL,
        answers={
            "error": {"error": error},
            "count": {"answer": "x", "usage": counts},
            "late": {"answer": "x", "latency": {"ttft": "9s"}},
        },
    )
    refused = ask("error")

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "7"
    assert refused.json()["error"]["message"] == "Slow down"
    assert ask("count").json()["usage"]["total_tokens"] == 11
    with pytest.raises(httpx.ReadTimeout):
        ask("late")
    assert ask("late", timeout=10).status_code == 200


def test_a_file_of_answers_is_read(magistral, tmp_path):
    path = tmp_path / "answers.toml"
    path.write_text('[[answers]]\nanswer = "Quack."\n')
    magistral("vllm", url=URL, answers=path)

    assert ask().json()["choices"][0]["message"]["content"] == "Quack."


def test_several_faults_strike_and_can_be_changed(magistral):
    router = magistral("vllm", url=URL, fault=["field-renamed", "slow?delay=3s"])
    renamed = ask().json()["choices"][0]["message"]
    with pytest.raises(httpx.ReadTimeout):
        ask(timeout=1)
    router.faults = ["http-503?retry-after=2"]
    failed = ask()
    router.faults = []

    assert "reasoning_content" in renamed
    assert (failed.status_code, failed.headers["retry-after"]) == (503, "2")
    assert ask().status_code == 200
    with pytest.raises(UsageError, match="http-503"):
        router.faults = ["http-53"]


@pytest.mark.long
def test_a_rate_strikes_the_same_chats_in_every_run():
    def statuses(seed):
        with mocked("vllm", url=URL, fault="http-500", rate=0.4, seed=seed):
            return [ask().status_code for _ in range(20)]

    assert statuses(1) == statuses(1) != statuses(2)
    assert set(statuses(1)) == {200, 500}


@pytest.mark.parametrize("client", [httpx, httpx2])
@pytest.mark.parametrize("stream", [False, True])
def test_a_broken_connection_raises_what_the_client_raises(magistral, client, stream):
    router = magistral("vllm", url=URL, fault="cut-off")
    with pytest.raises(client.ReadError):
        ask(client=client, stream=stream)
    router.faults = ["stream-hangs"]
    with pytest.raises(client.ReadTimeout):
        ask(client=client, stream=True)
