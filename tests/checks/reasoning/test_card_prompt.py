"""The recommended system prompt: what is read, and how replies depart from it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rewritten_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.combined import card
from contract.checks.reasoning.card_prompt import (
    STREAMED,
    WHOLE,
    answer_refers_to_the_thought,
    card_prompt_is_followed,
    card_prompt_is_read,
    system_thinking_dropped,
    template_echoed,
)
from contract.model.chat import PieceKind
from contract.model.conditions import conditional
from contract.model.reply import rehearse
from contract.testing.rehearsal import rehearse as rehearse_check

PROFILE = builtin()["mistral-2025-10"]
SOUND = "La glace flotte parce qu'elle est moins dense que l'eau qui est dessous."


def replied(probe, *, thought=None, answer=None):
    """The exchange of *probe* with other texts; None leaves a text as it is."""

    def change(pieces):
        texts = {PieceKind.REASONING: thought, PieceKind.ANSWER: answer}
        for kind, text in texts.items():
            own = [piece for piece in pieces if piece.kind is kind]
            yield from own if text is None else [replace(own[0], text=text)]

    return rewritten_exchange(PROFILE, probe, change)


def both(**texts):
    return verdict_on(
        card_prompt_is_followed, replied(WHOLE, **texts), replied(STREAMED, **texts)
    )


@pytest.mark.parametrize(
    ("texts", "part"),
    [
        pytest.param({"answer": "Voir ci-dessus."}, "stand by itself", id="refers"),
        pytest.param({"answer": f"{card.CLOSING} {SOUND}"}, "system", id="echo"),
        pytest.param({"thought": card.TEMPLATE}, "system prompt", id="template"),
        pytest.param({"answer": f"{SOUND} [/THINK]"}, "marker", id="marker"),
        pytest.param(
            {
                "answer": "It floats on the water (l'eau) because the ice is less "
                "dense than what is under it, and that is why it is there."
            },
            "English",
            id="english",
        ),
    ],
)
def test_each_departure_is_a_finding_for_whole_and_streamed(texts, part):
    found = both(**texts).findings

    assert {WHOLE.name, STREAMED.name} <= {
        name for f in found for name in (WHOLE.name, STREAMED.name) if name in f.at
    } or part == "marker"
    assert any(part in finding.message for finding in found)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param({"answer": SOUND}, id="other-words"),
        pytest.param({"answer": "**Glace** : $\\rho_g < \\rho_e$."}, id="formula"),
        pytest.param({"thought": "Glace, eau, densité."}, id="note"),
        pytest.param({"thought": "eau", "answer": "De l'eau."}, id="short"),
        pytest.param(
            {"thought": "Okay. The user asks why. " + SOUND * 2}, id="mixed-thought"
        ),
    ],
)
def test_other_sound_replies_pass(texts):
    assert "pass" == both(**texts).word


def test_a_cut_reply_is_not_judged():
    short = replace(WHOLE, options=replace(WHOLE.options, max_tokens=3))
    cut = rehearse(mock_reply(PROFILE, short), WHOLE, PROFILE)

    assert "skip" == verdict_on(card_prompt_is_followed, cut, cut).word


@pytest.mark.parametrize("fault", [answer_refers_to_the_thought, template_echoed])
@pytest.mark.parametrize("condition", ["streamed", "whole"])
def test_a_fault_of_one_form_is_found(fault, condition):
    change = conditional(fault.apply, when=[condition])
    result = rehearse_check(card_prompt_is_followed, "mistral", change=change)

    assert "fail" == result.outcome


@pytest.mark.parametrize("profile", ["vllm-0.32", "llamacpp", "transformers"])
def test_a_template_that_is_dropped_is_found_by_its_tokens(profile):
    result = rehearse_check(card_prompt_is_read, profile, fault=system_thinking_dropped)

    assert "the template of the thought is not read as it is sent" in [
        finding.message for finding in result.findings
    ]
