from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.conversation.echo import (
    CLERK,
    GUIDED,
    answer_begins_without_role,
    system_is_not_echoed,
)
from contract.model.chat import Message, PieceKind
from contract.model.probes import SUM_WHOLE

PROFILE = builtin()["vllm-0.32"]


def begun(words, probe=GUIDED, kind=PieceKind.ANSWER):
    def change(pieces):
        return [
            replace(piece, text=words + piece.text) if piece.kind is kind else piece
            for piece in pieces
        ]

    return rewritten_exchange(PROFILE, probe, change)


@pytest.mark.parametrize("between", ["\n", " ", ""])
def test_an_answer_that_begins_with_the_system_message_is_found(between):
    verdict = verdict_on(system_is_not_echoed, begun(CLERK + between))

    assert verdict.findings[0].message == "the answer begins with the system message"


def test_an_answer_that_mentions_it_later_passes():
    assert verdict_on(system_is_not_echoed, begun(f"As told: {CLERK} ")).word == "pass"


def test_a_short_system_message_may_begin_an_answer():
    brief = replace(
        GUIDED, messages=(Message("system", "Be brief."), *GUIDED.messages[1:])
    )

    assert verdict_on(system_is_not_echoed, begun("Be brief.", brief)).word == "skip"


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ("Assistant: ", "fail"),
        ("assistant\n", "fail"),
        ("<|assistant|>", "fail"),
        ("", "pass"),
        ("Assistants are ", "pass"),
        ("The model: ", "pass"),
    ],
)
def test_an_answer_should_not_begin_with_a_role(words, word):
    found = verdict_on(answer_begins_without_role, begun(words, SUM_WHOLE))

    assert found.word == word


@pytest.mark.parametrize("check", [system_is_not_echoed, answer_begins_without_role])
def test_a_continued_message_is_not_judged(check):
    prefix = replace(
        GUIDED, messages=(*GUIDED.messages, Message("assistant", "It", prefix=True))
    )

    assert verdict_on(check, begun(CLERK, prefix)).word == "skip"
