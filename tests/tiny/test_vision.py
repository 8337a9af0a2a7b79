"""The image encoder: the same weights every time, and an output that is ignored."""

import numpy as np

from contract.tiny.vision import HIDDEN, WIDTH, adapter, encoder, merger
from contract.tiny.vocabulary import MERGE, PATCH


def test_weights_are_the_same_every_time():
    one, other = encoder(), encoder()

    assert all(np.array_equal(one[name], other[name]) for name in one | other)
    assert np.array_equal(merger(), merger())


def test_weights_are_numbers_of_the_shape_of_the_tower():
    shapes = {name: array.shape for name, array in encoder().items()}

    assert shapes["patch_conv.weight"] == (WIDTH, 3, PATCH, PATCH)
    assert shapes["transformer.layers.0.feed_forward.w2.weight"] == (WIDTH, HIDDEN)
    assert merger().shape == (WIDTH, MERGE * MERGE * WIDTH)
    for array in (*encoder().values(), merger(), *adapter(8)):
        assert array.dtype == np.float32
        assert np.isfinite(array).all()


def test_the_language_model_sees_nothing_of_an_image():
    inner, outer = adapter(8)

    assert (inner.shape, outer.shape) == ((8, WIDTH), (8, 8))
    assert inner.any()
    assert not outer.any()
