"""`openapi` prints a document whose examples the mock of that dialect answers."""

import json

import pytest
import yaml

from contract.catalog.providers import providers
from contract.cli.openapi import openapi_command
from contract.mock_server.provider import MockProvider, served_models
from contract.model.wire import Request

JSON = (("content-type", "application/json"),)

# A provider with schemas of its own has no examples in `openapi.yaml`.
EXEMPLIFIED = {
    dialect.id: dialect
    for provider in providers().values()
    if not provider.schemas
    for dialect in provider.dialects
}


@pytest.mark.parametrize("dialect", EXEMPLIFIED.values(), ids=EXEMPLIFIED)
def test_every_request_of_the_document_is_answered(command, dialect):
    done = command(openapi_command.name, "--dialect", dialect.id)
    document = yaml.safe_load(done.out)
    mock = MockProvider(dialect, models=served_models(dialect))
    sent = 0
    for path, item in document["paths"].items():
        for method in {"get", "post"} & set(item):
            content = item[method].get("requestBody", {}).get("content", {})
            names = content.get("application/json", {}).get("examples", {"": None})
            for name in names:
                value = document["components"]["examples"].get(name, {}).get("value")
                model = served_models(dialect)[0]
                place = path.replace("{model}", model)
                body = b"" if value is None else json.dumps(value).encode()
                reply = mock.reply(Request(method.upper(), place, JSON, body))

                assert reply.status == 200, (path, name)
                sent += 1

    assert (0, "") == (done.code, done.err)
    assert dialect.path in document["paths"]
    assert sent > len(document["paths"]) - 1


def test_an_unknown_dialect_is_a_usage_error(command):
    done = command("openapi", "--dialect", "vlm")

    assert (2, "") == (done.code, done.out)
    assert "vllm" in done.err
