"""Older releases of vLLM, recorded: each has the field it is said to have, and more."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from contract.model.check import Check
from contract.model.probes import SUM
from contract.plugins.discovery import find
from contract.run.opening import open_recordings
from contract.run.report import Outcome
from contract.run.verification import Verification

RECORDED = Path(__file__).parent.parent / "fixtures" / "releases"
PROFILES = {
    "vllm-0.11.0": "vllm-0.11",
    "vllm-0.12.0": "vllm-0.12",
    "vllm-0.15.1": "vllm-0.12",
    "vllm-0.16.0": "vllm-0.16",
}
PASS, FAIL, WAIVED, SKIP = Outcome.PASS, Outcome.FAIL, Outcome.WAIVED, Outcome.SKIP
# In the order of PROFILES. What loses a thought, an answer or a call fails; what is
# merely a departure is waived, and what clamps is tolerated.
SAID = {
    "reasoning.present": (PASS, FAIL, FAIL, FAIL),
    "structured.object-is-json": (FAIL, FAIL, PASS, PASS),
    "tools.required-is-called": (FAIL, FAIL, PASS, PASS),
    "tools.streamed-equals-whole": (FAIL, SKIP, PASS, PASS),
    "context.refuses-too-much-room": (SKIP, SKIP, SKIP, SKIP),
    "rejections.not-an-object": (WAIVED, WAIVED, WAIVED, WAIVED),
    "conversation.messages-may-be-named": (WAIVED, WAIVED, WAIVED, WAIVED),
}


@cache
def recording(name: str) -> Verification:
    (found,) = open_recordings(RECORDED / name)
    return found


def outcome(name: str, check: str) -> Outcome:
    return recording(name).run(find("checks", Check)[check]).outcome


@pytest.mark.parametrize(("name", "profile"), PROFILES.items())
def test_release_was_recognised_and_its_stream_has_its_fields(name, profile):
    found = recording(name)
    deltas = [
        chunk.json["choices"][0]["delta"]
        for chunk in found.session.send(SUM).chunks
        if chunk.json["choices"]
    ]
    fields = {key for delta in deltas for key in delta if "reasoning" in key}

    assert profile == found.profile.id
    assert found.profile.dialect.reasoning_fields == fields


@pytest.mark.parametrize("check", SAID)
def test_release_is_judged_as_it_behaved(check):
    assert SAID[check] == tuple(outcome(name, check) for name in PROFILES)


@pytest.mark.parametrize("name", ["vllm-0.12.0", "vllm-0.15.1", "vllm-0.16.0"])
def test_release_that_loses_markers_of_whole_answers_is_told_with_a_hint(name):
    check = find("checks", Check)["reasoning.present"]
    (finding, *_) = recording(name).run(check).findings

    assert "take a later one" in finding.hint
