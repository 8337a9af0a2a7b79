"""The fingerprint of LM Studio: the constant owner of its models."""

from __future__ import annotations

import pytest
from support.server_evidence import evidence, listing

from contract.detection.detect import recognise
from contract.providers.lmstudio.fingerprint import FINGERPRINT

# As in lmstudio-ai/lmstudio-bug-tracker#619 and many others.
CARD = {
    "id": "mistralai/magistral-small-2509",
    "object": "model",
    "owned_by": "organization_owner",
}


def test_the_owner_of_all_models_is_enough():
    found = recognise(evidence(models=listing(CARD, {**CARD, "id": "another"})))

    assert found is not None
    assert found.profile == "lmstudio"
    assert "never run" in found.why


@pytest.mark.parametrize(
    "cards", [(), ({**CARD, "owned_by": "library"},), (CARD, {**CARD, "owned_by": "x"})]
)
def test_other_lists_are_not_recognised(cards):
    assert FINGERPRINT.recognise(evidence(models=listing(*cards))) is None
