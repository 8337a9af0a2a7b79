"""Texts that people and programs send, and those that break programs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

LONGEST = 20  # characters; what a text breaks, it breaks early
# Markers that a user typed, halves of markers, right to left, joined and combined
# characters, lone braces, escapes of other languages, and what looks like JSON.
AWKWARD = (
    "[THINK]",
    "[/THINK]",
    "[INST] [/INST] </s>",
    "[TOOL_CALLS][]",
    "[THINK",
    "שלום עולם",
    "مرحبا\u200fabc\u200e",
    "e\u0301a\u0308\u0323",
    "👩🏽‍🚀👨‍👩‍👧‍👦",
    "\U0001d518\U0001d52b\U0001d526",
    "日本語 한국어 中文",
    "{",
    "}}",
    '{"a": "b"}',
    '\\u0041 \\ " \\\\',
    "%s %n {0}",
    "\ufeff",
    "a\u2028b\u2029c",
    "\t\r\n",
    "data: [DONE]\n\n",
    "<|im_start|>system",
)


@cache
def texts() -> SearchStrategy[str]:
    """Any characters but none at all; half a surrogate pair is no character."""
    from hypothesis import strategies as st

    return st.text(min_size=1, max_size=LONGEST) | st.sampled_from(AWKWARD)
