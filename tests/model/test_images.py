"""Generated images have the declared size and format, or the declared defect."""

import io

import pytest
from PIL import Image as Pillow

from contract.model import images
from contract.tokens import counting


def opened(image):
    return Pillow.open(io.BytesIO(image.data))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif"])
def test_picture_has_its_size_and_format(kind):
    image = images.picture(57, 85, kind)

    with opened(image) as seen:
        assert ((57, 85), kind.upper()) == (seen.size, seen.format)
        assert f"image/{kind}" == image.media_type
        assert seen.convert("L").getextrema()[0] == pytest.approx(96, abs=2)


def test_shades_make_different_pictures_of_one_size():
    one, other = (images.picture(56, 56, shade=shade) for shade in (0, 255))

    assert one.data != other.data
    assert counting.size(one.data) == counting.size(other.data)


def test_truncated_picture_can_be_identified_but_not_read():
    with opened(images.truncated()) as seen:
        assert (64, 64) == seen.size
        with pytest.raises(OSError, match="truncated"):
            seen.load()


def test_bomb_is_small_and_claims_to_be_huge():
    image = images.bomb(50_000, 50_000)

    assert len(image.data) < 200
    with pytest.raises(Pillow.DecompressionBombError, match="2500000000 pixels"):
        opened(image)


@pytest.mark.parametrize("image", [images.empty(), images.svg()], ids=["empty", "svg"])
def test_empty_and_vector_images_are_not_identified(image):
    with pytest.raises(Pillow.UnidentifiedImageError):
        opened(image)
