from __future__ import annotations

from dataclasses import replace

import pytest

from contract.checks.rejections import access
from contract.model.probes import NO_KEY, WRONG_KEY
from contract.model.wire import WRONG_KEY as SENT_KEY


@pytest.mark.parametrize(
    ("name", "recording", "status", "expected"),
    [
        pytest.param("wrong_method", "vllm-0.32/get_chat_405", 405, "pass", id="vllm"),
        pytest.param(
            "wrong_method", "llamacpp-b11434/get_on_chat", 404, "pass", id="llamacpp"
        ),
        pytest.param(
            "wrong_method",
            "transformers-5.23/get_on_chat",
            405,
            "pass",
            id="transformers",
        ),
        pytest.param(
            "unknown_path", "llamacpp-b11434/models_one", 404, "pass", id="no-path"
        ),
        pytest.param(
            "unknown_path", "vllm-0.32/get_v1_models", 200, "fail", id="a-path"
        ),
        pytest.param(
            "no_key", "llamacpp-b11434/chat_plain", 200, "skip", id="keys-not-offered"
        ),
    ],
)
def test_recorded_servers_get_the_outcome_that_their_profile_documents(
    outcome, name, recording, status, expected
):
    judged = outcome(getattr(access, name), recording)

    assert (status, expected) == judged


@pytest.mark.parametrize("check", [access.no_key, access.wrong_key])
def test_recorded_rejections_of_a_key_pass(recorded, check):
    rejection = recorded("llamacpp-b11434-apikey/auth_wrong")

    assert list(check.judge(rejection)) == []
    assert list(access.key_is_not_echoed.judge(rejection)) == []
    assert list(access.key_refusal_has_shape.judge(rejection, rejection)) == []


@pytest.mark.parametrize("status", [200, 400, 403, 404])
def test_only_401_rejects_a_key(answer, status):
    (finding,) = access.no_key.judge(answer(NO_KEY, status, {"error": "Unauthorized"}))

    assert finding.expected == "status 401"


@pytest.mark.parametrize(
    ("headers", "body", "at"),
    [
        pytest.param((), f"Incorrect key: {SENT_KEY}", ["the body"], id="body"),
        pytest.param((("x-key", SENT_KEY),), "Incorrect key", ["x-key"], id="header"),
        pytest.param((), f"Incorrect key: {SENT_KEY[:7]}***", [], id="masked"),
    ],
)
def test_an_echoed_key_is_found(answer, headers, body, at):
    seen = answer(WRONG_KEY, 401, {"error": body})
    seen = replace(seen, headers=(*seen.headers, *headers))

    assert at == [finding.at for finding in access.key_is_not_echoed.judge(seen)]


@pytest.mark.parametrize(
    ("scheme", "findings"),
    [
        pytest.param("Bearer", 0, id="bearer"),
        pytest.param('bearer realm="x"', 0, id="any-case"),
        pytest.param('Basic realm="x"', 1, id="basic"),
    ],
)
def test_another_scheme_is_found(answer, scheme, findings):
    seen = answer(NO_KEY, 401, {"error": "Unauthorized"})
    seen = replace(seen, headers=(*seen.headers, ("www-authenticate", scheme)))

    assert findings == len(list(access.asks_for_no_password.judge(seen)))


def test_a_401_without_a_scheme_passes(answer):
    seen = answer(NO_KEY, 401, {"error": "Unauthorized"})

    assert list(access.asks_for_no_password.judge(seen)) == []


def test_a_rejection_of_another_shape_is_found(answer):
    good = answer(NO_KEY, 401, {"error": "Unauthorized"})
    bad = answer(WRONG_KEY, 401, ["Unauthorized"])

    assert len(list(access.key_refusal_has_shape.judge(good, bad))) == 1
