"""Checks are judged on the mock of any dialect without a socket or a sleep."""

from __future__ import annotations

import socket
import time
from dataclasses import replace

import pytest
from hypothesis import strategies as st

from contract import Finding, NotApplicable, Outcome, UsageError, check, fault
from contract.catalog.profiles import builtin, named
from contract.model.chat import Options
from contract.model.probe import KeyMode, Probe, repeat
from contract.model.probes import SUM, SUM_WHOLE, user
from contract.model.profile import Capability
from contract.testing import rehearsal
from contract.testing.laws import representatives
from contract.testing.rehearsal import (
    Rehearsal,
    changed,
    clean,
    judge,
    numbered,
    outcomes,
    rehearse,
    reply_to,
)


@check("rehearsed.answers", "It MUST answer 42.", source="RFC 1", sends=SUM)
def answers(exchange):
    if "42" not in exchange.answer:
        yield Finding("no 42", "42", exchange.answer)


def without_answer(reply):
    return reply.with_frames(reply.frames[-1:]) if reply.streamed else reply


@fault(breaks=answers)
def silent(reply):
    """A filter removes all text of a stream."""
    return without_answer(reply)


@pytest.fixture
def _no_network_no_sleep(monkeypatch):
    def forbidden(*_, **__):
        pytest.fail("a rehearsal opened a socket or slept")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(time, "sleep", forbidden)


@pytest.mark.usefixtures("_no_network_no_sleep")
@pytest.mark.parametrize("name", representatives())
def test_a_check_passes_on_every_mock_and_fails_with_its_fault(name):
    good, broken = rehearse(answers, name), rehearse(answers, name, fault=silent)

    assert (Outcome.PASS, Outcome.FAIL) == (good.outcome, broken.outcome)
    assert ["no 42"] == [finding.message for finding in broken.findings]


def test_a_change_follows_the_fault():
    def cut(reply):
        return reply.with_frames(reply.frames[:0])

    seen = []

    def record(reply):
        seen.append(len(reply.frames))
        return cut(reply)

    result = rehearse(answers, "vllm", fault=silent, change=record)

    assert [1] == seen
    assert () == result.exchanges[0].arrivals


def test_dialects_have_the_names_of_profiles_and_their_aliases():
    assert "mistral-2025-10" == rehearse(answers).exchanges[0].profile.id
    assert "vllm-0.32" == rehearse(answers, "vllm").exchanges[0].profile.id
    with pytest.raises(UsageError, match="Did you mean 'vllm'"):
        rehearse(answers, "vlm")


def test_the_clock_is_virtual():
    exchange = clean("vllm-0.32").send(SUM)

    assert rehearsal.LATENCY.ttft <= exchange.timing.ttft < rehearsal.BUDGET.ttft
    assert exchange.elapsed > exchange.timing.ttft


def test_waivers_do_not_apply_and_budgets_and_slow_checks_do():
    @check(
        "rehearsed.slow",
        "It MUST hold.",
        source="RFC 1",
        sends=SUM,
        slow=True,
        budget="ttft",
    )
    def slow(exchange):
        budget = exchange.profile.budget
        yield Finding(f"{len(exchange.profile.waivers)} waivers, ttft {budget.ttft}")

    waived = next(name for name, one in builtin().items() if one.waivers)
    (finding,) = rehearse(slow, waived).findings

    assert f"0 waivers, ttft {rehearsal.BUDGET.ttft}" == finding.message


def test_equal_probes_get_the_same_exchange():
    one = clean("vllm-0.32")
    again = replace(SUM, name="the same under another name")

    assert one.send(SUM) is one.send(again)
    assert one.send(SUM) is not one.send(replace(SUM, sample=1))


def test_an_unchanged_reply_is_that_of_the_base():
    base, same = clean("vllm-0.32"), changed("vllm-0.32", without_answer)
    probes = numbered(
        replace(answers, id="rehearsed.both", sends=(SUM, SUM_WHOLE)), base.profile
    )

    assert base.send(SUM_WHOLE) is same.send(SUM_WHOLE)
    assert base.send(SUM) is not same.send(SUM)
    assert [SUM] == [probes[number] for number in same.touched(probes)]
    assert not base.touched(probes)


def test_samples_of_a_latency_are_rehearsed_once():
    samples = repeat(replace(SUM, name="timed"), 3)
    timed = replace(answers, id="latency.rehearsed", sends=samples)
    result = judge(timed, clean("vllm-0.32"))

    assert 3 == len(result.exchanges)
    assert 1 == len({id(exchange) for exchange in result.exchanges})
    assert 1 == len(numbered(timed, clean("vllm-0.32").profile))


def test_a_key_is_demanded_where_the_profile_promises_it():
    keyed = replace(
        named("vllm"), offers=named("vllm").offers | {Capability.KEY_REQUIRED}
    )
    probe = replace(SUM_WHOLE, name="without-key", key=KeyMode.NONE)

    assert 401 == Rehearsal(keyed).send(probe).status
    assert 200 == Rehearsal(keyed).send(SUM_WHOLE).status
    assert 200 == clean("vllm-0.32").send(probe).status


def test_the_rest_of_a_stream_that_is_hung_up_on_is_not_kept():
    endless = Probe(
        name="endless",
        messages=(user("Tell a story without end. #loop"),),
        options=Options(max_tokens=1_000),
        stream=True,
    )
    left = replace(endless, hang_up_after=1)
    frames = [len(clean("vllm-0.32").reply(probe).frames) for probe in (endless, left)]

    assert frames[0] > frames[1] == rehearsal.UNREAD


def both_forms(_profile):
    return st.sampled_from([(SUM,), (SUM_WHOLE,)])


def property_of(name, judge):
    return check(name, "It MUST hold.", source="RFC 1", explores=both_forms)(judge)


def test_a_property_passes_when_every_drawn_request_does():
    seen = set()

    def look(exchange):
        seen.add(exchange.probe.name)
        yield from ()

    result = rehearse(property_of("rehearsed.all", look), "vllm")

    assert Outcome.PASS is result.outcome
    assert {SUM.name, SUM_WHOLE.name} == seen


def test_a_property_fails_by_the_first_request_that_does():
    def whole(exchange):
        if not exchange.streamed:
            yield Finding("it is whole")

    result = rehearse(property_of("rehearsed.one", whole), "vllm")

    assert Outcome.FAIL is result.outcome
    assert [SUM_WHOLE] == [exchange.probe for exchange in result.exchanges]


def test_outcomes_are_those_of_all_checks():
    def skips(_exchange):
        raise NotApplicable("there is nothing to judge")
        yield

    skipped = check("rehearsed.skips", "It MUST hold.", source="RFC 1", sends=SUM)(
        skips
    )
    found = outcomes("vllm-0.32", {one.id: one for one in (answers, skipped)})

    assert {"rehearsed.answers": "pass", "rehearsed.skips": "skip"} == {
        name: result.outcome.value for name, result in found.items()
    }


def test_a_reply_is_that_of_the_dialect():
    assert 200 == reply_to(SUM, "vllm").status
    assert "llamacpp" == reply_to(SUM, "llamacpp").dialect.id
    assert silent.apply(reply_to(SUM)) != reply_to(SUM)


def test_two_checks_of_one_id_are_two_checks():
    def never(_exchange):
        yield Finding("always wrong")

    stricter = replace(answers, judge=never)

    for one, outcome in ((answers, Outcome.PASS), (stricter, Outcome.FAIL)):
        assert outcomes("llamacpp", {one.id: one})[one.id].outcome is outcome
