"""Error bodies of every format are quoted in one line."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin
from contract.detection.error_message import error_message
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.wire import Request


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b'{"error":{"message":"no"}}', "no", id="openai"),
        pytest.param(b'{"error":"Unauthorized"}', "Unauthorized", id="vllm-401"),
        pytest.param(b'{"message":"no","object":"error"}', "no", id="mistral"),
        pytest.param(b'{"detail":"Not Found"}', "Not Found", id="fastapi"),
        pytest.param(
            b'{"message":{"detail":[1]}}', '{"message":{"detail":[1]}}', id="nested"
        ),
        pytest.param(b"Internal\n\n Server Error", "Internal Server Error", id="text"),
        pytest.param(b"", "", id="nothing"),
        pytest.param(b"\xff\xfe", "\ufffd\ufffd", id="bytes"),
        pytest.param(b"x" * 900, "x" * 199 + "…", id="endless"),
    ],
)
def test_an_error_body_is_quoted_in_one_short_line(body, words):
    exchange = Exchange(
        probe=Probe(name="any"),
        profile=builtin()["inline"],
        request=Request("GET", "/"),
        arrivals=(Arrival(0.0, body),),
    )

    assert error_message(exchange) == words
