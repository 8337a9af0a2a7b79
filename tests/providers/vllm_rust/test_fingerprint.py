"""The fingerprint of vLLM's Rust frontend, and of the Python server beside it."""

from __future__ import annotations

import pytest
from support.server_evidence import evidence, listing

from contract.detection.detect import recognise

CARD = {"id": "m", "object": "model", "created": 1, "owned_by": "vllm-frontend-rs"}
# As recorded with 0.32.0.
RUST = {"json": {"version": "0.32.0", "rust_frontend_version": "0.32.0"}}
PYTHON = {"json": {"version": "0.32.0"}}


@pytest.mark.parametrize(
    ("answers", "profile"),
    [
        ({"models": listing(CARD), "version": RUST}, "vllm-0.32-rust"),
        ({"models": listing(CARD)}, "vllm-0.32-rust"),
        ({"models": {"status": 401}, "version": RUST}, "vllm-0.32-rust"),
        (
            {"models": listing({**CARD, "owned_by": "vllm"}), "version": PYTHON},
            "vllm-0.32",
        ),
        ({"models": {"status": 401}, "version": PYTHON}, "vllm-0.32"),
        (
            {"models": listing({**CARD, "owned_by": "vllm"}), "version": RUST},
            "vllm-0.32",
        ),
    ],
)
def test_owner_and_version_tell_the_frontends_apart(answers, profile):
    found = recognise(evidence(**answers))

    assert found is not None
    assert found.profile == profile


def test_the_reason_names_the_release_and_the_frontend():
    found = recognise(evidence(models=listing(CARD), version=RUST))

    assert found is not None
    assert "vLLM 0.32.0 with the Rust frontend" in found.why
    assert len(found.why) < 120
