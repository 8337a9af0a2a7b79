"""Each requirement holds for a sound client in every dialect, and fails for its bug."""

from __future__ import annotations

import pytest
from support.client_bugs import BUGS
from support.small_client import Client, ResponsesClient, played

from contract.catalog.profiles import named
from contract.clients import judging
from contract.clients.judging import default_dialects, judge_runs, requirements
from contract.clients.scenarios import (
    errors,
    program,
    reasoning,
    requests,
    responses,
    retries,
    streams,
    tools,
    transport,
)
from contract.model.chat import CHAT
from contract.run.report import Outcome

TOPICS = (
    *(errors, program, reasoning, requests, responses, retries, streams, tools),
    transport,
)
# What only a process can do wrong: tests/wire/clients/test_program.py.
BOTH = ("mistral-2026-08", "vllm-0.32")
RESPONSES = ("mistral-responses", "vllm-responses", "llamacpp-responses")
LARGE = reasoning.reads_huge_thoughts  # takes seconds
OF_A_PROCESS = {
    "client.ends-in-time",
    "client.prints-a-result",
    "client.leaves-nothing-running",
}


def results(client, dialect, scenarios, monkeypatch, checks):
    """The results of *checks* on a client class that plays *scenarios*."""
    runs = [played(client, one, dialect, monkeypatch) for one in scenarios]
    plan = judging.Plan(command=(), dialects=(), scenarios=(), requirements=checks)
    found = [run for run in runs if run is not None]
    return tuple(judge_runs(named(dialect, what="dialect"), found, plan))


def wrong_and_passed(dialects, scenarios, monkeypatch):
    """What a sound client is accused of, and the requirements that it meets."""
    found = [
        one
        for dialect in dialects
        for one in results(
            ResponsesClient if dialect in RESPONSES else Client,
            dialect,
            scenarios,
            monkeypatch,
            requirements(),
        )
    ]
    harmless = {Outcome.PASS, Outcome.SKIP}
    return (
        [
            (o.target, o.check.id, o.findings)
            for o in found
            if o.outcome not in harmless
        ],
        {one.check.id for one in found if one.outcome is Outcome.PASS},
    )


def test_a_sound_client_passes_every_requirement(monkeypatch):
    quick = set(judging.scenarios()) - {LARGE.on[0].id}
    dialects = (*BOTH, RESPONSES[0])
    wrong, passed = wrong_and_passed(dialects, sorted(quick), monkeypatch)

    assert wrong == []
    assert passed == {one.id for one in requirements()} - {LARGE.id}


@pytest.mark.long
@pytest.mark.parametrize("dialect", [*default_dialects(), *RESPONSES])
def test_a_sound_client_passes_in_every_dialect(dialect, monkeypatch):
    wrong, passed = wrong_and_passed([dialect], judging.scenarios(), monkeypatch)

    assert wrong == []
    assert LARGE.id in passed


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(one, marks=pytest.mark.long if one is LARGE else ())
        for one in requirements()
        if one.id not in OF_A_PROCESS
    ],
    ids=lambda check: check.id,
)
def test_a_bug_is_found(check, monkeypatch):
    scenarios = [one.id for one in check.on] or [
        *("plain", "plain-stream", "wrong-key", "bad-request", "thought-and-tool")
    ]
    outcomes = {
        one.outcome
        for dialect in (RESPONSES if check.family == "responses" else BOTH)
        for one in results(BUGS[check.id], dialect, scenarios, monkeypatch, (check,))
    }

    assert Outcome.FAIL in outcomes, outcomes
    assert Outcome.ERROR not in outcomes


def test_every_bug_is_of_a_requirement():
    assert set(BUGS) | OF_A_PROCESS == {one.id for one in requirements()}


def test_topics_are_modules_and_ids_are_of_clients():
    families = {topic.__name__.rpartition(".")[2] for topic in TOPICS}

    assert families == {one.family for one in requirements()}
    assert all(one.id.startswith("client.") for one in requirements())


def test_the_default_dialects_are_of_one_path():
    played = [named(one, what="dialect").dialect for one in default_dialects()]

    assert {CHAT} == {dialect.path for dialect in played}
    assert "mistral-2026-08" in {dialect.id for dialect in played}


def test_there_are_more_than_thirty_scenarios_in_each_dialect():
    for dialect in (*default_dialects(), *RESPONSES):
        profile = named(dialect, what="dialect")
        there = [s for s in judging.scenarios().values() if s.where(profile.dialect)]
        assert len(there) > 60
