"""Replies with another text in place of their reasoning or answer."""

from __future__ import annotations

import pytest

from contract.checks.faults.texts import with_text
from contract.model.chat import PieceKind
from contract.model.probes import SUM, SUM_WHOLE, TWO_CHOICES
from contract.model.rewrite import decode_reply
from contract.testing import reply_to


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize("dialect", ["vllm", "mistral", "mistral-responses"])
@pytest.mark.parametrize("text", ["No.", ""])
def test_the_text_of_one_kind_is_replaced(dialect, probe, text):
    reply = reply_to(probe, dialect)
    before, after = (
        decode_reply(reply),
        decode_reply(with_text(reply, PieceKind.ANSWER, text)),
    )

    assert before.answer != text
    assert (after.reasoning, after.answer) == (before.reasoning, text)


def test_each_choice_has_the_new_text():
    after = decode_reply(with_text(reply_to(TWO_CHOICES), PieceKind.REASONING, "Hm."))

    assert [after.text_of(PieceKind.REASONING, n) for n in (0, 1)] == ["Hm.", "Hm."]
