"""The mock of a scenario records what is sent, and changes reply after reply."""

from __future__ import annotations

import json
import socket
import threading
from urllib.parse import urlsplit

import httpx

from contract.catalog.profiles import named
from contract.clients.scenario import Scenario, calls_of
from contract.clients.scenarios.reasoning import HUGE
from contract.clients.scenarios.retries import BUSY, DENIED
from contract.clients.scenarios.tools import PARALLEL
from contract.clients.stage import staged

HELLO = [{"role": "user", "content": "Hello."}]


def post(place, **more):
    body = {"model": place.model, "messages": HELLO, **more}
    headers = {"authorization": f"Bearer {place.key}"}
    with httpx.Client(trust_env=False) as client:
        return client.post(
            f"{place.base_url}/chat/completions", json=body, headers=headers
        )


def test_changes_follow_the_chats_that_the_server_accepts():
    with staged(BUSY, named("vllm")) as (stage, place):
        answers = [
            post(place, temperature="hot"),
            post(place),
            post(place),
            post(place),
        ]
        sent = stage.sent

    assert [one.status_code for one in answers] == [400, 429, 200, 200]
    assert answers[1].headers["retry-after"] == "2"
    assert [bool(one.refusal) for one in sent] == [True, False, False, False]
    assert sent[0].at <= sent[-1].at


def test_a_client_that_does_not_read_keeps_nothing_running():
    before = threading.active_count()
    with staged(HUGE, named("vllm")) as (_, place):
        url = urlsplit(place.url)
        body = json.dumps({"model": place.model, "messages": HELLO, "stream": True})
        unread = socket.create_connection((url.hostname, url.port))
        unread.sendall(
            f"POST /v1/chat/completions HTTP/1.1\r\nhost: {url.netloc}\r\n"
            f"authorization: Bearer {place.key}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}".encode()
        )
        assert unread.recv(12) == b"HTTP/1.1 200"
    with unread:
        assert threading.active_count() == before


def test_the_key_of_a_scenario_may_be_wrong():
    with staged(DENIED, named("mistral")) as (_, place):
        assert post(place).status_code == 401


def test_calls_are_read_from_whole_and_streamed_replies():
    found = []
    for stream in (False, True):
        with staged(PARALLEL, named("vllm")) as (stage, place):
            tools = [
                {"type": "function", "function": dict(t)} for t in PARALLEL.task.tools
            ]
            post(place, tools=tools, stream=stream)
            found.append(
                [(call.name, call.values) for call in calls_of(stage.sent[0].reply)]
            )

    assert found[0] == found[1]
    assert [name for name, _ in found[0]] == ["get_weather", "get_weather"]


def test_a_plain_scenario_answers_whatever_is_asked():
    with staged(Scenario(id="x", title="Anything."), named("llamacpp")) as (_, place):
        answer = post(place).json()

    assert "42 seats" in answer["choices"][0]["message"]["content"]
