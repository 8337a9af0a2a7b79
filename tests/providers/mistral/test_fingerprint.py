"""The fingerprint of Mistral's hosted API: a header, or cards with capabilities."""

from __future__ import annotations

import pytest
from support.server_evidence import MISTRAL, evidence, listing

from contract.detection.detect import recognise
from contract.providers.mistral.fingerprint import FINGERPRINT


@pytest.mark.parametrize(
    ("answer", "profile"),
    [
        pytest.param(listing(MISTRAL), "mistral-2026-08", id="august"),
        *(
            pytest.param(
                listing(MISTRAL, {**MISTRAL, "id": name}), "mistral-2026-10", id=name
            )
            for name in ("mistral-large-4", "mistral-large-4-0", "mistral-large-2610")
        ),
        pytest.param(
            listing({**MISTRAL, "id": "mistral-large-latest"}),
            "mistral-2026-08",
            id="large-3",
        ),
        pytest.param(
            listing(MISTRAL, {**MISTRAL, "id": "magistral-small-2509"}),
            "mistral-2025-10",
            id="with-magistral",
        ),
        pytest.param(
            listing(headers=[("mistral-correlation-id", "1")]),
            "mistral-2026-08",
            id="header",
        ),
    ],
)
def test_the_profile_depends_on_the_models_it_serves(answer, profile):
    found = recognise(evidence(models=answer))

    assert found is not None
    assert found.profile == profile


def test_an_organisation_called_mistralai_is_not_its_api():
    other = listing({"id": "magistral-small-2509", "owned_by": "mistralai"})

    assert FINGERPRINT.recognise(evidence(models=other)) is None


def test_a_list_that_fits_both_of_2026_says_so():
    found = recognise(evidence(models=listing(MISTRAL)))

    assert "mistral-2026-10 would fit as well" in found.why
