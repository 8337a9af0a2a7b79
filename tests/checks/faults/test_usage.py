"""Replies whose usage counts a misread prompt."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.checks.faults.usage import misread_texts, misreport_prompt
from contract.model.chat import Image, Message, Text, Thinking
from contract.model.probe import Probe
from contract.model.probes import SUM, SUM_WHOLE, user, wrong
from contract.model.reply import rehearse
from contract.tokens import counting

PROFILES = builtin()
WRONG = wrong("temperature-hot", "/temperature", '"hot"')


def extended(text):
    return text + " and say it as loud as you can"


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=["streamed", "whole"])
@pytest.mark.parametrize("name", ["mistral-2026-08", "vllm-0.32", "llamacpp"])
def test_usage_counts_the_misread_prompt(name, probe):
    reply = mock_reply(PROFILES[name], probe)
    misread = misread_texts(extended)(reply.probe)
    exchange = rehearse(
        misreport_prompt(reply, misread_texts(extended)), probe, PROFILES[name]
    )

    assert counting.prompt(misread) == exchange.count("prompt_tokens")
    assert exchange.count("total_tokens") == exchange.count(
        "prompt_tokens"
    ) + exchange.count("completion_tokens")


@pytest.mark.parametrize("probe", [SUM_WHOLE, WRONG], ids=["not-misread", "rejected"])
def test_other_replies_are_not_changed(probe):
    reply = mock_reply(PROFILES["vllm-0.32"], probe)
    change = str if probe is SUM_WHOLE else extended

    assert reply == misreport_prompt(reply, misread_texts(change))


def test_only_texts_of_the_roles_are_misread():
    image = Image(b"")
    reasoning = Thinking("hm")
    probe = Probe(
        name="mixed",
        messages=(
            Message("system", "a"),
            user("b"),
            Message("user", (Text("c"), image, reasoning)),
            Message("assistant"),
        ),
    )

    read = misread_texts(str.upper, {"user", "assistant"})(probe)

    assert read == replace(
        probe,
        messages=(
            Message("system", "a"),
            user("B"),
            Message("user", (Text("C"), image, reasoning)),
            Message("assistant"),
        ),
    )
