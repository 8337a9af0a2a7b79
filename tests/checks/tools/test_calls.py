"""Calls are put together as a consumer does, however they were cut."""

import pytest
from rehearsal import told

from contract.catalog.profiles import builtin
from contract.checks.tools.asking import (
    PAIR,
    PAIR_WHOLE,
    REQUIRED_WHOLE,
)
from contract.checks.tools.calls import (
    calling,
    calls,
    reargued,
    refinished,
    respelled,
)
from contract.model.probes import (
    SUM,
    TOOL,
    TOOL_WHOLE,
)
from contract.model.reply import rehearse

PROFILES = builtin()


def exchange(profile, probe, reply=None):
    return rehearse(reply or told(profile, probe), probe, profile)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("probe", [PAIR, PAIR_WHOLE], ids=lambda one: one.name)
def test_two_calls_are_two_however_they_come(name, probe):
    found = calls(exchange(PROFILES[name], probe))

    assert [{"city": "Paris"}, {"city": "Rome"}] == [one.value for one in found]
    assert {"get_weather"} == {one.name for one in found}
    assert len({one.id for one in found}) == 2


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("probe", [TOOL, TOOL_WHOLE], ids=lambda one: one.name)
def test_arguments_told_anew_are_heard_anew(name, probe):
    reply = reargued(told(PROFILES[name], probe), lambda _: '{"city": "Oslo"}')

    (found,) = calls(exchange(PROFILES[name], probe, reply))

    assert {"city": "Oslo"} == found.value


@pytest.mark.parametrize("name", PROFILES)
def test_a_reply_in_words_stays_as_it_is(name):
    reply = told(PROFILES[name], SUM)

    assert not calling(reply)
    assert reply == reargued(reply, str.upper)
    assert reply == respelled(reply, dict.clear)
    assert reply == refinished(reply, frozenset({"tool_calls"}), "stop")


def test_the_finish_is_told_anew():
    reply = told(PROFILES["vllm-0.32"], REQUIRED_WHOLE)
    changed = refinished(reply, frozenset({"tool_calls"}), "stop")

    seen = exchange(PROFILES["vllm-0.32"], REQUIRED_WHOLE, changed)

    assert seen.finish == "stop"
