"""The fingerprint of llama.cpp's server: the owner, a header or /props."""

from __future__ import annotations

import pytest
from support.server_evidence import LLAMACPP, evidence, listing

from contract.detection.detect import recognise
from contract.providers.llamacpp.fingerprint import FINGERPRINT


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({"models": listing(LLAMACPP)}, id="owner"),
        pytest.param(
            {"models": listing(headers=[("server", "llama.cpp")])}, id="header"
        ),
        pytest.param(
            {
                "models": {"status": 500},
                "props": {"json": {"default_generation_settings": {}}},
            },
            id="props",
        ),
    ],
)
def test_any_of_its_marks_is_enough(answers):
    found = recognise(evidence(**answers))

    assert found is not None
    assert found.profile == "llamacpp"


def test_other_servers_are_not_recognised():
    other = listing(headers=[("server", "uvicorn")])

    assert FINGERPRINT.recognise(evidence(models=other)) is None
