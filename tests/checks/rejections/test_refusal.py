from __future__ import annotations

from dataclasses import replace

import pytest

from contract import profiles
from contract.chat import Key
from contract.checks.base import NotApplicable
from contract.checks.rejections import mistakes
from contract.checks.rejections.options import temperature_wrong_type
from contract.checks.rejections.refusal import (
    accepted,
    accepts,
    answers,
    field_of,
    judged,
    refused,
)
from contract.dialects.base import Problem, Trouble
from contract.exchange import WRONG_KEY, spell
from contract.probes import NO_KEY
from contract.reply import JSON_TYPE, Frame, Reply, encode, rehearse
from contract.spec import accepts as fits

PROBE = mistakes.TEMPERATURE_WRONG_TYPE


def refusal(probe, name="vllm-0.32"):
    profile = profiles.builtin()[name]
    problem = Problem(trouble=Trouble.SCHEMA, pointer="/temperature", keyword="type")
    status, body = profile.dialect.error(problem)
    return Reply(
        status=status,
        headers=(JSON_TYPE,),
        frames=(Frame(0.0, encode(body)),),
        dialect=profile.dialect,
        request=spell(probe, profile, "some-model"),
        problem=problem,
    )


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(200, "the request was accepted", id="accepted"),
        pytest.param(302, "the request was accepted", id="redirected"),
        pytest.param(401, "the request was refused for another reason", id="key"),
        pytest.param(404, "the request was refused for another reason", id="route"),
        pytest.param(500, "the server failed where it should have refused", id="500"),
        pytest.param(501, "the server failed where it should have refused", id="501"),
    ],
)
def test_anything_but_a_refusal_of_the_request_is_found(answer, status, message):
    (finding,) = refused(answer(PROBE, status, {"detail": "no"}))

    assert message == finding.message
    assert finding.expected == "status 400 or 422"
    assert f'status {status}, {{"detail": "no"}}' == finding.actual
    assert finding.at == "temperature-wrong-type"


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_refusal_of_the_request_is_no_finding(answer, status):
    assert list(refused(answer(PROBE, status, {}))) == []


def test_only_refusals_are_judged(answer):
    taken, not_taken = answer(PROBE, 200, {}), answer(PROBE, 400, {})

    assert (not_taken,) == judged((taken, not_taken))


def test_without_refusals_nothing_is_judged(answer):
    with pytest.raises(NotApplicable, match="no wrong request was refused"):
        judged((answer(PROBE, 200, {}),))


@pytest.mark.parametrize("name", sorted(profiles.builtin()))
@pytest.mark.parametrize(
    "probe", mistakes.EVERYWHERE, ids=[probe.name for probe in mistakes.EVERYWHERE]
)
def test_a_reply_answers_its_probe_and_no_other(probe, name):
    reply = refusal(probe, name)

    assert [probe] == [other for other in mistakes.EVERYWHERE if answers(reply, other)]


@pytest.mark.parametrize(
    ("value", "key"),
    [
        pytest.param(None, Key.NONE, id="none"),
        pytest.param(f"Bearer {WRONG_KEY}", Key.WRONG, id="wrong"),
        pytest.param("Bearer sk-right", Key.GIVEN, id="given"),
    ],
)
def test_a_reply_to_one_key_answers_no_probe_with_another(value, key):
    reply = refusal(NO_KEY)
    headers = [pair for pair in reply.request.headers if pair[0] != "authorization"]
    if value:
        headers.append(("authorization", value))
    reply = replace(reply, request=replace(reply.request, headers=tuple(headers)))
    answered = [k for k in Key if answers(reply, replace(NO_KEY, key=k))]

    # No key at all may also be the given one: there are servers that need none.
    assert ([Key.GIVEN, Key.NONE] if key is Key.NONE else [key]) == answered


@pytest.mark.parametrize("name", sorted(profiles.builtin()))
def test_an_accepting_fault_answers_well_formed(name):
    reply = accepted(refusal(PROBE, name))

    assert reply.status == 200
    assert reply.problem is None
    assert fits(reply.dialect.prefix + "ChatResponse", reply.json)


def test_an_accepting_fault_leaves_other_replies_alone():
    fault = accepts(temperature_wrong_type, "…")
    other = refusal(mistakes.N_ZERO)
    good = refusal(PROBE).with_status(200)

    assert other is fault.apply(other)
    assert good is fault.apply(good)


def test_an_accepting_fault_breaks_its_check():
    profile = profiles.builtin()["vllm-0.32"]
    fault = accepts(temperature_wrong_type, "…")
    before = rehearse(refusal(PROBE), PROBE, profile)
    after = rehearse(fault.apply(refusal(PROBE)), PROBE, profile)

    assert fault.id == "accepts-temperature-wrong-type"
    assert list(fault.breaks.judge(before)) == []
    assert [finding.message for finding in fault.breaks.judge(after)] == [
        "the request was accepted"
    ]


@pytest.mark.parametrize(
    ("probe", "field"),
    [
        pytest.param(mistakes.TEMPERATURE_WRONG_TYPE, "temperature", id="option"),
        pytest.param(mistakes.UNKNOWN_ROLE, "role", id="inside-a-message"),
        pytest.param(mistakes.NOT_AN_OBJECT, None, id="whole-body"),
        pytest.param(mistakes.MALFORMED_JSON, None, id="no-json"),
    ],
)
def test_the_field_of_a_mistake_is_the_last_name_of_its_pointer(probe, field):
    assert field == field_of(probe)
