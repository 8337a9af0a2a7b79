"""Places of images among texts, images and turns."""

import pytest
from rehearsal import judged, rehearsed, told

from contract.catalog.profiles import builtin
from contract.checks.multimodal import order
from contract.checks.multimodal.image_cost import charge
from contract.model.reply import rehearse
from contract.tokens import counting

VLLM = builtin()["vllm-0.32"]


def test_texts_parted_by_an_image_are_not_joined():
    first, _, last = order.BETWEEN.messages[0].parts

    apart = counting.text(first.text) + counting.text(last.text)
    assert apart != counting.text(f"{first.text}\n\n{last.text}")
    assert "pass" == rehearsed(order.position_is_exact, VLLM).word


@pytest.mark.parametrize("more", [-1, 1])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_token_more_or_less_is_found_in_every_position(place, more):
    exchanges = [
        rehearse(charge(told(VLLM, probe), more * (n == place)), probe, VLLM)
        for n, probe in enumerate(order.position_is_exact.sends)
    ]

    assert "fail" == judged(order.position_is_exact, *exchanges).word


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_an_image_of_any_turn_is_missed(lost):
    sends = order.earlier_images_count.sends
    exchanges = [
        rehearse(charge(told(VLLM, p), -6 if n == lost else 0), p, VLLM)
        for n, p in enumerate(sends)
    ]

    assert "fail" == judged(order.earlier_images_count, *exchanges).word


def test_order_has_two_images_of_two_sizes():
    _, *forth = order.FORTH.messages[0].parts
    _, *back = order.BACK.messages[0].parts

    assert forth == back[::-1]
    assert counting.size(forth[0].data) != counting.size(forth[1].data)
