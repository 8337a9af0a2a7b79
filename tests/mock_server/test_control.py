from __future__ import annotations

import pytest

from contract.catalog.providers import dialects
from contract.errors import UsageError
from contract.mock_server.control import PATH, Control
from contract.mock_server.provider import MockProvider
from contract.model.wire import Request

VLLM = dialects()["vllm-0.16"]


def read(names):
    if "wrong" in names:
        raise UsageError("Unknown fault 'wrong'.")
    return (lambda reply: reply.with_status(599)) if names else None


def asked(method="GET", body=b"", peer="127.0.0.1", control=None, provider=None):
    control = control or Control(read, ["a"])
    provider = provider or MockProvider(VLLM)
    reply = control.answer(provider, Request(method, PATH, (), body), peer)
    return reply.status, reply.json


def test_the_faults_are_read_and_replaced():
    control, provider = Control(read, ["a"]), MockProvider(VLLM)
    both = {"control": control, "provider": provider}
    models = Request("GET", "/v1/models")

    assert asked(**both) == (200, {"faults": ["a"]})
    assert asked("PUT", b'{"faults": ["b"]}', **both) == (200, {"faults": ["b"]})
    assert provider.reply(models).status == 599
    assert asked("PUT", b'{"faults": []}', **both) == (200, {"faults": []})
    assert provider.reply(models).status == 200


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b'{"faults": "a"}', b'{"faults": [1]}'),
        *(b'{"faults": ["wrong"]}', b'{"faults": [], "x": 1}'),
    ],
)
def test_a_wrong_body_changes_nothing(body):
    control = Control(read, ["a"])
    status, answer = asked("PUT", body, control=control)

    assert status == 400
    assert answer["error"]
    assert asked(control=control) == (200, {"faults": ["a"]})


@pytest.mark.parametrize("peer", ["192.0.2.7", "", "unknown"])
def test_only_this_machine_may(peer):
    assert asked(peer=peer)[0] == asked("PUT", b'{"faults": []}', peer)[0] == 403


def test_other_methods_are_refused():
    assert asked("DELETE")[0] == 405
