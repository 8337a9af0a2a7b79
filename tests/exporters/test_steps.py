"""Requests that other clients send: shared, unique by name, and exact."""

import json
import re
from dataclasses import replace

import pytest

from contract.exporters.steps import (
    MOST_BODY,
    VARIABLES,
    plan_steps,
    portable_request,
    single_steps,
    smoke_steps,
)
from contract.model.chat import Message
from contract.model.probe import CANARY, Fill, KeyMode, Probe
from contract.model.wire import build_request
from contract.targets.mock import mock_profile

PROFILE = mock_profile("mistral")


def asked(text, **changes):
    return Probe(name="x", messages=(Message("user", text),), **changes)


def test_a_request_is_sent_once_for_all_checks_of_a_family(source):
    steps = plan_steps(source()).steps
    pairs = [(step.family, step.probe) for step in steps]

    assert len(set(pairs)) == len(pairs)
    assert any(len(step.checks) > 3 for step in steps)
    assert all({step.family} == {c.family for c in step.checks} for step in steps)


def test_ids_and_names_are_unique(source):
    steps = plan_steps(source()).steps
    for found in (steps, single_steps(steps, PROFILE)):
        assert len({step.id for step in found}) == len(found)
        assert len({step.name for step in found}) == len(found)


def test_names_do_not_depend_on_the_other_checks(source, checks):
    every = {step.id: step.name for step in plan_steps(source()).steps}
    few = [check for check in checks if check.family == "streaming"]
    some = {s.id: s.name for s in plan_steps(source(checks=tuple(few))).steps}

    assert some
    assert some.items() <= every.items()


def test_each_check_is_asked_or_has_a_reason(source, checks):
    steps = plan_steps(source())
    asked_ids = [check.id for step in steps.steps for check in step.checks]

    assert sorted([*asked_ids, *steps.omitted]) == sorted(c.id for c in checks)
    assert len(set(asked_ids)) == len(asked_ids)
    assert all(why and not why.endswith(".") for why in steps.omitted.values())


def test_smoke_touches_every_family_in_few_requests(source):
    steps = plan_steps(source())
    smoke = smoke_steps(steps, PROFILE)
    found = [check.id for step in smoke for check in step.checks]

    assert {name.partition(".")[0] for name in found} == {*steps.families}
    assert len(set(found)) == len(found) > 2 * len(smoke)
    assert len(smoke) <= len(steps.families)


def test_every_request_names_its_variables_only(source):
    for step in plan_steps(source()).steps:
        parts = [step.request.path, step.body, *(v for _, v in step.request.headers)]
        found = {name for part in parts for name in re.findall(r"{{(\w+)}}", part)}

        assert found <= set(VARIABLES), step.name
        assert "placeholder" not in "".join(parts)


@pytest.mark.parametrize(
    "text", ["{{$guid}}", "{{ $timestamp }}", "{{apiKey}}", "{{model}} {{baseUrl}}"]
)
def test_what_a_client_would_replace_is_escaped_and_reads_the_same(source, text):
    request, _ = portable_request(asked(text), PROFILE)
    body = request.body.decode()
    exact = build_request(asked(text), PROFILE, "{{model}}").body

    assert text not in body
    assert json.loads(body) == json.loads(exact)
    step = replace(plan_steps(source()).steps[0], request=request)
    assert "the server reads braces" in step.description


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "{{unknown}}", "${HOME} {% raw %}"])
def test_what_no_client_replaces_is_sent_as_it_is(text):
    request, _ = portable_request(asked(text), PROFILE)

    assert text in request.body.decode()


@pytest.mark.parametrize(
    ("probe", "why"),
    [
        (asked("a", fill=Fill(8_000)), "filled up"),
        (asked(CANARY, canary=True), "needs the client"),
        (asked("a", hang_up_after=10), "needs the client"),
        (asked("a", key=KeyMode.BASIC), "encoded"),
        (asked("a" * MOST_BODY), "bytes"),
        (Probe(name="x", body=b"\xff"), "not UTF-8"),
        (Probe(name="x", body=b'{"a": "{{$guid}}'), "replaced by a variable"),
        (asked("\ud800"), "not UTF-8"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_other_client_can_send_has_a_reason(probe, why):
    request, reason = portable_request(probe, PROFILE)

    assert request is None
    assert why in reason


@pytest.mark.parametrize(
    ("key", "header"),
    [
        (KeyMode.GIVEN, "Bearer {{apiKey}}"),
        (KeyMode.LOWER, "bearer {{apiKey}}"),
        (KeyMode.BARE, "{{apiKey}}"),
        (KeyMode.NONE, None),
    ],
)
def test_the_key_is_a_variable(key, header):
    request, _ = portable_request(replace(asked("a"), key=key), PROFILE)

    assert request.header("authorization") == header
