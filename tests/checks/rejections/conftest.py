"""Recorded errors of real servers, judged as the runner judges them."""

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
class Answering:
    """A session that knows one answer."""

    profile: Profile
    answer: Exchange

    def send(self, probe):
        return replace(self.answer, probe=probe)


@pytest.fixture
def recorded() -> Callable[[str], Exchange]:
    """`recorded("vllm-0.32/n_0")`: what a real server said, under its profile."""

    def read(name: str) -> Exchange:
        profile = builtin()[PROFILES[name.partition("-")[0]]]
        text = (RECORDED / f"recorded-{name}.json").read_text("utf-8")
        return load(json.loads(text), profile)

    return read


@pytest.fixture
def outcome(recorded) -> Callable[[Check, str], tuple[int, str]]:
    """Status and outcome of a check that gets a recorded answer."""

    def judge(check: Check, name: str) -> tuple[int, str]:
        seen = recorded(name)
        result = runner.judge_check(check, Answering(seen.profile, seen), name)
        return seen.status, result.outcome.value

    return judge
