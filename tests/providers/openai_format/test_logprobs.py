"""Tests of the entries of `logprobs` that the mock invents."""

from math import exp

import pytest

from contract.model.chat import END, PieceKind, Token
from contract.providers.llamacpp import logprobs as llamacpp
from contract.providers.openai_format import logprobs

WORD = Token(" café", PieceKind.ANSWER)


@pytest.mark.parametrize("entry", [logprobs.entry, llamacpp.entry])
@pytest.mark.parametrize("wanted", [0, 1, 5, 20])
@pytest.mark.parametrize("token", [WORD, Token('"'), Token("[THINK]"), Token(END)])
def test_an_entry_has_as_many_alternatives_as_requested(entry, wanted, token):
    made = entry(token, wanted)
    tops = made["top_logprobs"]

    assert len(tops) == wanted
    assert len({one["token"] for one in tops}) == wanted
    assert sum(exp(one["logprob"]) for one in tops) < 1
    assert all(bytes(one["bytes"]).decode() == one["token"] for one in (made, *tops))
    assert all(one["logprob"] == made["logprob"] for one in tops[:1])


def test_the_members_are_those_that_vllm_sends():
    made = logprobs.entry(WORD, 1)

    assert list(made) == ["token", "logprob", "bytes", "top_logprobs"]
    assert made["token"] == WORD.text
