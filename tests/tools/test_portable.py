"""The scripts of portable requirements decide in Newman as `verify` decides."""

from __future__ import annotations

import json
from collections import defaultdict

import httpx
import pytest
from support.portable_faults import MORE, QUICK, slow

import contract
from contract import Outcome
from contract.catalog import profiles
from contract.model.check import Fault
from contract.model.wire import build_request
from contract.plugins.discovery import find
from contract.portable import PORTABLE, VARIABLE, asks, prelude
from contract.portable import test_script as script

pytestmark = pytest.mark.tools
KEY = "sk-collection"
SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
DIALECTS = (
    *("mistral", "vllm", "llamacpp", "transformers", "inline"),
    *("vllm-responses", "llamacpp-responses", "mistral-responses"),
)
# Faults of the replies of a chat, which `/v1/responses` spells in another way.
SPELLED = (
    *("thought-dropped", "total-without-prompt", "cut-called-stop", "ids-empty"),
    *("closing-marker-shown", "id-per-chunk", "created-per-chunk", "usage-dropped"),
    *("arguments-encoded-twice", "error-in-the-stream", "call-left-in-thought"),
)


def collection(profile, model):
    """A Postman collection with every portable check of *profile*."""
    asked = defaultdict(list)
    for id_, requirement in PORTABLE.items():
        probe = asks(requirement.check, profile)
        if probe is not None:
            asked[probe].append(id_)
    return {
        "info": {"name": "portable", "schema": SCHEMA},
        "variable": [{"key": VARIABLE, "value": prelude()}],
        "item": [item(probe, ids, profile, model) for probe, ids in asked.items()],
    }


def item(probe, ids, profile, model):
    request = build_request(probe, profile, model, KEY)
    lines = script(ids, profile, probe, shared=True)
    return {
        "name": probe.name,
        "event": [{"listen": "test", "script": {"exec": [*lines]}}],
        "request": {
            "method": request.method,
            "url": "{{baseUrl}}" + request.path,
            "header": [{"key": key, "value": value} for key, value in request.headers],
            "body": {"mode": "raw", "raw": request.body.decode()},
        },
    }


def by_newman(tools, profile, url, folder):
    """The outcome of each check: `pass`, `skip`, `waived`, or its failure's message."""
    listed = httpx.get(f"{url}/v1/models", headers={"authorization": f"Bearer {KEY}"})
    model = listed.json()["data"][0]["id"]
    (folder / "collection.json").write_text(json.dumps(collection(profile, model)))
    code = tools.run_any("newman", "run", folder / "collection.json",
                         "--env-var", f"baseUrl={url}", "--reporters", "json",
                         "--reporter-json-export", folder / "run.json",
                         cwd=folder)  # fmt: skip
    run = json.loads((folder / "run.json").read_text("utf-8"))["run"]
    outcomes = {}
    for execution in run["executions"]:
        for assertion in execution.get("assertions", ()):
            error = assertion.get("error") or {}
            said = "skip" if assertion.get("skipped") else error.get("message", "pass")
            if " [waived: " in assertion["assertion"]:
                said = "waived"
            outcomes[assertion["assertion"].partition(": ")[0]] = said
    assert code == bool(failures(outcomes))
    return outcomes


def failures(outcomes):
    return {
        id_ for id_, said in outcomes.items() if said not in {"pass", "skip", "waived"}
    }


def by_verify(profile, url, ids, monkeypatch):
    """The outcome of each check in `verify`, by its own requests as in newman."""
    monkeypatch.setenv("PORTABLE_KEY", KEY)
    report = contract.verify(
        f"{url}/v1",
        select=ids,
        profile=profile.id,
        key_env="PORTABLE_KEY",
        thorough=True,
    )
    return {result.check.id: result.outcome for result in report.results}


MET = {Outcome.PASS, Outcome.SKIP}


def failed(outcomes):
    return {id_ for id_, outcome in outcomes.items() if outcome is Outcome.FAIL}


@pytest.mark.parametrize("dialect", slow(DIALECTS, ("mistral",)))
def test_newman_passes_on_a_sound_server(tools, dialect, tmp_path):
    profile = profiles.named(dialect)
    key = KEY if contract.Capability.KEY_REQUIRED in profile.offers else None
    with contract.mock(dialect, key=key) as url:
        outcomes = by_newman(tools, profile, url, tmp_path)

    assert failures(outcomes) == set()
    assert [*outcomes.values()].count("pass") > 80


@pytest.mark.parametrize("fault", slow(SPELLED, SPELLED[:1]))
def test_newman_fails_on_responses_where_verify_fails(
    tools, fault, tmp_path, monkeypatch
):
    profile = profiles.named("vllm-responses")
    with contract.mock(profile.id, fault=fault) as url:
        outcomes = by_newman(tools, profile, url, tmp_path)
        verified = by_verify(profile, url, [*outcomes], monkeypatch)

    assert find("checks", Fault)[fault].breaks.id in failures(outcomes)
    assert failures(outcomes) <= failed(verified)


@pytest.mark.parametrize("fault", slow(MORE, QUICK))
def test_newman_fails_where_verify_fails(tools, fault, tmp_path, monkeypatch):
    profile = profiles.named("vllm")
    with contract.mock("vllm", fault=fault) as url:
        outcomes = by_newman(tools, profile, url, tmp_path)
        verified = by_verify(profile, url, [*outcomes], monkeypatch)

    own = find("checks", Fault)[fault].breaks.id
    further = failed(verified) - failures(outcomes)
    # What could not be judged is no pass.
    unmet = {id_ for id_, one in verified.items() if one not in MET}
    assert failures(outcomes) <= unmet
    assert (outcomes[own] == "waived") == (verified[own] is Outcome.WAIVED)
    assert own in failures(outcomes) or outcomes[own] == "waived"
    # An invariant is judged on every reply of a run, and by a script on one.
    assert all(PORTABLE[id_].check.every is not None for id_ in further)
