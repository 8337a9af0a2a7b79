"""The fingerprint of `transformers serve`: its paths and request ids."""

from __future__ import annotations

import pytest
from support.server_evidence import evidence, listing, version

from contract.detection.detect import recognise
from contract.providers.transformers.fingerprint import FINGERPRINT

REQUEST_ID = ("x-request-id", "c1fb923f")
HEALTHY = {"json": {"status": "ok"}}
OF_MISTRALAI = {"id": "mistralai/Magistral-Small-2509", "owned_by": "mistralai"}


@pytest.mark.parametrize(
    "models",
    [
        pytest.param(listing(headers=[REQUEST_ID]), id="empty-list"),
        pytest.param(
            listing(OF_MISTRALAI, headers=[REQUEST_ID]), id="model-of-mistralai"
        ),
    ],
)
def test_its_request_id_and_health_are_enough(models):
    found = recognise(evidence(models=models, health=HEALTHY))

    assert found is not None
    assert found.profile == "transformers"


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"models": listing(), "health": HEALTHY}, id="no-request-id"),
        pytest.param({"models": listing(headers=[REQUEST_ID])}, id="no-health"),
        pytest.param(
            {
                "models": listing(headers=[REQUEST_ID]),
                "health": HEALTHY,
                "version": version("0.16.0"),
            },
            id="with-a-version",
        ),
    ],
)
def test_servers_without_one_of_its_marks_are_not_recognised(answers):
    assert FINGERPRINT.recognise(evidence(**answers)) is None
