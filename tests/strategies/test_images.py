"""Images that can be decoded, and corrupt ones."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, find, settings

from contract.strategies.images import corrupt, images, pictures
from contract.tokens import counting

ANY = settings(
    max_examples=300, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def test_images_can_be_decoded_and_corrupt_ones_cannot():
    probe = find(images(), lambda image: image.media_type == "image/jpeg", settings=ANY)

    assert probe.data[:2] == b"\xff\xd8"
    assert all(counting.size(one.data) for one in pictures())
    assert not any(counting.size(one.data) for one in corrupt().values())
