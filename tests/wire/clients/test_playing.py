"""The fixture `magistral_scenario` judges a client inside a test."""

from __future__ import annotations

import pytest

from contract.clients.playing import pairs, playing
from contract.errors import UsageError

TEST = """
import httpx, pytest

@pytest.mark.magistral_scenarios(scenarios=["plain", "busy-then-well"], dialects="vllm")
def test_client(magistral_scenario):
    m = magistral_scenario
    answer = httpx.post(
        f"{m.base_url}/chat/completions",
        json={"model": m.model, "messages": m.task["messages"]},
        headers={"authorization": f"Bearer {m.api_key}"},
        trust_env=False,
    )
    if answer.is_success:
        m.judge(answer=answer.json()["choices"][0]["message"]["content"])
    else:
        m.judge(error={"status": answer.status_code, "message": answer.text})

@pytest.mark.magistral_scenarios(scenarios="plain", dialects="vllm")
def test_without_a_verdict(magistral_scenario):
    pass

@pytest.mark.magistral_scenarios(scenarios="plain", dialects="vllm")
def test_wrong_answer(magistral_scenario):
    magistral_scenario.judge(answer="no")

@pytest.mark.magistral_scenarios(scenarios="nothing")
def test_unknown(magistral_scenario):
    pass
"""


def test_the_fixture_runs_a_test_for_each_scenario(pytester):
    pytester.makepyfile(TEST)
    unknown = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")
    unknown.stdout.fnmatch_lines(["*No scenario is named 'nothing'*"])

    pytester.makepyfile(TEST.rpartition("@pytest")[0])
    result = pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=3, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ended without magistral_scenario.judge*",
            "*MUST client.reads-a-plain-answer: the answer is another one*",
        ]
    )


def test_exceptions_are_errors_and_unknown_members_are_refused():
    with playing("vllm", "wrong-key") as played:
        outcomes = {
            one.check.id: one.outcome.value
            for one in played.results(error=ValueError("401: wrong key"))
        }
        with pytest.raises(UsageError, match="Did you mean 'answer'"):
            played.judge(anwser="x")

    assert outcomes["client.reports-errors"] == "pass"
    assert played.server_url + "/v1" == played.base_url


def test_pairs_follow_dialects_and_selection():
    assert pairs(["unknown-chunk-type"], ["vllm", "mistral"]) == (
        ("mistral-2025-10", "unknown-chunk-type"),
    )
    assert {s for _, s in pairs((), ["vllm"], ["client.waits-until-the-date"])} == {
        "busy-until-a-date"
    }
