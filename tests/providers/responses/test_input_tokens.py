from __future__ import annotations

import json

import pytest

from contract.catalog.profiles import builtin
from contract.mock_server.provider import MockProvider
from contract.model.wire import Request

PATH = "/v1/responses/input_tokens"
JSON = (("content-type", "application/json"),)


@pytest.fixture
def count():
    mock = MockProvider(builtin()["mistral-responses"].dialect)

    def count(body, path=PATH):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        reply = mock.reply(Request("POST", path, JSON, data))
        return reply.status, reply.json

    return count


def test_the_tokens_of_a_prompt_are_counted(count):
    asked = {"model": "magistral-small-2509", "input": "What is 6 times 7?"}

    status, short = count(asked)
    _, longer = count({**asked, "instructions": "Be brief."})

    assert status == 200
    assert short["object"] == "response.input_tokens"
    assert 0 < short["input_tokens"] < longer["input_tokens"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", {"model": "m"}, {"input": 5}])
def test_a_body_that_is_no_request_is_rejected(count, body):
    status, _ = count(body)

    assert status == 422
