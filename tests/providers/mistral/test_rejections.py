"""Error bodies of Mistral's hosted API, of 2025 and of 2026."""

from __future__ import annotations

import pytest

from contract.model.rejection import Rejection, RejectionReason
from contract.providers.mistral.dialect import MISTRAL_2025_10 as OLD
from contract.providers.mistral.dialect import MISTRAL_2026_08 as NEW
from contract.providers.mistral.rejections import error_2025, error_2026


def test_validation_errors_are_inside_message():
    problem = Rejection(
        reason=RejectionReason.SCHEMA,
        pointer="/messages/0/role",
        keyword="required",
        value={"content": "hi"},
    )
    issue = {
        "type": "missing",
        "loc": ["body", "messages", 0, "role"],
        "msg": "Field required",
        "input": {"content": "hi"},
    }
    envelope = {
        "object": "error",
        "message": {"detail": [issue]},
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }

    assert (422, envelope) == error_2025(problem)
    assert (422, {**envelope, "raw_status_code": 422}) == error_2026(problem)


@pytest.mark.parametrize(
    ("problem", "status", "kind", "code", "message"),
    [
        pytest.param(
            Rejection(reason=RejectionReason.MODEL, value="x"),
            *(400, "invalid_model", "1500", "Invalid model: x"),
            id="model",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.OVERFLOW, count=131_073, limit=131_072),
            *(400, "invalid_request_invalid_args", "3051"),
            "Prompt contains 131073 tokens and 0 draft tokens, too large for model "
            "with 131072 maximum context length",
            id="overflow",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.ORDER, message="Unexpected role 'x'"),
            *(400, "invalid_request_message_order", "3230", "Unexpected role 'x'"),
            id="order",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.RATE),
            *(429, "rate_limited", "1300", "Rate limit exceeded"),
            id="rate",
        ),
    ],
)
def test_rejections_have_the_flat_envelope(problem, status, kind, code, message):
    found, body = error_2026(problem)

    assert status == found
    assert {
        "object": "error",
        "message": message,
        "type": kind,
        "param": None,
        "code": code,
        "raw_status_code": status,
    } == body


def test_keys_are_rejected_by_the_gateway():
    wrong = Rejection(reason=RejectionReason.WRONG_KEY)

    assert (401, {"detail": "Unauthorized"}) == error_2025(wrong)
    assert (401, {"detail": "Invalid API Key"}) == error_2026(wrong)
    assert (401, {"detail": "Unauthorized"}) == error_2026(
        Rejection(reason=RejectionReason.NO_KEY)
    )


@pytest.mark.parametrize(
    ("reason", "status", "body"),
    [
        pytest.param(
            RejectionReason.METHOD, 405, {"detail": "Method Not Allowed"}, id="method"
        ),
        pytest.param(
            RejectionReason.ROUTE,
            404,
            {
                "message": "no Route matched with those values",
                "request_id": "e3b0c44298fc1c149afbf4c8996fb924",
            },
            id="route",
        ),
    ],
)
def test_the_gateway_has_other_bodies(reason, status, body):
    problem = Rejection(reason=reason)

    assert (status, body) == error_2025(problem) == error_2026(problem)


def test_each_dialect_has_the_errors_of_its_year():
    assert (OLD.error, NEW.error) == (error_2025, error_2026)
