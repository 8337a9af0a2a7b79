"""Tests that requested log-probabilities are given, for all of the text."""

import pytest
from support.rehearsal import mock_reply, recorded_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.sampling.logprob_probes import STREAM, WHOLE
from contract.checks.sampling.logprobs import (
    logprobs_are_given,
    logprobs_cover_the_text,
    logprobs_keep_the_finish,
    logprobs_of_the_answer_only,
    logprobs_of_the_chunk_before,
    logprobs_only_on_request,
)
from contract.checks.sampling.top_logprobs import logprobs_bytes_are_the_token
from contract.model.probes import SUM_WHOLE
from contract.model.reply import rehearse

PROFILES = builtin()
NAMES = ["vllm-0.32", "vllm-0.11", "llamacpp", "inline"]
REAL = [
    "vllm-0.32/logprobs_true",
    "vllm-0.32/logprobs_top5",
    "vllm-0.32/stream_logprobs",
    "llamacpp-b11434/logprobs",
]


def answered(name, probe, change):
    """The exchange of *probe* with *change* applied to each choice."""

    def changed(value):
        for choice in value["choices"]:
            change(choice)
        return value

    profile = PROFILES[name]
    reply = mock_reply(profile, probe)
    return rehearse(reply.change(changed), probe, profile)


def entries(choice):
    return ((choice.get("logprobs") or {}).get("content")) or []


def test_real_engines_give_the_log_probability_of_each_token():
    for name in REAL:
        exchange = recorded_exchange(name)
        for check in (
            logprobs_are_given,
            logprobs_cover_the_text,
            logprobs_bytes_are_the_token,
        ):
            assert verdict_on(check, exchange).word == "pass", (name, check.id)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("probe", [WHOLE, STREAM], ids=["whole", "streamed"])
def test_null_in_place_of_log_probabilities_is_found(name, probe):
    dropped = answered(name, probe, lambda choice: choice.update(logprobs=None))

    (found,) = verdict_on(logprobs_are_given, dropped).findings
    assert (found.actual, found.at) == ("logprobs null", probe.name)


@pytest.mark.parametrize("name", NAMES)
def test_the_tokens_are_those_of_thought_and_answer(name):
    for probe in (WHOLE, STREAM):
        exchange = answered(name, probe, lambda _choice: None)

        assert verdict_on(logprobs_cover_the_text, exchange).word == "pass"


@pytest.mark.parametrize("name", NAMES)
def test_a_lost_thought_is_called_so(name):
    profile = PROFILES[name]
    for probe in (WHOLE, STREAM):
        reply = logprobs_of_the_answer_only.apply(mock_reply(profile, probe))
        exchange = rehearse(reply, probe, profile)

        (found,) = verdict_on(logprobs_cover_the_text, exchange).findings
        assert found.message == "all words of the reasoning have no log-probabilities"


@pytest.mark.parametrize("name", NAMES)
def test_a_lost_token_is_found(name):
    def drop(choice):
        for entry in [one for one in entries(choice) if one["token"] == " six"]:
            choice["logprobs"]["content"].remove(entry)

    for probe in (WHOLE, STREAM):
        found = verdict_on(logprobs_cover_the_text, answered(name, probe, drop))
        assert found.word == "fail"


def test_tokens_that_are_parts_of_a_character_are_not_compared():
    def cut(choice):
        for entry in entries(choice):
            entry["bytes"] = [0xF0]

    exchange = answered("vllm-0.32", WHOLE, cut)

    assert verdict_on(logprobs_cover_the_text, exchange).word == "pass"


def test_a_missing_finish_reason_is_found():
    plain, whole, streamed = (
        answered("vllm-0.32", probe, lambda _choice: None)
        for probe in (SUM_WHOLE, WHOLE, STREAM)
    )
    lost = answered("vllm-0.32", STREAM, lambda c: c.update(finish_reason=None))

    (found,) = verdict_on(logprobs_keep_the_finish, plain, plain, whole, lost).findings
    assert (found.expected, found.at) == ("stop", STREAM.name)
    assert verdict_on(logprobs_keep_the_finish, lost, plain, lost, streamed).word == (
        "pass"
    )
    assert verdict_on(logprobs_keep_the_finish, lost, lost, whole, lost).word == "skip"


def test_log_probabilities_that_nobody_requested_are_found():
    exchange = answered("llamacpp", WHOLE, lambda _choice: None)

    (found,) = verdict_on(logprobs_only_on_request, exchange).findings
    assert found.actual.endswith(" entries")


def test_a_reply_without_text_or_entries_is_not_judged():
    nothing = answered(
        "vllm-0.32", WHOLE, lambda c: c.update(message={"content": None}, logprobs=None)
    )

    assert verdict_on(logprobs_are_given, nothing).word == "skip"
    assert verdict_on(logprobs_cover_the_text, nothing).word == "skip"


def test_a_stream_whose_tokens_lag_behind_its_text_is_found():
    profile = PROFILES["vllm-0.32"]
    whole = answered("vllm-0.32", WHOLE, lambda _choice: None)
    lagging = logprobs_of_the_chunk_before.apply(mock_reply(profile, STREAM))
    streamed = rehearse(lagging, STREAM, profile)

    (found,) = verdict_on(logprobs_cover_the_text, whole, streamed).findings
    assert found.message == "the tokens of the stream are not those of the whole reply"
