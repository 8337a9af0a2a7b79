"""Shapes of models whose sizes are public, by name."""

from __future__ import annotations

from dataclasses import dataclass

from contract.errors import UsageError
from contract.memory.shape import Shape, Vision

DEFAULT = "magistral-small-1.2"


@dataclass(frozen=True)
class Published:
    """A shape, the name on Hugging Face's hub, and where the sizes are stated."""

    name: str
    hub: str
    shape: Shape
    source: str


_SMALL = Shape(
    layers=40,
    width=5_120,
    feed_forward=32_768,
    heads=32,
    key_heads=8,
    head=128,
    vocabulary=131_072,
    window=131_072,
    vision=Vision(layers=24, width=1_024, feed_forward=4_096, patch=14, image=1_540),
)
PUBLISHED = {
    DEFAULT: Published(
        DEFAULT,
        "mistralai/Magistral-Small-2509",
        _SMALL,
        "Mistral3Config of Transformers 5.23, whose defaults are those of Mistral "
        "Small 3.1 24B, the model that Magistral Small is made of",
    ),
}
# Known models without public weights.
CLOSED = ("magistral-medium-1.2", "magistral-medium")


def published(name: str) -> Published:
    """Return the model *name*; `UsageError` if its sizes are not public."""
    if name in CLOSED:
        raise UsageError(
            f"The weights and sizes of {name} are not public; if you have them, name "
            "the files with --model-dir or --gguf."
        )
    if name not in PUBLISHED:
        raise UsageError(
            f"There is no model {name[:60]!r}; known: {', '.join(PUBLISHED)}. For "
            "another one name its files with --gguf or --model-dir."
        )
    return PUBLISHED[name]
