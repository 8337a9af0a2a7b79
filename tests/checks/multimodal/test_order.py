"""Verdicts on images between texts, other images and turns."""

import pytest
from support.rehearsal import mock_reply, rehearsed_verdict, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.multimodal import order
from contract.checks.multimodal.image_cost import add_prompt_tokens
from contract.model.reply import rehearse
from contract.tokens import counting

VLLM = builtin()["vllm-0.32"]


def test_texts_separated_by_an_image_are_not_joined():
    first, _, last = order.BETWEEN.messages[0].parts

    separate = counting.count_text(first.text) + counting.count_text(last.text)
    assert separate != counting.count_text(f"{first.text}\n\n{last.text}")
    assert "pass" == rehearsed_verdict(order.position_is_exact, VLLM).word


@pytest.mark.parametrize("more", [-1, 1])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_wrong_count_is_found_in_every_position(place, more):
    exchanges = [
        rehearse(
            add_prompt_tokens(mock_reply(VLLM, probe), more * (n == place)), probe, VLLM
        )
        for n, probe in enumerate(order.position_is_exact.sends)
    ]

    assert "fail" == verdict_on(order.position_is_exact, *exchanges).word


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_missing_image_is_found_in_every_turn(lost):
    sends = order.earlier_images_count.sends
    exchanges = [
        rehearse(
            add_prompt_tokens(mock_reply(VLLM, p), -6 if n == lost else 0), p, VLLM
        )
        for n, p in enumerate(sends)
    ]

    assert "fail" == verdict_on(order.earlier_images_count, *exchanges).word


def test_swapped_images_differ_in_size():
    _, *forward = order.FORWARD.messages[0].parts
    _, *swapped = order.SWAPPED.messages[0].parts

    assert forward == swapped[::-1]
    assert counting.size(forward[0].data) != counting.size(forward[1].data)
