"""The fingerprint of LiteLLM's proxy: owner and creation time of all its models."""

from __future__ import annotations

import pytest
from support.server_evidence import evidence, listing

from contract.detection.detect import recognise
from contract.providers.litellm.fingerprint import FINGERPRINT

# As recorded with 1.108.4.
CARD = {
    "id": "magistral-small-2509",
    "object": "model",
    "created": 1677610602,
    "owned_by": "openai",
}


def test_the_creation_time_of_all_models_is_enough():
    found = recognise(evidence(models=listing(CARD, {**CARD, "id": "another"})))

    assert found is not None
    assert found.profile == "litellm"


@pytest.mark.parametrize(
    "cards",
    [
        pytest.param((), id="no-model"),
        pytest.param(({**CARD, "created": 1}, CARD), id="one-of-another-time"),
        pytest.param(({**CARD, "owned_by": "vllm"},), id="another-owner"),
        pytest.param(({"id": "a", "owned_by": "openai"},), id="no-time"),
    ],
)
def test_other_lists_are_not_recognised(cards):
    assert FINGERPRINT.recognise(evidence(models=listing(*cards))) is None
