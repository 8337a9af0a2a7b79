"""Tests of error quotations, of messages for inaccessible targets and of options."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin
from contract.detection.detect import (
    access_denied_reason,
    detect,
    profile_named,
    unreachable_reason,
)
from contract.detection.error_message import error_message
from contract.errors import UsageError
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import Probe
from contract.model.wire import Request

PROFILE = builtin()["inline"]


def exchange(body=b"", **more):
    return Exchange(
        probe=Probe(name="any"),
        profile=PROFILE,
        request=Request("GET", "/"),
        arrivals=(Arrival(0.0, body),),
        **more,
    )


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
    assert error_message(exchange(body)) == words


@pytest.mark.parametrize("end", [End.REFUSED, End.RESET, End.TIMEOUT, End.TOO_LARGE])
def test_a_missing_response_is_explained_with_the_url(end):
    message = unreachable_reason(exchange(end=end, note="for a reason"), "http://h")

    assert message is not None
    assert message.startswith("http://h cannot be reached: for a reason.")


def test_any_status_is_a_response():
    assert unreachable_reason(exchange(status=500), "http://h") is None


@pytest.mark.parametrize(
    ("status", "key", "words"),
    [
        pytest.param(401, False, "set MY_KEY", id="missing"),
        pytest.param(401, True, "rejects the API key in MY_KEY", id="rejected"),
        pytest.param(403, True, "(403, nope)", id="forbidden"),
        pytest.param(404, True, None, id="something-else"),
    ],
)
def test_denied_access_is_explained_with_the_variable(status, key, words):
    message = access_denied_reason(
        exchange(b"nope", status=status), "http://h", key=key, variable="MY_KEY"
    )

    assert (message is None) is (words is None)
    assert words is None or words in message


def test_with_profile_and_model_given_nothing_is_sent():
    found = detect("http://nonexistent.invalid", builtin(), profile="inline", model="m")

    assert (found.profile.id, found.model, found.requests) == ("inline", "m", 0)
    assert found.why == "given by --profile"


def test_an_alias_names_a_profile():
    assert profile_named("vllm", builtin()).id == "vllm-0.32"


def test_an_unknown_profile_is_rejected_with_similar_names():
    with pytest.raises(UsageError, match=r"llamacpp"):
        profile_named("llamacp", builtin())
