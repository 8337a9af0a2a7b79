"""Requests with many images are within every limit, and no two errors cancel."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import builtin
from contract.checks.multimodal.combined import (
    ALL_FORMS,
    ALL_PLACES,
    ALL_SIZES,
    PLACES_AND_SIZES,
    SIZES,
    TURNS,
)
from contract.checks.multimodal.image_cost import EXACT_COST, image_cost, sizes
from contract.model.chat import Image

PROFILES = [one for one in builtin().values() if one.offers >= EXACT_COST]
REQUESTS = {
    probe.name: probe
    for one in (ALL_SIZES, ALL_PLACES, PLACES_AND_SIZES, *ALL_FORMS)
    for probe in one.sends
}


@pytest.mark.parametrize("name", REQUESTS)
def test_no_request_has_more_images_than_the_lowest_limit(name):
    limits = [one.image_limit for one in PROFILES if one.image_limit is not None]

    assert len(sizes(REQUESTS[name])) <= min(limits)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda one: one.id)
@pytest.mark.parametrize("probe", [SIZES, TURNS], ids=lambda one: one.name)
def test_swapped_sides_do_not_cancel(probe, profile):
    swapped, straight = (
        sum(image_cost(profile.dialect, size[::step]) for size in sizes(probe))
        for step in (-1, 1)
    )
    mistral = profile.dialect.patch_grid is not None

    assert swapped != straight or not mistral


@pytest.mark.parametrize("probe", [SIZES, TURNS], ids=lambda one: one.name)
def test_the_first_image_is_not_like_all_others(probe):
    assert len(set(sizes(probe))) > len(sizes(probe)) // 2


def test_webp_is_left_out_where_it_is_not_read():
    kinds = {
        profile.id: {
            part.media_type
            for probe in combined.sends
            for message in probe.messages
            for part in message.parts
            if isinstance(part, Image)
        }
        for profile in PROFILES
        if (
            combined := next(
                (c for c in ALL_FORMS if c.where is None or c.where(profile)), None
            )
        )
    }

    assert {name for name, found in kinds.items() if "image/webp" not in found} == {
        one.id for one in PROFILES if "no-webp" in one.tolerates
    }
