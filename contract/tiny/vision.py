"""The image encoder: it computes for real, and its result says nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from contract.tiny.vocabulary import (
    MERGE,
    PATCH,
)
from contract.tiny.weights import Array

WIDTH, HIDDEN, HEADS = 64, 64, 2
# What CLIP's images are normalised by, and so Pixtral's.
MEAN = [0.48145466, 0.4578275, 0.40821073]
DEVIATION = [0.26862954, 0.26130258, 0.27577711]
_SPREAD = 0.05


def encoder() -> Mapping[str, Array]:
    """Pixtral's tower in Mistral's own names, small and drawn from a fixed seed."""
    random = np.random.default_rng(0)

    def drawn(*shape: int) -> Array:
        return (random.standard_normal(shape) * _SPREAD).astype(np.float32)

    layer = "transformer.layers.0"
    ones = np.ones(WIDTH, np.float32)
    return {
        "patch_conv.weight": drawn(WIDTH, 3, PATCH, PATCH),
        "ln_pre.weight": ones,
        **{f"{layer}.attention.w{n}.weight": drawn(WIDTH, WIDTH) for n in "qkvo"},
        f"{layer}.feed_forward.w1.weight": drawn(HIDDEN, WIDTH),
        f"{layer}.feed_forward.w2.weight": drawn(WIDTH, HIDDEN),
        f"{layer}.feed_forward.w3.weight": drawn(HIDDEN, WIDTH),
        f"{layer}.attention_norm.weight": ones,
        f"{layer}.ffn_norm.weight": ones,
    }


def merger() -> Array:
    """What makes one token of neighbouring patches."""
    random = np.random.default_rng(1)
    drawn = random.standard_normal((WIDTH, MERGE * MERGE * WIDTH)) * _SPREAD
    return drawn.astype(np.float32)


def adapter(width: int) -> tuple[Array, Array]:
    """From the tower to *width* flags: a real product, then nothing."""
    random = np.random.default_rng(2)
    drawn = (random.standard_normal((width, WIDTH)) * _SPREAD).astype(np.float32)
    return drawn, np.zeros((width, width), np.float32)
