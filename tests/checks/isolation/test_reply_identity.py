"""Response ids, and the request that a reply answers."""

from __future__ import annotations

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.checks.isolation import reply_identity
from contract.model.check import NotApplicable
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.probes import SUM, SUM_WHOLE, UTF8
from contract.model.wire import Request

PROFILE = builtin()["vllm-0.32"]


def exchange(body, kind="application/json"):
    return Exchange(
        probe=Probe(name="any"),
        profile=PROFILE,
        request=Request("POST", "/"),
        status=200,
        headers=(("content-type", kind),),
        arrivals=(Arrival(0.1, body),),
    )


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        pytest.param(exchange(b'{"id": "a"}'), ("a",), id="whole"),
        pytest.param(
            exchange(b'data: {"id": "a"}\n\n' * 2, "text/event-stream"),
            ("a",),
            id="one",
        ),
        pytest.param(
            exchange(b'data: {"id":"a"}\n\ndata: {"id":"b"}\n\n', "text/event-stream"),
            ("a", "b"),
            id="two",
        ),
        pytest.param(exchange(b'{"id": 5}'), (), id="a-number"),
        pytest.param(exchange(b"[]"), (), id="no-object"),
    ],
)
def test_each_id_is_listed_once(seen, found):
    assert found == reply_identity.ids(seen)


def test_a_response_without_an_id_is_skipped():
    with pytest.raises(NotApplicable, match="any has no id"):
        reply_identity.first_id(exchange(b"{}"))


def test_a_reply_is_identified_by_its_user_text():
    assert reply_identity.to_one_of(mock_reply(PROFILE, SUM), (UTF8, SUM_WHOLE))
    assert not reply_identity.to_one_of(mock_reply(PROFILE, SUM), (UTF8,))
