"""Tests of the assembly and rewriting of tool calls."""

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.checks.tools.calls import (
    calls,
    has_calls,
    replace_finish_reason,
    rewrite_arguments,
    rewrite_calls,
)
from contract.checks.tools.probes import PAIR, PAIR_WHOLE, REQUIRED_WHOLE
from contract.model.probes import SUM, TOOL, TOOL_WHOLE
from contract.model.reply import rehearse

PROFILES = builtin()


def exchange(profile, probe, reply=None):
    return rehearse(reply or mock_reply(profile, probe), probe, profile)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("probe", [PAIR, PAIR_WHOLE], ids=lambda one: one.name)
def test_two_calls_are_assembled_streamed_and_not_streamed(name, probe):
    found = calls(exchange(PROFILES[name], probe))

    assert [{"city": "Paris"}, {"city": "Rome"}] == [one.value for one in found]
    assert {"get_weather"} == {one.name for one in found}
    assert len({one.id for one in found}) == 2


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("probe", [TOOL, TOOL_WHOLE], ids=lambda one: one.name)
def test_rewritten_arguments_are_read_back(name, probe):
    reply = rewrite_arguments(
        mock_reply(PROFILES[name], probe), lambda _: '{"city": "Oslo"}'
    )

    (found,) = calls(exchange(PROFILES[name], probe, reply))

    assert {"city": "Oslo"} == found.value


@pytest.mark.parametrize("name", PROFILES)
def test_a_reply_without_calls_is_unchanged(name):
    reply = mock_reply(PROFILES[name], SUM)

    assert not has_calls(reply)
    assert reply == rewrite_arguments(reply, str.upper)
    assert reply == rewrite_calls(reply, dict.clear)
    assert reply == replace_finish_reason(reply, frozenset({"tool_calls"}), "stop")


def test_the_finish_reason_is_replaced():
    reply = mock_reply(PROFILES["vllm-0.32"], REQUIRED_WHOLE)
    changed = replace_finish_reason(reply, frozenset({"tool_calls"}), "stop")

    seen = exchange(PROFILES["vllm-0.32"], REQUIRED_WHOLE, changed)

    assert seen.finish == "stop"
