from __future__ import annotations

import pytest

from contract.checks.rejections import bodies


@pytest.mark.parametrize(
    ("name", "recording", "status", "expected"),
    [
        pytest.param(
            "malformed_json",
            "vllm-0.32/json_malformed",
            400,
            "pass",
            id="malformed-json-vllm-0.32",
        ),
        pytest.param(
            "malformed_json",
            "llamacpp-b11434/body_malformed",
            400,
            "pass",
            id="malformed-json-llamacpp-b11434",
        ),
        pytest.param(
            "malformed_json",
            "transformers-5.23/body_malformed",
            422,
            "pass",
            id="malformed-json-transformers-5.23",
        ),
        pytest.param(
            "malformed_json",
            "llama-cpp-python-0.3.36/body_malformed",
            500,
            "fail",
            id="malformed-json-llama-cpp-python-0.3.36",
        ),
        pytest.param(
            "truncated_json",
            "vllm-0.32/json_truncated",
            400,
            "pass",
            id="truncated-json-vllm-0.32",
        ),
        pytest.param(
            "nan_literal",
            "vllm-0.32/json_nan_temperature",
            400,
            "pass",
            id="nan-literal-vllm-0.32",
        ),
        pytest.param(
            "nan_literal",
            "llamacpp-b11434/body_nan",
            400,
            "pass",
            id="nan-literal-llamacpp-b11434",
        ),
        pytest.param(
            "empty_body",
            "vllm-0.32/json_empty_body",
            400,
            "pass",
            id="empty-body-vllm-0.32",
        ),
        pytest.param(
            "empty_body",
            "llamacpp-b11434/body_empty",
            400,
            "pass",
            id="empty-body-llamacpp-b11434",
        ),
        pytest.param(
            "empty_body",
            "transformers-5.23/body_empty",
            422,
            "pass",
            id="empty-body-transformers-5.23",
        ),
        pytest.param(
            "not_an_object",
            "vllm-0.32/json_array",
            400,
            "pass",
            id="not-an-object-vllm-0.32",
        ),
        pytest.param(
            "not_an_object",
            "llamacpp-b11434/body_array",
            400,
            "pass",
            id="not-an-object-llamacpp-b11434",
        ),
        pytest.param(
            "invalid_utf8",
            "vllm-0.32/json_invalid_utf8",
            400,
            "pass",
            id="invalid-utf8-vllm-0.32",
        ),
        pytest.param(
            "invalid_utf8",
            "llamacpp-b11434/body_invalid_utf8",
            400,
            "pass",
            id="invalid-utf8-llamacpp-b11434",
        ),
        pytest.param(
            "wrong_content_type",
            "vllm-0.32/ctype_text",
            400,
            "pass",
            id="wrong-content-type-vllm-0.32",
        ),
        pytest.param(
            "wrong_content_type",
            "transformers-5.23/body_text_plain",
            422,
            "pass",
            id="wrong-content-type-transformers-5.23",
        ),
    ],
)
def test_recorded_servers_get_the_outcome_that_their_profile_documents(
    outcome, name, recording, status, expected
):
    judged = outcome(getattr(bodies, name), recording)

    assert (status, expected) == judged
