"""
Vocabulary of the scripted model: Tekken, whole or truncated, in the layout of v13.

A truncated vocabulary splits rare words into more tokens, so its counts are not
Tekken's. Truncation works because the order of the ranks is the order of the merges.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import tiktoken

from contract.errors import UsageError
from contract.tokens import tekken

FULL = 131_072
# The smallest size in which every trigger of scripts.toml is one token.
LEAST = 32_768
UNKNOWN, PADDING = 0, 11
# Control tokens that engines look up by name and that no prompt here contains.
_OTHERS = {
    UNKNOWN: "<unk>",
    PADDING: "<pad>",
    14: "[PREFIX]",
    15: "[MIDDLE]",
    16: "[SUFFIX]",
    19: "[TOOL_CONTENT]",
    24: "[AUDIO]",
    25: "[BEGIN_AUDIO]",
    33: "[CALL_ID]",
}
CONTROLS = {**_OTHERS, **{int(token): name for token, name in tekken.NAMES.items()}}
_IDS = {name: token for token, name in CONTROLS.items()}
_CONTROL = re.compile("|".join(re.escape(name) for name in _IDS))
PATCH, LARGEST, MERGE = 14, 1_540, 2  # of images, in pixels and patches


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary: control tokens, followed by the ordinary ones."""

    # Bytes of each ordinary token.
    ranks: tuple[bytes, ...]
    # Regular expression of the texts within which tokens are merged.
    pattern: str
    # Head of the packaged file.
    config: Mapping[str, Any]
    # Ordinary tokens as in the packaged file.
    entries: tuple[Mapping[str, Any], ...]

    @property
    def size(self) -> int:
        """Number of tokens, including control tokens."""
        return tekken.ORDINARY + len(self.ranks)

    @cached_property
    def _encoding(self) -> tiktoken.Encoding:
        return tiktoken.Encoding(
            name="tekken-truncated",
            pat_str=self.pattern,
            mergeable_ranks={token: rank for rank, token in enumerate(self.ranks)},
            special_tokens={},
        )

    def ids(self, text: str) -> tuple[int, ...]:
        """Return the token ids of *text*; names of control tokens become these."""
        tokens: list[int] = []
        end = 0
        for control in _CONTROL.finditer(text):
            tokens += self._ordinary(text[end : control.start()])
            tokens.append(_IDS[control[0]])
            end = control.end()
        return (*tokens, *self._ordinary(text[end:]))

    def _ordinary(self, text: str) -> list[int]:
        tokens = self._encoding.encode_ordinary(text)
        return [token + tekken.ORDINARY for token in tokens]

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of an ordinary token, or the name of a control token."""
        if token < tekken.ORDINARY:
            return control(token).encode()
        return self.ranks[token - tekken.ORDINARY]

    def file(self) -> dict[str, Any]:
        """Return the content of `tekken.json`, for mistral-common."""
        return {
            "config": {
                **self.config,
                "version": "v13",
                "default_vocab_size": self.size,
                "num_vocab_tokens": len(self.ranks),
                "default_num_special_tokens": tekken.ORDINARY,
            },
            "vocab": list(self.entries),
            "special_tokens": [
                {"rank": token, "token_str": control(token), "is_control": True}
                for token in range(tekken.ORDINARY)
            ],
            "image": {
                "image_patch_size": PATCH,
                "max_image_size": LARGEST,
                "spatial_merge_size": MERGE,
            },
        }


def control(token: int) -> str:
    """Return the name of a control token."""
    return CONTROLS.get(token, f"<SPECIAL_{token}>")


def vocabulary(size: int = FULL) -> Vocabulary:
    """Return Tekken truncated to *size* tokens; `UsageError` if that is too small."""
    if not LEAST <= size <= FULL:
        raise UsageError(
            f"The vocabulary has {LEAST} to {FULL} tokens, not {size}; choose a size "
            "in this range."
        )
    packaged = tekken.vocabulary_file()
    entries = tuple(packaged["vocab"][: size - tekken.ORDINARY])
    return Vocabulary(
        ranks=tuple(base64.b64decode(entry["token_bytes"]) for entry in entries),
        pattern=packaged["config"]["pattern"],
        config=packaged["config"],
        entries=entries,
    )
