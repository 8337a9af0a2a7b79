"""Shapes: the sizes of a language model and its image encoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MERGED = 4  # patches of an image that become one token: two by two


@dataclass(frozen=True)
class Vision:
    """Sizes of a Pixtral image encoder and of the projector behind it."""

    layers: int
    width: int
    feed_forward: int
    patch: int  # pixels
    image: int  # pixels of the longest side

    def weights(self, width: int) -> int:
        """
        Return the number of weights, the projector into *width* included.

        The layout is that of `PixtralVisionModel` and `Mistral3MultiModalProjector` in
        Transformers: four attention and three feed-forward matrices in each layer, a
        merger of four patches and two matrices.
        """
        layer = 4 * self.width**2 + 3 * self.width * self.feed_forward + 2 * self.width
        patches = 3 * self.patch**2 * self.width + self.width
        merger = self.width + MERGED * self.width**2
        return self.layers * layer + patches + merger + self.width * width + width**2


@dataclass(frozen=True)
class Shape:
    """
    Sizes of a dense model with grouped-query attention.

    *window* is the longest context in tokens that the model was made for; *sliding* the
    window of its attention in tokens, None for all tokens; *tied* whether the output
    matrix is the embedding.
    """

    layers: int
    width: int
    feed_forward: int
    heads: int
    key_heads: int
    head: int
    vocabulary: int
    window: int
    sliding: int | None = None
    tied: bool = False
    vision: Vision | None = None

    def tensors(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield name and shape of each tensor as in a GGUF file, row length first."""
        width, hidden = self.width, self.feed_forward
        queries, keys = self.heads * self.head, self.key_heads * self.head
        yield "token_embd.weight", (width, self.vocabulary)
        yield "output_norm.weight", (width,)
        if not self.tied:
            yield "output.weight", (width, self.vocabulary)
        for number in range(self.layers):
            layer = f"blk.{number}"
            yield f"{layer}.attn_norm.weight", (width,)
            yield f"{layer}.attn_q.weight", (width, queries)
            yield f"{layer}.attn_k.weight", (width, keys)
            yield f"{layer}.attn_v.weight", (width, keys)
            yield f"{layer}.attn_output.weight", (queries, width)
            yield f"{layer}.ffn_norm.weight", (width,)
            yield f"{layer}.ffn_gate.weight", (width, hidden)
            yield f"{layer}.ffn_up.weight", (width, hidden)
            yield f"{layer}.ffn_down.weight", (hidden, width)
