"""Comparison of the answers to pairs of equivalent requests."""

from __future__ import annotations

import pytest
from support.rehearsal import verdict_on

from contract.checks.properties import comparing
from contract.checks.properties.pairs import (
    more_text_is_more_tokens,
    spelling_of_json_does_not_matter,
    streamed_equals_whole,
)
from contract.checks.properties.parts import (
    text_in_parts_equals_text,
    text_part_equals_text,
)
from contract.model.chat import Message, Options
from contract.model.probe import Probe
from contract.model.probes import SUM

COMPARING = (
    streamed_equals_whole,
    spelling_of_json_does_not_matter,
    text_part_equals_text,
    text_in_parts_equals_text,
    more_text_is_more_tokens,
)


@pytest.mark.parametrize("check", COMPARING, ids=lambda check: check.id)
def test_two_empty_answers_are_not_applicable(check, empty):
    assert verdict_on(check, empty, empty).word == "skip"


def test_last_question_is_replaced_before_a_prefix():
    probe = Probe(
        name="prefixed",
        messages=(
            Message("user", "One."),
            Message("user", "Two."),
            Message("assistant", "Three", prefix=True),
        ),
        options=Options(n=2, temperature=1.0),
    )

    replaced = comparing.with_last_question(probe, "Four.")

    assert comparing.last_question(probe) == "Two."
    assert comparing.last_user_content(probe) == "Two."
    assert comparing.last_user_content(replaced) == "Four."
    assert comparing.last_user_content(None) == ""
    assert comparing.deterministic(probe).options.n is None
    assert comparing.without_prefix(probe).messages == probe.messages[:2]
    assert comparing.without_prefix(SUM) == SUM
