"""`contract.probing.probe` over sockets: the mock, and servers that are not ready."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import replace

import pytest

from contract.catalog.profiles import builtin
from contract.client.route import Route
from contract.errors import UsageError
from contract.probing import probe as probing
from contract.probing.probe import MOST_REQUESTS, probe
from contract.probing.question import Question
from contract.probing.result import State
from contract.targets.mock import KEY, mock

BRIEF = 0.4  # seconds that a server which says nothing is given
CARD = {"id": "m", "object": "model", "owned_by": "vllm", "max_model_len": 8_192}
LIST = {"object": "list", "data": [CARD]}


@pytest.mark.parametrize("name", builtin())
def test_each_dialect_is_recognised_and_ready_in_three_requests(name):
    # No fingerprint recognises these: a model list does not tell of /v1/responses.
    unknown = name == "inline" or builtin()[name].dialect.surface is not None
    given = name if unknown else None
    with mock.open(name) as opened:
        found = probe(opened.url, key=KEY, profile=given, timeout=20)
        again = probe(opened.url, key=KEY, profile=name, timeout=20)

    assert (found.state, again.state) == (State.READY, State.READY), found.line
    assert found.requests <= MOST_REQUESTS
    assert again.requests == 2
    # What is behind LiteLLM is not seen.
    seen = dict.fromkeys(("litellm-llamacpp", "litellm-vllm"), "litellm")
    assert found.profile == seen.get(name, name)


def test_a_key_is_needed_and_named():
    with mock.open("vllm", key="sk-secret-of-this-test") as opened:
        found = probe(opened.url, timeout=20, variable="MY_KEY")

    assert (found.state, found.exit_code) == (State.UNAUTHORISED, 3)
    assert "set MY_KEY" in found.message


@pytest.mark.parametrize(
    ("options", "wanted", "state"),
    [
        ({}, {"model": "other"}, State.WRONG_MODEL),
        ({"window": 4_096}, {"window": 8_192}, State.WRONG_WINDOW),
        ({"window": 8_192}, {"window": 8_192}, State.READY),
        ({"window": 9_000}, {"window": 8_192}, State.READY),
    ],
)
def test_the_model_and_the_window_are_the_wanted_ones(options, wanted, state):
    with mock.open("vllm", **options) as opened:
        found = probe(opened.url, key=KEY, profile="vllm", timeout=20, **wanted)

    assert found.state is state, found.line


def test_the_window_of_a_profile_of_the_user_is_a_promise():
    own = replace(builtin()["vllm-0.32"], id="ours", context_window=9_000)
    with mock.open("vllm", window=8_192) as opened:
        found = probe(
            opened.url, key=KEY, profile="ours", profiles={"ours": own}, timeout=20
        )

    assert found.state is State.WRONG_WINDOW
    assert "8192 tokens, not the promised 9000" in found.message


def test_a_question_of_the_user_is_asked():
    with mock.open("llamacpp") as opened:
        found = probe(
            opened.url,
            key=KEY,
            profile="llamacpp",
            timeout=20,
            question=Question("Say exactly: ready to serve", "Ready"),
        )

    assert found.state is State.READY
    assert found.message == 'answered with "Ready" after reasoning'


def chat(connection, *events, done=True):
    connection.stream()
    for event in events:
        text = event if isinstance(event, str) else json.dumps(event)
        connection.chunk(f"data: {text}\n\n".encode())
    if done:
        connection.chunk(b"data: [DONE]\n\n")
        connection.chunk(b"")


def delta(**members):
    return {"model": "m", "choices": [{"index": 0, "delta": members}]}


def by_path(answers):
    """A script that answers each path by its own function, and 404 elsewhere."""

    def script(connection):
        if not connection.request:
            return  # the client gave up before a byte was read
        answer = answers.get(connection.line.split()[1])
        if answer is None:
            connection.answer({"detail": "Not Found"}, status=404)
        else:
            answer(connection)

    return script


def listing(connection):
    connection.answer(LIST)


@pytest.mark.parametrize(
    ("path", "script"),
    [
        ("/v1/models", lambda connection: connection.wait()),
        ("/v1/chat/completions", lambda connection: connection.wait()),
        (
            "/v1/chat/completions",
            lambda connection: (connection.stream(), connection.wait()),
        ),
        (
            "/v1/chat/completions",
            lambda connection: (
                chat(connection, delta(reasoning="Let me think"), done=False),
                connection.wait(),
            ),
        ),
    ],
    ids=["list-without-a-byte", "chat-without-a-byte", "headers-only", "mid-stream"],
)
def test_an_engine_that_stops_is_stuck_within_the_time(
    served, monkeypatch, path, script
):
    monkeypatch.setattr("contract.probing.verdict._PAUSE", BRIEF / 4)
    server = served(by_path({"/v1/models": listing, path: script}))
    found = probe(server.url, profile="vllm", timeout=BRIEF)

    assert (found.state, found.exit_code) == (State.STUCK, 1), found.line
    # Of a request that it gives up on at once, the server may not have read a byte.
    assert 1 <= len(server.requests) <= found.requests <= 2


def test_comments_are_no_progress(served):
    def comments(connection):
        connection.stream()
        while not connection.over.wait(0.02):
            connection.chunk(b": ping\n\n")

    server = served(by_path({"/v1/models": listing, "/v1/chat/completions": comments}))
    found = probe(server.url, profile="vllm", timeout=BRIEF)

    assert found.state is State.STUCK
    assert "no event" in found.message


def test_a_server_that_is_loading_is_starting(served):
    loading = {"error": {"message": "Loading model", "code": 503}}
    server = served(lambda connection: connection.answer(loading, status=503))
    found = probe(server.url, timeout=20)

    assert (found.state, found.requests) == (State.STARTING, 1)
    assert "Loading model" in found.message


def test_a_server_that_lists_its_model_before_it_is_loaded_is_starting(served):
    answers = {
        "/v1/models": listing,
        "/v1/chat/completions": lambda connection: connection.answer(
            {"error": "warming up"}, status=503
        ),
    }
    found = probe(served(by_path(answers)).url, profile="vllm", timeout=20)

    assert found.state is State.STARTING


def test_a_port_on_which_nothing_listens_is_starting():
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        found = probe(f"http://127.0.0.1:{reserved.getsockname()[1]}", timeout=20)

    assert (found.state, found.exit_code) == (State.STARTING, 1)
    assert "connection refused" in found.message


def test_a_wrong_base_path_is_named(served):
    server = served(by_path({}))
    found = probe(server.url, timeout=20)

    assert found.state is State.WRONG_PATH
    assert "is the URL the root of the API?" in found.message
    assert len(server.requests) <= MOST_REQUESTS


def test_a_web_page_is_a_wrong_path(served):
    html = (("Content-Type", "text/html"),)
    server = served(lambda c: c.answer(body=b"<html>", headers=html))

    assert probe(server.url, timeout=20).state is State.WRONG_PATH


def test_a_server_of_another_kind_is_not_recognised(served):
    other = {"object": "list", "data": [{"id": "m", "owned_by": "acme"}]}
    server = served(by_path({"/v1/models": lambda c: c.answer(other)}))
    found = probe(server.url, timeout=20)

    assert (found.state, found.exit_code) == (State.UNRECOGNISED, 3)
    assert "--profile" in found.message
    assert len(server.requests) <= MOST_REQUESTS - 1


@pytest.mark.parametrize(
    ("profile", "answers", "state"),
    [
        (
            "vllm",
            {"/tokenize": lambda c: c.answer({"max_model_len": 4_096})},
            State.WRONG_WINDOW,
        ),
        (
            "llamacpp",
            {
                "/props": lambda c: c.answer(
                    {"default_generation_settings": {"n_ctx": 4_096}}
                )
            },
            State.WRONG_WINDOW,
        ),
        ("vllm", {}, State.WINDOW_UNKNOWN),
    ],
)
def test_a_window_that_is_not_listed_is_asked_for(served, profile, answers, state):
    question = Question.of(374, 642)
    field = "reasoning" if profile == "vllm" else "reasoning_content"

    def answer(connection):
        chat(connection, delta(**{field: "Add them."}), delta(content="642"))

    bare = {"object": "list", "data": [{"id": "m"}]}
    known = {
        "/v1/models": lambda c: c.answer(bare),
        "/v1/chat/completions": answer,
        **answers,
    }
    server = served(by_path(known))
    found = probe(
        server.url, profile=profile, window=8_192, timeout=20, question=question
    )

    assert found.state is state, found.line
    assert len(server.requests) <= MOST_REQUESTS


def test_a_reply_of_a_cache_is_noticed(served):
    replayed = [delta(reasoning="They want a sum."), delta(content="It is 100")]
    answers = {
        "/v1/models": listing,
        "/v1/chat/completions": lambda c: chat(c, *replayed),
    }
    found = probe(served(by_path(answers)).url, profile="vllm", timeout=20)

    assert found.state is State.WRONG_ANSWER
    assert "a cached reply" in found.message


def test_headers_of_the_user_are_sent(served):
    server = served(by_path({"/v1/models": listing}))
    probe(server.url, profile="vllm", route=Route.read(["X-Tenant: blue"]), timeout=20)

    assert all(b"x-tenant: blue" in request.lower() for request in server.requests)


def test_name_resolution_is_bounded_too(monkeypatch):
    release = threading.Event()
    monkeypatch.setattr(probing, "GRACE", 0.05)
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_a, **_k: release.wait(10) and []
    )
    began = time.perf_counter()
    try:
        found = probe("http://example.invalid", timeout=0.1)
    finally:
        release.set()

    assert found.state is State.UNREACHABLE
    assert "not resolved" in found.message
    assert time.perf_counter() - began < 8  # the lookup itself takes ten


@pytest.mark.parametrize(
    "wrong",
    [{"timeout": 0}, {"timeout": -1}, {"profile": "vlm"}, {"key": "two words"}],
)
def test_a_wrong_argument_is_raised(wrong):
    with pytest.raises(UsageError):
        probe("http://127.0.0.1:1", **wrong)
