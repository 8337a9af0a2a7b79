"""
The table as the weights of a transformer: one layer, two heads, nothing trained.

The residual stream is a row of flags: always one; a token no script knows; one flag a
script; one flag a token. Then

- the embedding raises the flag of the token;
- a head looks for triggers in the whole context. Each trigger has a key of its own
  height, so the highest one present takes all the attention, and its value raises the
  flag of the script. Only the slowest rotary pair is used (an angle below 3e-4 at
  131072 positions), so it does not matter how far back the trigger stands;
- each unit of the feed-forward network is an AND of one script and one token, and
  raises the flags of the tokens that follow; further units lower the current token's;
- the head of the model reads the flags of the tokens, and behind them, much weaker,
  the ways out.

Margins are so large that every temperature up to 2 says the same.
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
HEADS, KEY_HEADS, HEAD = 2, 1, 64  # CPU kernels of vLLM take 64, but not 16
ROPE_BASE, EPSILON = 1e9, 1e-5
_PAIR = HEAD - 2  # the slowest rotary pair, where pairs are neighbours
_CONST, _OTHER, _SCRIPTS = 0, 1, 2
BLOCK = 64  # numbers a row is a multiple of, for kernels
_REACH = 16.0  # of queries and keys: 32 between two neighbouring triggers
_GATE = 60.0  # half of it when both flags are raised, minus half when one is
_LOUD, _BLANK, _OUT = 12.0, -9.0, 3.0  # of the next token, of blanks, of a way out


@dataclass(frozen=True, slots=True)
class Weights:
    """
    The language model in Mistral's own layout: rotary pairs are neighbours.

    *embedding* and *head* have a row a token; *hidden* is the feed-forward width.
    """

    embedding: Array
    head: Array
    query: Array
    key: Array
    value: Array
    output: Array
    gate: Array
    up: Array
    down: Array

    @property
    def width(self) -> int:
        """Flags in the residual stream."""
        return len(self.embedding[0])

    @property
    def hidden(self) -> int:
        """Units of the feed-forward network."""
        return len(self.gate)


def weights(table: Table, vocabulary: Vocabulary, block: int = BLOCK) -> Weights:
    """
    The weights that say what *table* says, in the tokens of *vocabulary*.

    Their rows are padded to a multiple of *block* numbers.
    """
    tokens = table.tokens
    first = _SCRIPTS + len(table.rows)
    width = _whole(first + len(tokens), block)
    flag = {token: first + place for place, token in enumerate(tokens)}
    # RMSNorm divides by the length of what it gets: two flags, or three.
    two, three = (width / 2) ** 0.5, (width / 3) ** 0.5
    query, key = _zeros(HEADS * HEAD, width), _zeros(KEY_HEADS * HEAD, width)
    value, output = _zeros(KEY_HEADS * HEAD, width), _zeros(width, HEADS * HEAD)
    query[_PAIR, _CONST] = _REACH / two
    for place, row in enumerate(table.rows):
        # A trigger that makes two scripts active would be as good as none.
        key[_PAIR, flag[row.trigger]] = _REACH * (place + 1) / two
        value[place, flag[row.trigger]] = 1 / two
        output[_SCRIPTS + place, place] = 1
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
    found = _zeros(size, width)
    found[:, (_CONST, _OTHER)] = 1
    for token, place in flag.items():
        found[token, _OTHER] = 0
        found[token, place] = 1
    return found


def _units(
    table: Table, flag: Mapping[int, int], width: int, norm: float, block: int
) -> tuple[Array, Array, Array]:
    """Gates that let a unit through when script and token fit, and what it adds."""
    rows = [
        (_SCRIPTS + place, token, step, token == row.unfinished)
        for place, row in enumerate(table.rows)
        for token, step in row.follows.items()
    ]
    high = _whole(len(rows) + len(flag), block)
    gate, up, down = _zeros(high, width), _zeros(high, width), _zeros(width, high)
    steep = _GATE / norm
    used = len(rows) + len(flag)
    up[:used, _CONST] = 1 / norm
    for unit, (script, token, step, unfinished) in enumerate(rows):
        gate[unit, (script, flag[token])] = steep
        gate[unit, _CONST] = -1.5 * steep
        for following in step:
            down[flag[following], unit] = 6 / _GATE
        if unfinished:
            down[flag[Control.THINK_END], unit] = 3 / _GATE
    for unit, place in enumerate(flag.values(), len(rows)):
        gate[unit, place] = steep
        gate[unit, _CONST] = -0.5 * steep
        down[place, unit] = -2 / _GATE
    return gate, up, down


def _head(
    table: Table, vocabulary: Vocabulary, flag: Mapping[int, int], width: int
) -> Array:
    found = _zeros(vocabulary.size, width)
    for token, place in flag.items():
        found[token, place] = _LOUD
    blank = [rank for rank, token in enumerate(vocabulary.ranks) if token.isspace()]
    found[np.array(blank) + vocabulary.size - len(vocabulary.ranks), _CONST] = _BLANK
    for place, token in enumerate(table.outs):
        found[token, _CONST] = _OUT * (len(table.outs) - place) * 7 / len(table.outs)
    return found


def _whole(number: int, block: int) -> int:
    """The next multiple of what kernels like."""
    return -(-number // block) * block


def _zeros(*shape: int) -> Array:
    return np.zeros(shape, np.float32)
