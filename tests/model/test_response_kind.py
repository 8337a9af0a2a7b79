from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probes import LIST_MODELS, SUM, SUM_WHOLE
from contract.model.response_kind import ResponseKind, error_in, kind_of, words_of
from contract.model.wire import Request

PROFILE = builtin()["vllm-0.32"]
CHUNK = (
    b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
)
ERROR = b'data: {"error":{"message":"engine died","code":500}}\n\ndata: [DONE]\n\n'


def exchange(body=b"{}", *, probe=SUM_WHOLE, kind="application/json", **fields):
    given = {"status": 200, "headers": (("content-type", kind),), **fields}
    return Exchange(
        probe=probe,
        profile=PROFILE,
        request=Request(probe.method, probe.path),
        arrivals=(Arrival(0.1, body),) if body else (),
        **given,
    )


def stream(body, **fields):
    return exchange(body, probe=SUM, kind="text/event-stream", **fields)


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (exchange(), ResponseKind.ANSWERED),
        (stream(CHUNK), ResponseKind.ANSWERED),
        (exchange(status=400), ResponseKind.REJECTED),
        (exchange(status=500), ResponseKind.FAILED),
        (exchange(status=503), ResponseKind.FAILED),
        (exchange(status=429), ResponseKind.RATE_LIMITED),
        (
            exchange(status=503, headers=(("retry-after", "1"),)),
            ResponseKind.RATE_LIMITED,
        ),
        (exchange(status=307), ResponseKind.REDIRECTED),
        (exchange(b""), ResponseKind.EMPTY),
        (stream(b""), ResponseKind.EMPTY),
        (stream(b": keep-alive\n\n"), ResponseKind.EMPTY),
        (exchange(b'{"choices": [{"ind'), ResponseKind.CUT_OFF),
        (exchange(b"<html></html>"), ResponseKind.UNREADABLE),
        (exchange(b'{"a": 1,}'), ResponseKind.UNREADABLE),
        (exchange(end=End.RESET), ResponseKind.CUT_OFF),
        (stream(CHUNK, end=End.RESET), ResponseKind.CUT_OFF),
        (stream(CHUNK, end=End.TIMEOUT), ResponseKind.TIMED_OUT),
        (stream(CHUNK, end=End.LEFT), ResponseKind.LEFT),
        (stream(CHUNK + ERROR), ResponseKind.ERROR_IN_ANSWER),
        (stream(CHUNK + ERROR, end=End.RESET), ResponseKind.ERROR_IN_ANSWER),
        (exchange(b'{"error": "no"}'), ResponseKind.ERROR_IN_ANSWER),
        (exchange(status=None, end=End.REFUSED), ResponseKind.NO_RESPONSE),
        (exchange(status=None, end=End.TIMEOUT), ResponseKind.TIMED_OUT),
        (exchange(b"", probe=LIST_MODELS), ResponseKind.ANSWERED),
        (
            exchange(b"\x1f\x8b", headers=(("content-encoding", "gzip"),)),
            ResponseKind.ANSWERED,
        ),
    ],
)
def test_the_kind_of_a_response(seen, kind):
    assert kind_of(seen) is kind


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (stream(CHUNK), None),
        (stream(CHUNK + ERROR), "500, engine died"),
        (stream(CHUNK + b"event: error\ndata: out of memory\n\n"), "out of memory"),
        (
            stream(b'data: {"choices":[],"error":{"message":"limit"}}\n\n'),
            "limit",
        ),
        (stream(b'data: {"object":"error","message":"busy"}\n\n'), "busy"),
        (exchange(b'{"error": "no"}'), "no"),
        (exchange(b'{"error": null, "choices": []}'), None),
        (exchange(b'{"error": "ignored", "choices": [{"index": 0}]}'), None),
        (
            exchange(b'{"choices": [{"index": 0, "finish_reason": "error"}]}'),
            'finish_reason "error"',
        ),
    ],
)
def test_the_words_of_an_error_with_status_200(seen, words):
    assert error_in(seen) == words


def test_an_error_without_a_message_is_quoted_on_one_bounded_line():
    quoted = words_of({"error": {"x": "line\n" * 200}})

    assert "\n" not in quoted
    assert len(quoted) == 200
