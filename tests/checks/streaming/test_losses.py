from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, recorded_exchange

from contract.catalog.profiles import builtin
from contract.checks.streaming.losses import loses_nothing
from contract.model.chat import PieceKind
from contract.model.check import NotApplicable
from contract.model.probe import repeat
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_pieces, rewrite_usage

PROFILE = builtin()["vllm-0.32"]


def exchange(probe, change=None, *, tokens=None):
    reply = mock_reply(PROFILE, probe)
    if change is not None:
        reply = rewrite_pieces(reply, change)
    if tokens is not None:
        reply = rewrite_usage(
            reply, lambda usage: usage.update(completion_tokens=tokens)
        )
    return rehearse(reply, probe, PROFILE)


def answers(change):
    """A change of the text of the answer, as a change of pieces."""
    return lambda pieces: [
        replace(p, text=change(p.text)) if p.kind is PieceKind.ANSWER else p
        for p in pieces
    ]


def found(*exchanges):
    return [(f.message, f.at) for f in loses_nothing.judge(*exchanges)]


LOST = answers(lambda text: text.replace("answer", ""))
REWORDED = answers(lambda text: text.replace("answer", "result"))


def test_equal_replies_pass():
    assert found(exchange(SUM), exchange(SUM_WHOLE)) == []


def test_a_loss_is_found_where_the_number_of_tokens_is_the_same():
    ((message, place),) = found(exchange(SUM, LOST), exchange(SUM_WHOLE))

    assert message.endswith("6 characters in the middle are lost")
    assert place == "request sum-streamed, choice 0"


def test_a_loss_is_found_where_repeated_replies_agree():
    exchanges = [
        *(exchange(probe, LOST, tokens=3) for probe in repeat(SUM, 2)),
        *(exchange(probe) for probe in repeat(SUM_WHOLE, 2)),
    ]

    assert len(found(*exchanges)) == 1


def test_a_shorter_reply_of_fewer_tokens_is_not_a_loss():
    with pytest.raises(NotApplicable):
        found(exchange(SUM, LOST, tokens=3), exchange(SUM_WHOLE))


def test_another_wording_is_not_a_loss():
    assert found(exchange(SUM, REWORDED), exchange(SUM_WHOLE)) == []


def test_a_random_request_is_not_compared():
    options = replace(SUM.options, temperature=0.7, seed=None)
    warm, whole = (replace(probe, options=options) for probe in (SUM, SUM_WHOLE))

    with pytest.raises(NotApplicable):
        found(exchange(warm, LOST), exchange(whole))


def test_recorded_replies_of_a_real_server_pass():
    pair = ("vllm-0.32/chat_default", "vllm-0.32/stream_usage")

    with pytest.raises(NotApplicable):  # recorded at the default temperature
        found(*map(recorded_exchange, pair))
