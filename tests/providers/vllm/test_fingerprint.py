"""The fingerprint of vLLM: its profile follows its version."""

from __future__ import annotations

import pytest
from support.server_evidence import VLLM, evidence, listing, version

from contract.detection.detect import recognise
from contract.providers.vllm.fingerprint import FINGERPRINT


@pytest.mark.parametrize(
    ("text", "profile"),
    [
        ("0.10.2", "vllm-0.11"),
        ("0.11.0", "vllm-0.11"),
        ("0.11.0+cu128", "vllm-0.11"),
        ("0.11.1", "vllm-0.12"),
        ("0.12.0", "vllm-0.12"),
        ("0.15.1", "vllm-0.12"),
        ("0.16.0", "vllm-0.16"),
        ("v0.16.0rc2", "vllm-0.16"),
        ("0.31.4", "vllm-0.16"),
        ("0.32.0", "vllm-0.32"),
        ("1.0.0", "vllm-0.32"),
        ("0.1.dev1+g0123abc", "vllm-0.16"),
        ("dev", "vllm-0.16"),
        ("", "vllm-0.16"),
        ("9" * 5000, "vllm-0.16"),
    ],
)
def test_profiles_are_chosen_by_version(text, profile):
    found = recognise(evidence(models=listing(VLLM), version=version(text)))

    assert found is not None
    assert found.profile == profile
    assert "vLLM" in found.why
    assert len(found.why) < 120


@pytest.mark.parametrize(
    ("answers", "profile"),
    [
        pytest.param({"models": listing(VLLM)}, "vllm-0.16", id="hidden-version"),
        pytest.param(
            {"models": {"status": 500}, "version": version("0.12.0")},
            "vllm-0.12",
            id="broken-list",
        ),
    ],
)
def test_the_owner_or_the_version_is_enough(answers, profile):
    found = recognise(evidence(**answers))

    assert found is not None
    assert found.profile == profile


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(
            {
                "models": listing({"id": "x", "owned_by": "library"}),
                "version": version("0.5.1"),
            },
            id="a-version-of-another-owner",
        ),
        pytest.param({"version": {"json": {"version": 16}}}, id="a-numeric-version"),
        pytest.param({}, id="nothing"),
    ],
)
def test_other_servers_are_not_recognised(answers):
    assert FINGERPRINT.recognise(evidence(**answers)) is None
