"""How far a rejected prompt exceeds the context window."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.checks.faults.overflow import LONG, excess_tokens
from contract.model.probe import Fill
from contract.model.probes import SUM_WHOLE, padded_prompt, wrong
from contract.model.rejection import Rejection, RejectionReason

VLLM = replace(builtin()["vllm-0.32"], context_window=16_384)


def excess(fill, profile=VLLM):
    return excess_tokens(mock_reply(profile, padded_prompt("long", fill)))


@pytest.mark.parametrize(
    ("tokens", "more"),
    [
        pytest.param(-1, None, id="answered"),
        pytest.param(0, 0, id="full"),
        pytest.param(1, 1, id="one-more"),
        pytest.param(500, 500, id="far-more"),
    ],
)
def test_the_excess_is_that_of_the_prompt(tokens, more):
    assert more == excess(Fill(tokens, of_window=True))


@pytest.mark.parametrize(
    ("rejection", "size", "more"),
    [
        pytest.param(
            Rejection(reason=RejectionReason.OVERFLOW, count=9, limit=8),
            LONG,
            1,
            id="overflow",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.OVERFLOW, count=9, limit=8),
            LONG - 1,
            None,
            id="short-request",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.MAX_TOKENS, value=1), LONG, 0, id="no-room"
        ),
        pytest.param(
            Rejection(reason=RejectionReason.MAX_TOKENS, value=64),
            LONG,
            None,
            id="too-many-requested",
        ),
        pytest.param(
            Rejection(reason=RejectionReason.SCHEMA, value=0), LONG, 0, id="zero-left"
        ),
        pytest.param(
            Rejection(reason=RejectionReason.SCHEMA, value="hot"),
            LONG,
            None,
            id="another-mistake",
        ),
    ],
)
def test_only_rejections_of_long_requests_have_an_excess(rejection, size, more):
    reply = mock_reply(VLLM, SUM_WHOLE)
    request = replace(reply.request, body=b" " * size)

    assert more == excess_tokens(replace(reply, request=request, rejection=rejection))


def test_other_replies_have_none():
    hot = wrong("hot", "/temperature", '"hot"')

    assert excess_tokens(mock_reply(VLLM, SUM_WHOLE)) is None
    assert excess_tokens(mock_reply(VLLM, hot)) is None
