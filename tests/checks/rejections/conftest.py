"""Fixtures for recorded errors of real servers, judged as the runner does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from contract.catalog.profiles import builtin
from contract.model.check import Check
from contract.model.exchange import Exchange
from contract.model.profile import Profile
from contract.model.saved import load
from contract.run import runner

RECORDED = Path(__file__).parents[3] / "fixtures" / "exchanges"
PROFILES = {
    "vllm": "vllm-0.32",
    "llamacpp": "llamacpp",
    "transformers": "transformers",
    "llama": "inline",
}


@dataclass(frozen=True)
class RecordedSession:
    """A session that answers every probe with one recorded exchange."""

    profile: Profile
    answer: Exchange

    def send(self, probe):
        return replace(self.answer, probe=probe)


@pytest.fixture
def recorded() -> Callable[[str], Exchange]:
    """`recorded("vllm-0.32/n_0")`: the answer of a real server, under its profile."""

    def read(name: str) -> Exchange:
        profile = builtin()[PROFILES[name.partition("-")[0]]]
        text = (RECORDED / f"recorded-{name}.json").read_text("utf-8")
        return load(json.loads(text), profile)

    return read


@pytest.fixture
def outcome(recorded) -> Callable[[Check, str], tuple[int, str]]:
    """Return the status of a recorded answer and the outcome of a check on it."""

    def judge(check: Check, name: str) -> tuple[int, str]:
        seen = recorded(name)
        result = runner.judge_check(check, RecordedSession(seen.profile, seen), name)
        return seen.status, result.outcome.value

    return judge
