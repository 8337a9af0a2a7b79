from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.reasoning.control_tokens import no_control_token
from contract.checks.reasoning.markers import TYPED_WHOLE
from contract.checks.reasoning.reasoning_text import insert_before
from contract.model.chat import PieceKind
from contract.model.probes import SUM, SUM_WHOLE

PROFILE = builtin()["vllm-0.32"]


def verdict(*texts, probe=SUM, kind=PieceKind.ANSWER):
    exchange = rewritten_exchange(
        PROFILE, probe, lambda pieces: insert_before(pieces, kind, *texts)
    )
    return verdict_on(no_control_token, exchange)


@pytest.mark.parametrize(
    "token",
    ["</s>", "<s>", "<|im_end|>", "</think>", "[IMG_END]", "<unk>", "<SPECIAL_27>"],
)
@pytest.mark.parametrize("kind", [PieceKind.REASONING, PieceKind.ANSWER])
@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE])
def test_a_control_token_is_found(token, kind, probe):
    (found,) = verdict(token, probe=probe, kind=kind).findings

    assert found.expected == f"no {token}"


def test_a_token_that_is_split_between_deltas_is_found():
    (found,) = verdict("<|im_", "end|>").findings

    assert found.expected == "no <|im_end|>"


@pytest.mark.parametrize(
    "text", ["a < b > c", "<b>bold</b>", "[1]", "x <| y", "<thinking>", "s>", "[INST"]
)
def test_other_text_passes(text):
    assert verdict(text).word == "pass"


def test_a_quoted_token_may_be_repeated():
    quoted = "My log file says: '<s>'"
    message = TYPED_WHOLE.messages[0]
    probe = replace(TYPED_WHOLE, messages=(replace(message, content=quoted),))

    assert verdict("<s>", probe=probe).word == "pass"
