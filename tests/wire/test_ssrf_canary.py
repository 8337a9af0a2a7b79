"""Tests of the SSRF canary: its visits, and that no other machine gets its URL."""

from __future__ import annotations

import http.client
import json
from dataclasses import replace

import pytest

from contract.catalog.profiles import builtin
from contract.checks.multimodal import addresses
from contract.client.session import CanaryUnavailable, Session
from contract.client.ssrf_canary import open_canary
from contract.client.timeouts import Limits
from contract.mock_server.app import serving
from contract.mock_server.provider import MockProvider
from contract.model.images import picture
from contract.model.probe import CANARY
from contract.model.saved import dump, load
from contract.run.runner import judge_check

VLLM = builtin()["vllm-0.32"]
# A profile that tolerates and waives nothing.
STRICT = replace(VLLM, tolerates=frozenset(), waivers={})
SOON = Limits(connect=2.0, first_byte=2.0, between=2.0, total=8.0)


def get(url, path):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
    connection.request("GET", path)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, response.headers["content-type"], data


def test_every_visit_gets_an_image_and_is_recorded():
    with open_canary() as canary:
        answers = [get(canary.url, path) for path in ("/a.png", "/b?c=d")]

    assert [(200, "image/png", picture(56, 56).data)] * 2 == answers
    assert ["/a.png", "/b?c=d"] == canary.visits


def test_the_port_is_closed_afterwards():
    with open_canary() as canary:
        pass

    with pytest.raises(OSError):  # noqa: PT011  # which one depends on the system
        get(canary.url, "/")


def test_the_request_contains_the_url_and_the_exchange_the_placeholder(served):
    def script(c):
        body = json.loads(c.request.partition(b"\r\n\r\n")[2])
        url = body["messages"][0]["content"][1]["image_url"]["url"]
        get(url.removesuffix("/canary.png"), "/canary.png")
        c.answer({})

    server = served(script)
    with Session(server.url, VLLM, "m", limits=SOON) as session:
        exchange = session.send(addresses.IMAGE_URL)

    assert ("/canary.png",) == exchange.visits
    assert b"http://127.0.0.1:" in server.requests[0]
    assert CANARY.encode() not in server.requests[0]
    assert CANARY.encode() in exchange.request.body
    assert exchange.visits == load(dump(exchange), VLLM).visits


def test_no_other_machine_is_sent_the_url():
    with (
        Session("http://203.0.113.1", VLLM, "m", limits=SOON) as session,
        pytest.raises(CanaryUnavailable, match="not on this machine"),
    ):
        session.send(addresses.IMAGE_URL)

    assert 0 == session.sent


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (addresses.opens_or_refuses_addresses, addresses.address_taken_for_an_image),
        (addresses.opens_no_loopback, addresses.loopback_opened),
        (addresses.opens_no_address_in_text, addresses.links_in_texts_followed),
    ],
    ids=lambda one: one.id,
)
@pytest.mark.parametrize("change", [False, True], ids=["kept", "broken"])
def test_fault_is_found_over_the_wire(check, fault, change):
    provider = MockProvider(VLLM.dialect, change=fault.apply if change else None)
    with (
        serving(provider) as url,
        Session(url, STRICT, provider.models[0], limits=SOON) as session,
    ):
        result = judge_check(check, session, url)

    assert ("fail" if change else "pass") == result.outcome.value


def test_mock_requests_nothing_but_loopback(served):
    server = served(lambda c: c.answer({}))

    def change(reply):
        far = server.url.replace("127.0.0.1", "canary.invalid") + "/canary.png"
        return replace(reply, visits=(far,))

    with (
        serving(MockProvider(VLLM.dialect, change=change)) as url,
        Session(url, VLLM, "m", limits=SOON) as session,
    ):
        exchange = session.send(addresses.URL_IN_TEXT)

    assert () == exchange.visits
    assert [] == server.requests
