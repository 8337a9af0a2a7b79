"""Image encoder with random weights, whose output the language model ignores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from contract.tiny.vocabulary import MERGE, PATCH
from contract.tiny.weights import Array

WIDTH, HIDDEN, HEADS = 64, 64, 2
# Normalisation of images in CLIP and in Pixtral.
MEAN = [0.48145466, 0.4578275, 0.40821073]
DEVIATION = [0.26862954, 0.26130258, 0.27577711]
_SPREAD = 0.05


def encoder() -> Mapping[str, Array]:
    """Return a small Pixtral tower with seeded weights, by Mistral's names."""
    random = np.random.default_rng(0)

    def normal(*shape: int) -> Array:
        return (random.standard_normal(shape) * _SPREAD).astype(np.float32)

    layer = "transformer.layers.0"
    ones = np.ones(WIDTH, np.float32)
    return {
        "patch_conv.weight": normal(WIDTH, 3, PATCH, PATCH),
        "ln_pre.weight": ones,
        **{f"{layer}.attention.w{n}.weight": normal(WIDTH, WIDTH) for n in "qkvo"},
        f"{layer}.feed_forward.w1.weight": normal(HIDDEN, WIDTH),
        f"{layer}.feed_forward.w2.weight": normal(WIDTH, HIDDEN),
        f"{layer}.feed_forward.w3.weight": normal(HIDDEN, WIDTH),
        f"{layer}.attention_norm.weight": ones,
        f"{layer}.ffn_norm.weight": ones,
    }


def merger() -> Array:
    """Return the layer that merges adjacent patches into one token."""
    random = np.random.default_rng(1)
    layer = random.standard_normal((WIDTH, MERGE * MERGE * WIDTH)) * _SPREAD
    return layer.astype(np.float32)


def adapter(width: int) -> tuple[Array, Array]:
    """Return the layers from the tower to *width* flags: a random one, then zeros."""
    random = np.random.default_rng(2)
    inner = (random.standard_normal((width, WIDTH)) * _SPREAD).astype(np.float32)
    return inner, np.zeros((width, width), np.float32)
