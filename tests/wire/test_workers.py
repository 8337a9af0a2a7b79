"""Replies that are computed in processes, within bounds."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial

import pytest

from contract.catalog.answers import read_answers
from contract.mock_server import workers
from contract.mock_server.workers import OverloadedError, Workers, is_cheap
from contract.model.chat import CHAT
from contract.model.wire import Request
from contract.targets.mock import build

JSON = ("content-type", "application/json")
TOOL = {"type": "function", "function": {"name": "add", "parameters": {}}}
ANSWERS = {"twice": ["one", "two"], "once": "only"}


def request(text="What is 6 times 7?", **members):
    messages = [{"role": "user", "content": text}]
    body = {"model": "magistral-small-2509", "messages": messages, **members}
    return Request("POST", CHAT, (JSON,), json.dumps(body).encode())


class Odd:
    """A provider that hangs, and later raises what is no `Exception`."""

    def unchanged(self, _request, number):
        if number:
            raise BaseException("panic")  # noqa: TRY002  # as pyo3 raises it
        while True:
            time.sleep(60)


@pytest.fixture(scope="module")
def pool():
    made = Workers(partial(build, "vllm", answers=read_answers(ANSWERS)), 1)
    yield made
    made.close()


def replied(pool, *requests, provider=None):
    provider = provider or build("vllm", answers=read_answers(ANSWERS))

    async def main():
        return [await pool.reply(provider, one) for one in requests]

    return asyncio.run(main())


@pytest.mark.parametrize(
    "asked",
    [
        request(),
        request(stream=True, n=2, seed=1),
        request(tools=[TOOL], tool_choice="required", seed=1),
        request(temperature="hot"),
        Request("GET", "/v1/models"),
    ],
)
def test_a_reply_is_the_same_as_without_a_process(pool, asked):
    here = build("vllm", answers=read_answers(ANSWERS))
    expected = here.reply(asked, 0)
    (found,) = replied(pool, asked)

    assert found.status == expected.status
    assert [f.at for f in found.frames] == [f.at for f in expected.frames]
    assert without_time(found.body) == without_time(expected.body)
    assert (found.probe is None) is (expected.probe is None)


def without_time(body):
    return b"".join(part.lstrip(b"0123456789") for part in body.split(b'"created":'))


def test_custom_answers_come_in_order(pool):
    asked = (*[request("twice")] * 3, request("once"))
    texts = [r.json["choices"][0]["message"]["content"] for r in replied(pool, *asked)]

    assert texts == ["one", "two", "two", "only"]


def test_a_fault_sees_the_whole_request(pool):
    provider = build("vllm", change=lambda r: r.with_header("x", str(r.probe.stream)))
    (found,) = replied(pool, request(stream=True), provider=provider)

    assert ("x", "True") in found.headers


@pytest.mark.long
def test_what_takes_too_long_or_breaks_is_ended_and_the_next_is_answered():
    made = Workers(Odd, 1, deadline=0.2)
    provider = build("vllm")
    try:
        with pytest.raises(OverloadedError, match="more than 0"):
            replied(made, request(), provider=provider)
        for _ in range(2):  # by a process that was started again, and then kept
            with pytest.raises(OverloadedError, match="BaseException"):
                replied(made, request(), provider=provider)
    finally:
        made.close()


def test_a_long_queue_is_refused(pool, monkeypatch):
    monkeypatch.setattr(workers, "_QUEUE", 0)
    with pytest.raises(OverloadedError, match="Too many requests"):
        replied(pool, request())


@pytest.mark.parametrize(
    ("asked", "cheap"),
    [
        (request(), True),
        (request(stream=True, max_tokens=5), True),
        (Request("GET", "/v1/models"), True),
        (Request("POST", "/tokenize", (), b"{}"), True),
        (request("a" * 9_000), False),
        (Request("POST", "/tokenize", (), b" " * 9_000), False),
        (request(tools=[TOOL]), False),
        (request(response_format={"type": "json_object"}), False),
        (request(n=5), False),
        (request("#loop"), False),
        (request("Count from 1 to 900"), False),
        (request("caf\N{LATIN SMALL LETTER E WITH ACUTE}"), False),  # an escape
    ],
)
def test_what_may_cost_more_than_its_length_is_not_cheap(asked, cheap):
    assert is_cheap(asked) is cheap


def test_a_request_that_was_quick_needs_no_worker_again(pool, monkeypatch):
    monkeypatch.setattr(workers, "_QUICK", 60.0)
    monkeypatch.setattr(workers, "_MOST_QUICK", 2)
    asked = [request("#loop", max_tokens=5, seed=seed) for seed in range(3)]
    before = [pool.is_needed(one) for one in asked]
    replied(pool, *asked)

    assert before == [True, True, True]
    assert [pool.is_needed(one) for one in asked] == [True, False, False]


def test_a_request_that_was_slow_or_is_long_needs_a_worker_again(pool, monkeypatch):
    monkeypatch.setattr(workers, "_QUICK", 0.0)
    slow = request("#loop", max_tokens=7)
    replied(pool, slow)
    assert pool.is_needed(slow)

    monkeypatch.setattr(workers, "_QUICK", 60.0)
    long = request("a" * 9_000)
    replied(pool, long)
    assert pool.is_needed(long)
