from __future__ import annotations

from dataclasses import replace

import pytest
from support.each import each

from contract.catalog import profiles
from contract.checks.faults.rejection import accept_request, acceptance_fault
from contract.checks.judging.rejection import (
    expect_rejected,
    field_of,
    is_reply_to,
    rejections_or_skip,
)
from contract.checks.rejections import invalid_requests
from contract.checks.rejections.options import temperature_wrong_type
from contract.model.check import NotApplicable
from contract.model.probe import KeyMode
from contract.model.probes import NO_KEY
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json, rehearse
from contract.model.wire import WRONG_KEY, build_request
from contract.schema.openapi import accepts as fits

PROBE = invalid_requests.TEMPERATURE_WRONG_TYPE


def rejection(probe, name="vllm-0.32"):
    profile = profiles.builtin()[name]
    problem = Rejection(
        reason=RejectionReason.SCHEMA, pointer="/temperature", keyword="type"
    )
    status, body = profile.dialect.error(problem)
    return Reply(
        status=status,
        headers=(JSON_TYPE,),
        frames=(Frame(0.0, encode_json(body)),),
        dialect=profile.dialect,
        request=build_request(probe, profile, "some-model"),
        rejection=problem,
    )


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(200, "the request was accepted", id="accepted"),
        pytest.param(302, "the request was accepted", id="redirected"),
        pytest.param(401, "the request was rejected for another reason", id="key"),
        pytest.param(404, "the request was rejected for another reason", id="route"),
        pytest.param(
            500, "the server failed instead of rejecting the request", id="500"
        ),
        pytest.param(
            501, "the server failed instead of rejecting the request", id="501"
        ),
    ],
)
def test_anything_but_a_rejection_of_the_request_is_found(answer, status, message):
    (finding,) = expect_rejected(answer(PROBE, status, {"detail": "no"}))

    assert message == finding.message
    assert finding.expected == "status 400 or 422"
    assert f'status {status}, {{"detail": "no"}}' == finding.actual
    assert finding.at == "temperature-wrong-type"


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_rejection_of_the_request_passes(answer, status):
    assert list(expect_rejected(answer(PROBE, status, {}))) == []


def test_only_rejections_are_judged(answer):
    answered, rejected = answer(PROBE, 200, {}), answer(PROBE, 400, {})

    assert (rejected,) == rejections_or_skip((answered, rejected))


def test_without_rejections_the_check_is_not_applicable(answer):
    with pytest.raises(NotApplicable, match="no invalid request was rejected"):
        rejections_or_skip((answer(PROBE, 200, {}),))


@each("name", sorted(profiles.builtin()))
@each(
    "probe",
    invalid_requests.EVERYWHERE,
    ids=[probe.name for probe in invalid_requests.EVERYWHERE],
)
def test_reply_answers_only_its_own_probe(probe, name):
    reply = rejection(probe, name)
    found = [one for one in invalid_requests.EVERYWHERE if is_reply_to(reply, one)]

    if reply.dialect.surface is not None:
        # It has one name for the limit, so nothing is wrong with a request by the newer
        # name: the mistake of an unknown model is the same request, for any model.
        limit = invalid_requests.MAX_COMPLETION_TOKENS
        assert (limit in found) == (probe in {limit, invalid_requests.UNKNOWN_MODEL})
        found = [one for one in found if one is probe or one != limit]
    assert [probe] == found


@pytest.mark.parametrize(
    ("value", "key"),
    [
        pytest.param(None, KeyMode.NONE, id="none"),
        pytest.param(f"Bearer {WRONG_KEY}", KeyMode.WRONG, id="wrong"),
        pytest.param("Bearer sk-right", KeyMode.GIVEN, id="given"),
    ],
)
def test_reply_answers_only_the_probe_with_its_key(value, key):
    reply = rejection(NO_KEY)
    headers = [pair for pair in reply.request.headers if pair[0] != "authorization"]
    if value:
        headers.append(("authorization", value))
    reply = replace(reply, request=replace(reply.request, headers=tuple(headers)))
    answered = [k for k in KeyMode if is_reply_to(reply, replace(NO_KEY, key=k))]

    # A request without a key may also have the given key: some servers need none.
    assert ([KeyMode.GIVEN, KeyMode.NONE] if key is KeyMode.NONE else [key]) == answered


@pytest.mark.parametrize("name", sorted(profiles.builtin()))
def test_accepting_fault_returns_a_valid_response(name):
    reply = accept_request(rejection(PROBE, name))

    assert reply.status == 200
    assert reply.rejection is None
    assert fits(reply.dialect.prefix + "ChatResponse", reply.json)


def test_accepting_fault_does_not_change_other_replies():
    fault = acceptance_fault(temperature_wrong_type, "…")
    other = rejection(invalid_requests.N_ZERO)
    good = rejection(PROBE).with_status(200)

    assert other is fault.apply(other)
    assert good is fault.apply(good)


def test_accepting_fault_breaks_its_check():
    profile = profiles.builtin()["vllm-0.32"]
    fault = acceptance_fault(temperature_wrong_type, "…")
    before = rehearse(rejection(PROBE), PROBE, profile)
    after = rehearse(fault.apply(rejection(PROBE)), PROBE, profile)

    assert fault.id == "accepts-temperature-wrong-type"
    assert list(fault.breaks.judge(before)) == []
    assert [finding.message for finding in fault.breaks.judge(after)] == [
        "the request was accepted"
    ]


@pytest.mark.parametrize(
    ("probe", "field"),
    [
        pytest.param(
            invalid_requests.TEMPERATURE_WRONG_TYPE, "temperature", id="option"
        ),
        pytest.param(invalid_requests.UNKNOWN_ROLE, "role", id="inside-a-message"),
        pytest.param(invalid_requests.NOT_AN_OBJECT, None, id="whole-body"),
        pytest.param(invalid_requests.MALFORMED_JSON, None, id="not-json"),
    ],
)
def test_invalid_field_is_the_last_name_of_the_pointer(probe, field):
    assert field == field_of(probe)
