from __future__ import annotations

import pytest
from support.rehearsal import verdict_on

from contract.checks.rejections import errors, invalid_requests

GOOD = {
    "error": {
        "message": "n must be at least 1, got 0.",
        "type": "BadRequestError",
        "param": "n",
        "code": 400,
    }
}


def found(check, *exchanges):
    return [(f.message, f.at) for f in verdict_on(check, *exchanges).findings]


@pytest.fixture
def rejected(answer):
    return answer(invalid_requests.N_ZERO, 400, GOOD)


@pytest.mark.parametrize(
    ("check", "status", "body", "kind", "message"),
    [
        pytest.param(
            errors.never_5xx,
            500,
            GOOD,
            "application/json",
            "a client error is reported as a server error",
            id="never-5xx",
        ),
        pytest.param(
            errors.never_html,
            400,
            b"<html><body>400</body></html>",
            "text/html",
            "the error is an HTML page",
            id="never-html",
        ),
        pytest.param(
            errors.errors_are_json,
            400,
            GOOD,
            "text/plain",
            "the error is not JSON",
            id="json-called-text",
        ),
        pytest.param(
            errors.errors_are_json,
            400,
            b"n is 0",
            "application/json",
            "the error is not JSON",
            id="text-called-json",
        ),
        pytest.param(
            errors.body_repeats_status,
            422,
            GOOD,
            "application/json",
            "the status line and the body disagree",
            id="body-repeats-status",
        ),
    ],
)
def test_a_bad_error_is_found_among_good_ones(  # noqa: PLR0913, PLR0917  # a row of the table
    answer, rejected, check, status, body, kind, message
):
    bad = answer(invalid_requests.STOP_WRONG_TYPE, status, body, kind=kind)

    assert [(message, "stop-wrong-type")] == found(check, rejected, bad, rejected)
    assert found(check, rejected, rejected) == []


def test_a_body_of_another_shape_is_found(answer, rejected):
    bad = answer(invalid_requests.STOP_WRONG_TYPE, 400, {"errno": 22})

    assert len(found(errors.errors_have_shape, rejected, bad)) == 1
    assert found(errors.errors_have_shape, rejected) == []


ANSWERED = {"choices": [{"index": 0, "message": {"content": "Good evening."}}]}


@pytest.mark.parametrize("status", [200, 403, 500])
def test_a_valid_request_must_be_answered(answer, rejected, status):
    valid = answer(errors.VALID_REQUEST, status, ANSWERED)

    assert (status == 200) is (found(errors.disturb_nobody, rejected, valid) == [])


def test_a_200_without_an_answer_is_inconclusive(answer, rejected):
    silent = answer(errors.VALID_REQUEST, 200, {})

    assert verdict_on(errors.disturb_nobody, rejected, silent).word == "skip"


@pytest.mark.parametrize(
    "check", [errors.never_5xx, errors.errors_have_shape, errors.body_repeats_status]
)
@pytest.mark.parametrize(
    "name",
    [
        "vllm-0.32/n_0",
        "vllm-0.32/json_invalid_utf8",
        "vllm-0.32/model_unknown",
        "vllm-0.32/get_chat_405",
        "llamacpp-b11434/temp_string",
        "llamacpp-b11434/get_on_chat",
        "llamacpp-b11434/context_overflow",
        "transformers-5.23/unknown_param",
        "transformers-5.23/body_malformed",
        "transformers-5.23/chat_unknown_model",
    ],
)
def test_recorded_rejections_are_well_formed(recorded, check, name):
    assert found(check, recorded(name)) == []


@pytest.mark.parametrize(
    ("check", "name"),
    [
        pytest.param(errors.never_5xx, "llamacpp-b11434/role_unknown", id="llamacpp"),
        pytest.param(errors.never_5xx, "transformers-5.23/temp_string", id="500"),
        pytest.param(
            errors.errors_are_json, "transformers-5.23/temp_string", id="text"
        ),
    ],
)
def test_recorded_server_errors_are_found(recorded, check, name):
    assert len(found(check, recorded(name))) == 1
