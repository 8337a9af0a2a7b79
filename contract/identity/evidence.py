"""What is known of each aspect in which two endpoints can differ."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Aspect(StrEnum):
    """What two endpoints can differ in."""

    WEIGHTS = "weights"
    QUANTISATION = "quantisation"
    TOKENIZER = "tokenizer"
    TEMPLATE = "chat template or system prompt"
    EFFORT = "effort"
    CONTEXT = "context cut"
    VISION = "vision tower"


class State(StrEnum):
    """What is known of one aspect, and of all together."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot-tell"
    NOT_TESTED = "not-tested"  # neither endpoint has it, or it was not asked for


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one aspect, or of several that cannot be distinguished."""

    aspects: tuple[Aspect, ...]
    state: State
    # A clause without a full stop.
    why: str

    @property
    def name(self) -> str:
        """The aspects in words, as `weights or quantisation`."""
        return " or ".join(self.aspects)
