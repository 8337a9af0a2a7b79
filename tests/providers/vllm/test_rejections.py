"""Error bodies of vLLM: of the schema, of later code and of the web framework."""

from __future__ import annotations

import pytest

from contract.model.rejection import Rejection, RejectionReason
from contract.providers.vllm.dialect import VLLM_0_11, VLLM_0_16


@pytest.mark.parametrize(
    ("problem", "status", "kind", "param"),
    [
        pytest.param(
            Rejection(reason=RejectionReason.MODEL, value="x"),
            *(404, "NotFoundError", "model"),
            id="model",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.MALFORMED, count=28),
            *(400, "Bad Request", "body.28"),
            id="malformed",
        ),
        pytest.param(
            Rejection(
                reason=RejectionReason.SCHEMA, pointer="/temperature", keyword="type"
            ),
            *(400, "Bad Request", "body.temperature"),
            id="a wrong type",
        ),
        pytest.param(
            Rejection(
                reason=RejectionReason.SCHEMA,
                pointer="/max_tokens",
                keyword="minimum",
                value=0,
            ),
            *(400, "BadRequestError", "max_tokens"),
            id="out of bounds",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.OVERFLOW, count=9, limit=8),
            *(400, "BadRequestError", "input_tokens"),
            id="overflow",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.IMAGE_COUNT, limit=10),
            *(400, "BadRequestError", "image"),
            id="too many images",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.CONTENT_TYPE),
            *(400, "Bad Request", None),
            id="content type",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.ORDER, message="Unexpected role"),
            *(400, "BadRequestError", None),
            id="order",
        ),
    ],
)
def test_errors_name_the_parameter(problem, status, kind, param):
    found, body = VLLM_0_16.error(problem)
    _, old = VLLM_0_11.error(problem)

    assert (status, kind, param, status) == (
        found,
        *(body["error"][name] for name in ("type", "param", "code")),
    )
    assert body["error"]["message"]
    assert old["error"]["param"] is None


def test_overflow_states_both_numbers():
    _, body = VLLM_0_16.error(
        Rejection(reason=RejectionReason.OVERFLOW, count=131_073, limit=131_072)
    )

    assert body["error"]["message"].startswith(
        "This model's maximum context length is 131072 tokens. However, your prompt "
        "contains at least 131073 input tokens"
    )


def test_a_bad_key_is_a_bare_string():
    assert (401, {"error": "Unauthorized"}) == VLLM_0_16.error(
        Rejection(reason=RejectionReason.WRONG_KEY)
    )


@pytest.mark.parametrize(
    ("pointer", "value", "param", "text"),
    [
        pytest.param(
            "/messages/0/role", "x", None, "Unknown message role: x", id="role"
        ),
        pytest.param(
            "/tools/0/function/name",
            "a b",
            None,
            "Function name was a b but must be a-z, A-Z, 0-9, or contain underscores "
            "and dashes, with a maximum length of 64.",
            id="function-name",
        ),
        pytest.param(
            "/tool_choice",
            "x",
            "tool_choice",
            "Invalid value for `tool_choice`: x! Only named tools, "
            '"none", "auto" or "required" are supported. (parameter=tool_choice)',
            id="tool-choice",
        ),
    ],
)
def test_values_that_the_schema_accepts_have_sentences_of_later_code(
    pointer, value, param, text
):
    problem = Rejection(
        reason=RejectionReason.SCHEMA, pointer=pointer, keyword="enum", value=value
    )
    status, body = VLLM_0_16.error(problem)

    assert 400 == status
    assert (text, "BadRequestError", param) == tuple(
        body["error"][name] for name in ("message", "type", "param")
    )
