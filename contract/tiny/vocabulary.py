"""
The vocabulary of the scripted model: Tekken, whole or cut, as version v13 lays it out.

A cut vocabulary splits rare words into more tokens, so its counts are not Tekken's;
the order of the ranks is the order of the merges, which is why it can be cut at all.
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
# Every trigger is one token from here on; see contract/scripts.toml.
LEAST = 32_768
UNKNOWN, PADDING = 0, 11
# Engines look control tokens up by name; the ones no prompt of ours is made of.
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
    """
    Control tokens, then the ordinary ones; *ranks* are the bytes of the latter.

    *pattern* splits a text into what may become one token, *config* is the head of
    the packaged file and *entries* its tokens.
    """

    ranks: tuple[bytes, ...]
    pattern: str
    config: Mapping[str, Any]
    entries: tuple[Mapping[str, Any], ...]

    @property
    def size(self) -> int:
        """How many tokens there are, control tokens included."""
        return tekken.ORDINARY + len(self.ranks)

    @cached_property
    def _encoding(self) -> tiktoken.Encoding:
        return tiktoken.Encoding(
            name="tekken-cut",
            pat_str=self.pattern,
            mergeable_ranks={token: rank for rank, token in enumerate(self.ranks)},
            special_tokens={},
        )

    def ids(self, text: str) -> tuple[int, ...]:
        """The tokens of *text*, in which names of control tokens stand for these."""
        found: list[int] = []
        end = 0
        for control in _CONTROL.finditer(text):
            found += self._ordinary(text[end : control.start()])
            found.append(_IDS[control[0]])
            end = control.end()
        return (*found, *self._ordinary(text[end:]))

    def _ordinary(self, text: str) -> list[int]:
        tokens = self._encoding.encode_ordinary(text)
        return [token + tekken.ORDINARY for token in tokens]

    def spelled(self, token: int) -> bytes:
        """The bytes of an ordinary token, the name of a control token."""
        if token < tekken.ORDINARY:
            return control(token).encode()
        return self.ranks[token - tekken.ORDINARY]

    def file(self) -> dict[str, Any]:
        """The content of `tekken.json`, as mistral-common reads it."""
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
    """The name of a control token."""
    return CONTROLS.get(token, f"<SPECIAL_{token}>")


def vocabulary(size: int = FULL) -> Vocabulary:
    """Tekken cut to *size* tokens; `UsageError` when a script does not fit in that."""
    if not LEAST <= size <= FULL:
        raise UsageError(
            f"The vocabulary has {LEAST} to {FULL} tokens, not {size}; choose a size "
            "in between."
        )
    packaged = tekken.packaged()
    entries = tuple(packaged["vocab"][: size - tekken.ORDINARY])
    return Vocabulary(
        ranks=tuple(base64.b64decode(entry["token_bytes"]) for entry in entries),
        pattern=packaged["config"]["pattern"],
        config=packaged["config"],
        entries=entries,
    )
