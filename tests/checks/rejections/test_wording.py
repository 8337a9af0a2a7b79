from __future__ import annotations

import pytest

from contract.checks.rejections import invalid_requests, wording


def found(check, *exchanges):
    return [(finding.message, finding.at) for finding in check.judge(*exchanges)]


def test_a_traceback_in_json_is_found(answer):
    trace = 'Traceback (most recent call last):\n  File "/srv/a.py", line 3'
    bad = answer(invalid_requests.N_ZERO, 400, {"detail": trace})

    assert found(wording.errors_show_no_insides, bad) == [
        ("the error exposes server internals", "n-zero")
    ]


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        pytest.param("llamacpp-b11434/role_unknown", True, id="template"),
        pytest.param(
            "llama-cpp-python-0.3.36/max_tokens_string", True, id="file-and-line"
        ),
        pytest.param("llamacpp-b11434/body_malformed", False, id="json-position"),
        pytest.param("vllm-0.32/chat_content_badchunk", False, id="pydantic"),
        pytest.param("vllm-0.32/rf_json_schema_bad", False, id="grammar"),
    ],
)
def test_recorded_internals_are_found(recorded, name, shows):
    assert shows is bool(found(wording.errors_show_no_insides, recorded(name)))


@pytest.mark.parametrize(
    ("body", "silent"),
    [
        pytest.param({"detail": "Bad Request"}, True, id="phrase"),
        pytest.param({"error": {"message": ""}}, True, id="empty-message"),
        pytest.param({"detail": [{"msg": "Field required"}]}, False, id="issue"),
        pytest.param(b"Internal Server Error", True, id="plain-phrase"),
        pytest.param(b"", True, id="nothing"),
        pytest.param(b"n must be at least 1", False, id="plain-sentence"),
    ],
)
def test_an_error_that_only_repeats_the_status_is_found(answer, body, silent):
    seen = answer(invalid_requests.N_ZERO, 400, body)

    assert silent is bool(found(wording.errors_say_what_is_wrong, seen))


@pytest.mark.parametrize(
    ("status", "body", "named"),
    [
        pytest.param(400, {"detail": "top_p must be in (0, 1]"}, True, id="named"),
        pytest.param(400, {"detail": "list index out of range"}, False, id="unnamed"),
        pytest.param(500, {"detail": "unknown"}, True, id="server-error"),
    ],
)
def test_a_rejected_value_is_looked_up_by_its_field(answer, status, body, named):
    seen = answer(invalid_requests.TOP_P_OUT_OF_RANGE, status, body)

    assert named is (found(wording.names_the_field, seen) == [])
