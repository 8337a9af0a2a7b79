"""The fingerprint of SGLang: the owner of its models."""

from __future__ import annotations

import pytest
from support.server_evidence import evidence, listing

from contract.detection.detect import recognise
from contract.providers.sglang.fingerprint import FINGERPRINT

# As recorded with 0.5.23.
CARD = {
    "id": "magistral-small-2509",
    "object": "model",
    "created": 1795770552,
    "owned_by": "sglang",
    "root": "magistral-small-2509",
    "parent": None,
    "max_model_len": 131072,
}


def test_the_owner_is_enough():
    found = recognise(evidence(models=listing(CARD)))

    assert found is not None
    assert found.profile == "sglang-0.5"


@pytest.mark.parametrize("cards", [(), ({**CARD, "owned_by": "vllm"},)])
def test_other_lists_are_not_recognised(cards):
    assert FINGERPRINT.recognise(evidence(models=listing(*cards))) is None
