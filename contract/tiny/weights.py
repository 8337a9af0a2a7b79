"""
Table of next tokens as the weights of a transformer: one layer, two heads, untrained.

The residual stream is a vector of flags: a constant; one for tokens outside the table;
one per script; one per token. Then

- the embedding sets the flag of the token;
- an attention head finds the triggers in the whole context. Each trigger has a key of
  different magnitude, so the largest one present gets all the attention, and its value
  sets the flag of the script. Only the slowest rotary pair is used (an angle below 3e-4
  at 131072 positions), so the distance of the trigger does not matter;
- each unit of the feed-forward network is an AND of one script and one token, and sets
  the flags of the next tokens; further units lower the flag of the current token;
- the output head reads the flags of the tokens and, much weaker, the fallbacks.

Margins are so large that the output is the same at every temperature up to 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contract.tiny.table import Table
from contract.tiny.vocabulary import Vocabulary
from contract.tokens.tekken import Control

Array = NDArray[np.float32]

CONTEXT = 131_072
HEADS, KEY_HEADS, HEAD = 2, 1, 64  # vLLM's CPU kernels support 64, but not 16
ROPE_BASE, EPSILON = 1e9, 1e-5
_PAIR = HEAD - 2  # the slowest rotary pair, in the layout with adjacent pairs
_CONST, _OTHER, _SCRIPTS = 0, 1, 2  # positions of flags
BLOCK = 64  # the length of a row is a multiple of this, for kernels
_SCALE = 16.0  # of queries and keys: scores of successive triggers differ by 32
_GATE = 60.0  # half of it if both flags are set, minus half if one is
# Output head: weights of the next token and of white space; step of the fallbacks.
_NEXT, _SPACE, _FALLBACK = 12.0, -9.0, 3.0


@dataclass(frozen=True, slots=True)
class Weights:
    """The language model in Mistral's own layout, with adjacent rotary pairs."""

    # Tokens x width.
    embedding: Array
    # Tokens x width; the output head.
    head: Array
    # Dimensions of all heads x width.
    query: Array
    key: Array
    value: Array
    # Width x dimensions of all heads.
    output: Array
    # Hidden x width.
    gate: Array
    up: Array
    # Width x hidden.
    down: Array

    @property
    def width(self) -> int:
        """Number of flags in the residual stream."""
        return len(self.embedding[0])

    @property
    def hidden(self) -> int:
        """Number of units of the feed-forward network."""
        return len(self.gate)


def weights(table: Table, vocabulary: Vocabulary, block: int = BLOCK) -> Weights:
    """
    Return the weights that generate the output of a table.

    Args:
        table: The scripts.
        vocabulary: The tokens.
        block: The length of a row is padded to a multiple of this.
    """
    tokens = table.tokens
    first = _SCRIPTS + len(table.rows)
    width = _round_up(first + len(tokens), block)
    flag = {token: first + number for number, token in enumerate(tokens)}
    # RMSNorm divides by the norm of its input: two flags are set, or three.
    two, three = (width / 2) ** 0.5, (width / 3) ** 0.5
    query, key = _zeros(HEADS * HEAD, width), _zeros(KEY_HEADS * HEAD, width)
    value, output = _zeros(KEY_HEADS * HEAD, width), _zeros(width, HEADS * HEAD)
    query[_PAIR, _CONST] = _SCALE / two
    for number, row in enumerate(table.rows):
        # A trigger shared by two scripts would activate both and select neither.
        key[_PAIR, flag[row.trigger]] = _SCALE * (number + 1) / two
        value[number, flag[row.trigger]] = 1 / two
        output[_SCRIPTS + number, number] = 1
    gate, up, down = _units(table, flag, width, three, block)
    return Weights(
        embedding=_embedding(flag, vocabulary.size, width),
        head=_head(table, vocabulary, flag, width),
        query=query,
        key=key,
        value=value,
        output=output,
        gate=gate,
        up=up,
        down=down,
    )


def _embedding(flag: Mapping[int, int], size: int, width: int) -> Array:
    embedding = _zeros(size, width)
    embedding[:, (_CONST, _OTHER)] = 1
    for token, position in flag.items():
        embedding[token, _OTHER] = 0
        embedding[token, position] = 1
    return embedding


def _units(
    table: Table, flag: Mapping[int, int], width: int, norm: float, block: int
) -> tuple[Array, Array, Array]:
    """
    Return gate, up and down projections of the feed-forward network.

    A unit opens if the flags of its script and token are set; *norm* is the divisor of
    RMSNorm with three flags.
    """
    rows = [
        (_SCRIPTS + number, token, step, token == row.unclosed)
        for number, row in enumerate(table.rows)
        for token, step in row.next_tokens.items()
    ]
    hidden = _round_up(len(rows) + len(flag), block)
    gate, up, down = _zeros(hidden, width), _zeros(hidden, width), _zeros(width, hidden)
    slope = _GATE / norm
    used = len(rows) + len(flag)
    up[:used, _CONST] = 1 / norm
    for unit, (script, token, step, unclosed) in enumerate(rows):
        gate[unit, (script, flag[token])] = slope
        gate[unit, _CONST] = -1.5 * slope
        for following in step:
            down[flag[following], unit] = 6 / _GATE
        if unclosed:
            down[flag[Control.THINK_END], unit] = 3 / _GATE
    for unit, position in enumerate(flag.values(), len(rows)):
        gate[unit, position] = slope
        gate[unit, _CONST] = -0.5 * slope
        down[position, unit] = -2 / _GATE
    return gate, up, down


def _head(
    table: Table, vocabulary: Vocabulary, flag: Mapping[int, int], width: int
) -> Array:
    head = _zeros(vocabulary.size, width)
    for token, position in flag.items():
        head[token, position] = _NEXT
    spaces = [rank for rank, token in enumerate(vocabulary.ranks) if token.isspace()]
    head[np.array(spaces) + vocabulary.size - len(vocabulary.ranks), _CONST] = _SPACE
    count = len(table.fallbacks)
    for number, token in enumerate(table.fallbacks):
        head[token, _CONST] = _FALLBACK * (count - number) * 7 / count
    return head


def _round_up(number: int, block: int) -> int:
    """Return the next multiple of *block*."""
    return -(-number // block) * block


def _zeros(*shape: int) -> Array:
    return np.zeros(shape, np.float32)
