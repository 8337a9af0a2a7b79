from __future__ import annotations

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.latency.failures import samples_are_answered
from contract.checks.latency.samples import SAMPLES
from contract.checks.streaming.ending import error_in_the_stream, stream_of_no_bytes
from contract.model.probes import TOOL
from contract.model.reply import rehearse

PROFILE = builtin()["vllm-0.32"]


def verdict(probe, change=lambda reply: reply):
    exchange = rehearse(change(mock_reply(PROFILE, probe)), probe, PROFILE)
    return verdict_on(samples_are_answered, exchange)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (error_in_the_stream.apply, "EngineCore encountered an issue."),
        (stream_of_no_bytes.apply, "status 200, empty"),
        (lambda reply: reply.with_status(500), "status 500, failed"),
    ],
)
def test_a_sample_that_failed_is_found_with_the_words_of_the_server(change, words):
    (found,) = verdict(SAMPLES[1], change).findings

    assert words in found.actual


def test_an_answered_sample_passes():
    assert verdict(SAMPLES[1]).word == "pass"


def test_other_requests_are_not_judged():
    assert verdict(TOOL, error_in_the_stream.apply).word == "skip"
