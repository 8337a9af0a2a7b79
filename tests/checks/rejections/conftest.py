"""Recorded errors of real servers, judged as the runner judges them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from contract import exchange, runner
from contract.checks.base import Check
from contract.exchange import Exchange, Request
from contract.profile import Profile
from contract.profiles import builtin

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

    def load(name: str) -> Exchange:
        profile = builtin()[PROFILES[name.partition("-")[0]]]
        text = (RECORDED / f"recorded-{name}.json").read_text("utf-8")
        return exchange.load(json.loads(text), profile)

    return load


@pytest.fixture
def outcome(recorded) -> Callable[[Check, str], tuple[int, str]]:
    """Status and outcome of a check that gets a recorded answer."""

    def judge(check: Check, name: str) -> tuple[int, str]:
        seen = recorded(name)
        result = runner.run(check, Answering(seen.profile, seen), name)
        return seen.status, result.outcome.value

    return judge


@pytest.fixture
def answer() -> Callable[..., Exchange]:
    """`answer(probe, status, body)` is an exchange nobody had to send."""

    def made(probe, status, body, *, profile="vllm-0.32", kind="application/json"):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Exchange(
            probe=probe,
            profile=builtin()[profile],
            request=Request(probe.method, probe.path),
            status=status,
            headers=(("content-type", kind),),
            arrivals=(exchange.Arrival(0.0, data),),
        )

    return made
