"""
The wording of vLLM's errors, for values other than the recorded ones.

`tests/mock_server/test_recorded.py` compares the recorded ones byte for byte.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.catalog.providers import dialects
from contract.mock_server.provider import MockProvider
from contract.model.rejection import Rejection, RejectionReason
from contract.model.wire import Request
from contract.providers.vllm import wording
from contract.providers.vllm.wording import exact

VLLM = MockProvider(dialects()["vllm-0.16"])
KIND = (("content-type", "application/json"),)
PATH = "/v1/chat/completions"


def refused(raw=None, **members):
    body = {
        "model": "magistral-small-2509",
        "messages": [{"role": "user", "content": "hi"}],
        **members,
    }
    data = json.dumps(body).encode() if raw is None else raw
    reply = VLLM.reply(Request("POST", PATH, KIND, data))
    error = reply.json["error"]
    return reply.status, error["message"], error["type"], error["param"]


@pytest.mark.parametrize(
    ("members", "message", "param"),
    [
        ({"temperature": -0.5}, "temperature must be non-negative, got -0.5.", True),
        ({"temperature": 9}, "temperature must be in [0, 2], got 9.0.", True),
        ({"top_p": 2}, "top_p must be in (0, 1], got 2.0.", True),
        ({"max_tokens": -7}, "max_tokens must be at least 1, got -7.", True),
        ({"n": -3}, "n must be at least 1, got -3.", False),
        ({"top_k": -9}, "top_k must be 0 (disable), or at least 1, got -9.", False),
        (
            {"frequency_penalty": 5},
            "frequency_penalty must be in [-2, 2], got 5.0.",
            False,
        ),
    ],
)
def test_a_bound_is_named_with_the_value(members, message, param):
    ((name, value),) = members.items()
    shown = value if isinstance(value, int) and name == "max_tokens" else float(value)
    suffix = f" (parameter={name}, value={shown})" if param else ""

    assert refused(**members) == (
        *(400, message + suffix),
        *("BadRequestError", name if param else None),
    )


@pytest.mark.parametrize(
    ("members", "kind", "text", "shown"),
    [
        ({"seed": "x"}, "int_parsing", "unable to parse string as an integer", "x"),
        (
            {"top_k": 1.5},
            "int_from_float",
            "got a number with a fractional part",
            "1.5",
        ),
        ({"top_p": "x"}, "float_parsing", "unable to parse string as a number", "x"),
        ({"top_p": []}, "float_type", "should be a valid number", "<list of 0 items>"),
        ({"stream": "x"}, "bool_parsing", "unable to interpret input", "x"),
        ({"model": {"a": 1}}, "string_type", "valid string", "<dict of 1 items>"),
    ],
)
def test_a_wrong_type_is_an_error_of_pydantic(members, kind, text, shown):
    (name,) = members
    status, message, type_, param = refused(**members)

    assert (status, type_, param) == (400, "Bad Request", f"body.{name}")
    assert message.startswith(f"1 validation error:\n  {{'type': '{kind}', 'loc': ")
    assert text in message
    assert f"'input': '{shown}'" in message


def test_a_long_value_is_shown_by_its_ends():
    part = {"type": "video", "video": "x" * 100}
    message = refused(messages=[{"role": "user", "content": [part]}])[1]

    assert message.startswith("8 validation errors for ValidatorIterator\n0.")
    assert "input_value={'type': 'video', 'video'...xxxxxxxxxxxxxxxxxxxxxx'}" in message


@pytest.mark.parametrize(
    ("raw", "param", "words"),
    [
        (b"", "body", "Field required"),
        (b'{"a": 1,}', "body.8", "Expecting property name enclosed in double quotes"),
        (b'{"a" 1}', "body.5", "Expecting ':' delimiter"),
        (b'{"top_p": NaN}', "top_p", "top_p must be a finite number, got nan."),
        (b'{"top_p": -Infinity}', "top_p", "must be a finite number, got -inf."),
    ],
)
def test_what_is_not_json_is_named_by_pythons_parser(raw, param, words):
    status, message, _, found = refused(raw)

    assert (status, found) == (400, param)
    assert words in message


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messages", "content", "type", "role", "0"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
POINTERS = st.sampled_from(
    [
        *(
            f"/{name}"
            for name in ["n", "seed", "stop", "tools", "logit_bias", "stream", "model"]
        ),
        *("", "/messages", "/messages/0", "/messages/0/role", "/messages/0/content"),
        *("/messages/0/content/0/type", "/messages/0/content/0/image_url"),
        *("/messages/0/content/0/image_url/url", "/response_format/type"),
        "/messages/0/tool_calls/0/function/arguments",
    ]
)


@given(
    reason=st.sampled_from(RejectionReason),
    pointer=POINTERS,
    keyword=st.sampled_from(["type", "required", "enum", "minimum", ""]),
    value=ANY,
    body=ANY,
)
def test_any_rejection_has_a_wording_or_none(reason, pointer, keyword, value, body):
    problem = Rejection(
        reason=reason, pointer=pointer, keyword=keyword, value=value, body=body
    )
    found = exact(problem)

    assert found is None or isinstance(found, wording.Wording)
