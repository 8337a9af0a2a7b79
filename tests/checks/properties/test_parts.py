"""A text in parts, compared with the joined texts."""

from __future__ import annotations

from support.rehearsal import overcharged_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.properties.parts import text_in_parts_equals_text
from contract.model.probes import SUM_WHOLE


def test_parts_must_equal_one_of_the_joined_texts(answer):
    vllm = builtin()["vllm-0.32"]
    parts, other = answer(), overcharged_exchange(vllm, SUM_WHOLE, 1)

    assert verdict_on(text_in_parts_equals_text, parts, other, parts).word == "pass"
    assert verdict_on(text_in_parts_equals_text, parts, other, other).word == "fail"
