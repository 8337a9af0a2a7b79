"""Usage checks on recorded replies of real servers."""

import json

import pytest
from support.each import each
from support.rehearsal import mock_reply, recorded_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.usage.prompt import TOKENIZE, agrees_with_tokenize
from contract.model.check import Check
from contract.model.probes import SUM_WHOLE
from contract.model.reply import rehearse
from contract.model.wire import build_request
from contract.plugins import discovery

PROFILES = builtin()
CHECKS = [
    check
    for check in discovery.find("checks", Check).values()
    if check.family == "usage"
]
# The checks that the request of a recorded exchange can be judged by.
COUNTERS = (
    "usage.present",
    "usage.counts-are-natural",
    "usage.sums-up",
)
SUM_LIKE = (*COUNTERS, "usage.completion-includes-thinking")
GOOD = {
    "vllm-0.32/chat_default": (*SUM_LIKE, "usage.counts-reasoning"),
    "vllm-0.32/stream_usage": (
        *SUM_LIKE,
        "usage.counts-reasoning",
        "usage.present-in-stream",
    ),
    "vllm-0.32/stream_usage_continuous": (*COUNTERS, "usage.present-in-stream"),
    "vllm-0.32/max_tokens_1": (*COUNTERS, "usage.capped-by-max-tokens"),
    "vllm-0.32/max_tokens_3": (*COUNTERS, "usage.capped-by-max-tokens"),
    "llamacpp-b11434/chat_plain": (*SUM_LIKE, "usage.cached-within-prompt"),
    "llamacpp-b11434/chat_stream_usage": (*SUM_LIKE, "usage.present-in-stream"),
    "llamacpp-b11434/max_tokens_5": (*COUNTERS, "usage.capped-by-max-tokens"),
    "transformers-5.23-response-template/chat_plain": SUM_LIKE,
    "transformers-5.23-response-template/chat_stream_usage": (
        *SUM_LIKE,
        "usage.present-in-stream",
    ),
    "transformers-5.23-response-template/open_think_max_tokens_12": (
        *COUNTERS,
        "usage.capped-by-max-tokens",
    ),
}
BY_ID = {check.id: check for check in CHECKS}


@each(("name", "id"), [(name, each) for name, ids in GOOD.items() for each in ids])
def test_real_reply_passes(name, id):
    verdict = verdict_on(BY_ID[id], recorded_exchange(name))

    assert (verdict.word, verdict.findings) == ("pass", ())


@pytest.mark.parametrize(
    ("name", "id", "word"),
    [
        # the request did not ask for usage in the stream
        ("vllm-0.32/stream_default", "usage.present-in-stream", "skip"),
        # max_completion_tokens 7 takes precedence over max_tokens 3
        ("vllm-0.32/max_both", "usage.capped-by-max-tokens", "pass"),
        # the usage sums up three choices
        ("vllm-0.32/n_3_random", "usage.completion-includes-thinking", "pass"),
    ],
)
def test_the_request_decides_what_the_usage_must_be(name, id, word):
    assert verdict_on(BY_ID[id], recorded_exchange(name)).word == word


def test_tokenize_request_has_the_same_messages():
    profile = PROFILES["vllm-0.32"]
    chat, tokenized = (
        json.loads(build_request(probe, profile, "m").body)
        for probe in (SUM_WHOLE, TOKENIZE)
    )

    assert tokenized == {"model": "m", "messages": chat["messages"]}


@pytest.mark.parametrize(
    ("body", "word"), [({"count": 7}, "fail"), ({}, "fail"), ([], "fail")]
)
def test_wrong_tokenize_answer_is_found(body, word):
    profile = PROFILES["vllm-0.16"]
    reply = rehearse(mock_reply(profile, SUM_WHOLE), SUM_WHOLE, profile)
    answer = mock_reply(profile, SUM_WHOLE).with_json(body)

    verdict = verdict_on(
        agrees_with_tokenize, reply, rehearse(answer, TOKENIZE, profile)
    )

    assert verdict.word == word
