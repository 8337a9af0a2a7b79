from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.checks.judging.rejection import error_document, error_violations
from contract.checks.rejections import invalid_requests
from contract.checks.rejections.documents import (
    error_message,
    is_html,
    mentions,
    replace_message,
    source_trace,
)
from contract.portable.assembly import status_in

MISTRAL = {
    "object": "error",
    "message": {
        "detail": [
            {
                "type": "extra_forbidden",
                "loc": ["body", "top_k"],
                "msg": "Extra inputs are not permitted",
                "input": 3,
            }
        ]
    },
    "type": "invalid_request_error",
    "param": None,
    "code": None,
    "raw_status_code": 422,
}
VLLM = {
    "error": {
        "message": "n must be at least 1, got 0.",
        "type": "BadRequestError",
        "param": "n",
        "code": 400,
    }
}
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(MISTRAL, "Extra inputs are not permitted", id="mistral"),
        pytest.param(VLLM, "n must be at least 1, got 0.", id="vllm"),
        pytest.param({"error": "Unauthorized"}, "Unauthorized", id="error-text"),
        pytest.param({"detail": "Not Found"}, "Not Found", id="detail-text"),
        pytest.param({"type": "x", "code": 3}, "", id="no-message"),
        pytest.param("Internal Server Error", "", id="not-json"),
        pytest.param(None, "", id="null"),
    ],
)
def test_the_error_message_is_the_human_readable_text(body, message):
    assert message == error_message(body)


@pytest.mark.parametrize(
    ("body", "field", "named"),
    [
        pytest.param(MISTRAL, "top_k", True, id="loc"),
        pytest.param(VLLM, "n", True, id="param"),
        pytest.param({"detail": "Temperature is hot"}, "temperature", True, id="case"),
        pytest.param(MISTRAL, "temperature", False, id="another-field"),
        pytest.param({"temperature": 1}, "temperature", False, id="only-a-key"),
    ],
)
def test_a_field_is_mentioned_in_a_string(body, field, named):
    assert named is mentions(body, field)


@given(BODIES, st.text(min_size=1).filter(str.strip))
def test_replacing_the_message_keeps_the_members_and_no_other_message(body, message):
    changed = replace_message(body, message)

    if isinstance(body, dict):
        assert list(body) == list(changed)
    assert not error_message(changed).replace(message.strip(), "").strip()


@pytest.mark.parametrize(
    ("text", "trace"),
    [
        pytest.param(
            "boom\nTraceback (most recent call last):\n …",
            "Traceback (most recent call last)",
            id="python",
        ),
        pytest.param(
            'File "/srv/app.py", line 3, in f', 'File "/srv/app.py", line 3', id="frame"
        ),
        pytest.param(
            "at Object.<anonymous> (/srv/index.js:10:5)",
            "at Object.<anonymous> (/srv/index.js:10:5)",
            id="node",
        ),
        pytest.param(
            "at org.x.Main.run(Main.java:12)",
            "at org.x.Main.run(Main.java:12)",
            id="java",
        ),
        pytest.param(
            "src/llama-chat.cpp:512: GGML_ASSERT", "src/llama-chat.cpp:512", id="cpp"
        ),
        pytest.param(
            "While executing X at line 126, column 24 in source:",
            "at line 126, column 24 in source:",
            id="jinja",
        ),
        pytest.param(
            "parse error at line 1, column 29: syntax error", None, id="json-position"
        ),
        pytest.param("temperature must be in [0, 2], got 5.0", None, id="sentence"),
        pytest.param("Cannot connect to host 127.0.0.1:9", None, id="address"),
    ],
)
def test_a_source_trace_is_recognised(text, trace):
    assert trace == source_trace(text)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(VLLM, 400, id="vllm"),
        pytest.param(MISTRAL, 422, id="mistral"),
        pytest.param({"error": {"message": "x", "code": 3051}}, None, id="own-code"),
        pytest.param({"error": {"message": "x", "code": "400"}}, None, id="text"),
        pytest.param({"detail": "x"}, None, id="none"),
        pytest.param([VLLM], None, id="list"),
    ],
)
def test_a_repeated_status_is_an_http_status_code(body, status):
    assert status == status_in(body)


@pytest.mark.parametrize(
    ("kind", "body", "page"),
    [
        pytest.param("text/html", b"{}", True, id="by-content-type"),
        pytest.param("text/plain", b"\n<!DOCTYPE html><p>", True, id="by-content"),
        pytest.param("application/json", b'{"detail": "<html>"}', False, id="quoted"),
    ],
)
def test_an_html_page_is_recognised(answer, kind, body, page):
    seen = answer(invalid_requests.BRIEF, 400, body, kind=kind)

    assert page is is_html(seen)


def test_a_body_that_is_not_json_is_its_text(answer):
    assert error_document(answer(invalid_requests.BRIEF, 500, b"oops")) == "oops"


def test_a_body_that_breaks_the_schema_is_found_where_it_is_wrong(answer):
    (finding,) = error_violations(
        answer(invalid_requests.BRIEF, 400, {"error": {"message": "x"}})
    )

    assert "Vllm016Error" in finding.message
    assert "brief" in finding.at


def test_a_body_that_matches_the_schema_passes(answer):
    assert list(error_violations(answer(invalid_requests.BRIEF, 400, VLLM))) == []
