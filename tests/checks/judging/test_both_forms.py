from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.checks.judging.both_forms import pairs
from contract.model.chat import Message
from contract.model.probe import repeat
from contract.model.probes import CUT, CUT_WHOLE, SUM, SUM_WHOLE
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_usage

PROFILE = builtin()["vllm-0.32"]


def exchange(probe, *, tokens=None):
    reply = mock_reply(PROFILE, probe)
    if tokens is not None:
        counted = {"completion_tokens": tokens}
        reply = rewrite_usage(reply, lambda usage: usage.update(counted))
    return rehearse(reply, probe, PROFILE)


def paired(*exchanges):
    return [streamed.probe.name for streamed, *_ in pairs(exchanges)]


def test_one_reply_of_each_form_with_as_many_tokens_is_a_pair():
    assert paired(exchange(SUM), exchange(SUM_WHOLE)) == ["sum-streamed"]


def test_another_number_of_tokens_needs_repeated_replies_that_agree():
    once = (exchange(SUM, tokens=3), exchange(SUM_WHOLE))
    twice = [
        *(exchange(probe, tokens=3) for probe in repeat(SUM, 2)),
        *(exchange(probe) for probe in repeat(SUM_WHOLE, 2)),
    ]

    assert paired(*once) == []
    assert paired(*twice) == ["sum-streamed"]


@pytest.mark.parametrize(
    "change",
    [
        {"options": replace(SUM.options, temperature=0.7, seed=None)},
        {"options": replace(SUM.options, temperature=None, seed=None)},
        {"messages": (*SUM.messages, Message("assistant", "The", prefix=True))},
    ],
    ids=["warm", "default", "prefix"],
)
def test_other_requests_are_not_compared(change):
    streamed, whole = (replace(probe, **change) for probe in (SUM, SUM_WHOLE))

    assert paired(exchange(streamed), exchange(whole)) == []


def test_a_reply_of_few_tokens_that_was_cut_off_is_not_compared():
    assert paired(exchange(CUT), exchange(CUT_WHOLE)) == []
