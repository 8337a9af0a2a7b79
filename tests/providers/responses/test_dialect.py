from __future__ import annotations

import json

import pytest

from contract.catalog.profiles import builtin
from contract.mock_server.provider import MockProvider
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.wire import Request, build_request
from contract.testing.rehearsal import clean

NAMES = ("mistral-responses", "vllm-responses", "llamacpp-responses")


@pytest.mark.parametrize("name", NAMES)
def test_a_chat_is_sent_to_the_path_of_the_surface(name):
    request = build_request(SUM_WHOLE, builtin()[name], "m")

    body = json.loads(request.body)
    assert request.path == "/v1/responses"
    assert {"input", "max_output_tokens"} <= set(body)
    assert "messages" not in body


@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_read_as_the_chat_it_stands_for(name):
    exchange = clean(name).send(SUM_WHOLE)

    assert "messages" in exchange.sent
    assert exchange.sent["max_tokens"] == SUM_WHOLE.options.max_tokens


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_says_what_the_whole_response_does(name):
    streamed, whole = clean(name).send(SUM), clean(name).send(SUM_WHOLE)

    assert streamed.answer == whole.answer != ""
    assert streamed.reasoning == whole.reasoning != ""
    assert streamed.finish == whole.finish == "stop"
    assert streamed.raw_chunks[0].json["type"] == "response.created"
    assert len(streamed.folded) < 12


@pytest.mark.parametrize("name", NAMES)
def test_a_rejection_names_the_member_as_it_was_sent(name):
    request = build_request(SUM_WHOLE, builtin()[name], "m")
    broken = json.loads(request.body) | {"max_output_tokens": "ten"}

    reply = MockProvider(builtin()[name].dialect).reply(
        Request("POST", request.path, request.headers, json.dumps(broken).encode())
    )

    assert 400 <= reply.status < 500
    assert "max_output_tokens" in reply.body.decode()
