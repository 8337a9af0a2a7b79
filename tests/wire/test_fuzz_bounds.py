"""What Schemathesis reads is bounded as the responses of `verify` are."""

from __future__ import annotations

import gzip

import pytest
import requests

from contract.client.timeouts import Limits
from contract.fuzzing.bounded import BoundedAdapter, _Budget, bound_sessions

SOON = Limits(connect=2.0, first_byte=0.5, total=1.0, max_bytes=1_000_000)


def session(budget=None):
    made = requests.Session()
    made.trust_env = False
    made.mount("http://", BoundedAdapter(SOON, budget))
    return made


def compressed(c):
    body = gzip.compress(b"x" * 10_000_000)
    c.answer(body=body, headers=(("Content-Encoding", "gzip"),))


def flood(c):
    c.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not c.over.is_set():
        c.write(b"x" * 65_536)


def trickle(c):
    c.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not c.over.wait(0.1):
        c.write(b" ")


def test_a_response_is_read_as_it_is(served):
    server = served(lambda c: c.answer({"a": 1}))

    assert session().get(server.url).json() == {"a": 1}
    assert b"accept-encoding: identity" in server.requests[0].lower()


def test_nothing_is_decompressed(served):
    content = session().get(served(compressed).url).content

    assert content.startswith(b"\x1f\x8b")
    assert len(content) < 100_000


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (flood, "larger than 1000000 bytes"),
        (trickle, "not complete after 1 s"),
        (lambda c: c.wait(), "timed out"),
    ],
    ids=["flood", "trickle", "silence"],
)
def test_a_response_beyond_the_bounds_is_cut_off(served, script, words):
    with pytest.raises(requests.RequestException, match=words):
        session().get(served(script).url)


def test_all_responses_together_are_bounded(served):
    def answer(c):
        c.answer(body=b"x" * 600, headers=(("Connection", "close"),))

    server, one = served(answer), session(_Budget(1_000))

    assert one.get(server.url).content == b"x" * 600
    with pytest.raises(requests.ConnectionError, match="too large together"):
        one.get(server.url)


def test_every_session_of_the_process_can_be_bounded(monkeypatch):
    monkeypatch.setattr(requests.sessions, "HTTPAdapter", requests.adapters.HTTPAdapter)
    bound_sessions()

    assert isinstance(requests.Session().get_adapter("https://x"), BoundedAdapter)
