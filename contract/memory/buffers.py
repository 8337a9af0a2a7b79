"""
llama.cpp's compute buffer: the results that are alive at the same time in its graph.

llama.cpp plans one buffer for a batch: each result takes the smallest free place that
is large enough, and its place is free again when nothing needs it. The same is done
here with the results of a dense Llama graph with flash attention. It was compared with
the buffers that build 11549 prints for its CPU backend.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from contract.memory.shape import Shape

BATCH = 512  # tokens that are computed together: --ubatch-size
_ALIGNED, _NUMBER, _MASK = 64, 4, 2  # bytes: of an address, of a result, of the mask


@dataclass(eq=False)
class _Result:
    size: int  # bytes
    needs: tuple[_Result, ...] = ()
    stays: bool = False  # until the batch is done


@dataclass
class _Places:
    """Free places as [start, size], in order; the last one has no end."""

    free: list[list[int]] = field(default_factory=lambda: [[0, 2**62]])
    peak: int = 0

    def take(self, size: int) -> int:
        size = _aligned(size)
        fitting = [one for one in self.free[:-1] if one[1] >= size]
        # Of equal places, the last.
        place = min(reversed(fitting), key=lambda one: one[1], default=self.free[-1])
        start = place[0]
        place[0], place[1] = start + size, place[1] - size
        if place[1] == 0:
            self.free.remove(place)
        self.peak = max(self.peak, start + size)
        return start

    def give(self, start: int, size: int) -> None:
        places = sorted([*self.free, [start, _aligned(size)]])
        self.free = places[:1]
        for one in places[1:]:
            if sum(self.free[-1]) == one[0]:
                self.free[-1][1] += one[1]
            else:
                self.free.append(one)


def compute_buffer(shape: Shape, cells: int, users: int, batch: int = BATCH) -> int:
    """
    Return the bytes of the compute buffer, flash attention on.

    Args:
        shape: Sizes of the model.
        cells: Tokens in the cache of one sequence.
        users: Sequences at the same time; each has one row of logits.
        batch: Tokens that are computed together.
    """
    # All layers but the last are alike, and the last computes the last tokens only.
    layers = min(shape.layers, 3)
    return _peak(*_graph(shape, cells, users, batch, layers))


def _graph(
    shape: Shape, cells: int, users: int, batch: int, layers: int
) -> tuple[list[_Result], list[_Result]]:
    """Return what the graph is given, and its results in the order of computing."""
    row = _NUMBER * batch
    width, hidden = row * shape.width, row * shape.feed_forward
    queries, keys = row * shape.heads * shape.head, row * shape.key_heads * shape.head
    tokens, positions = _given(row), _given(row)
    key_rows, value_rows = _given(2 * row), _given(2 * row)
    mask, last_rows = _given(cells * batch * _MASK), _given(_NUMBER * users)
    embedded = _given(width)  # for images, whose embeddings are given
    given = [tokens, embedded, positions, key_rows, value_rows, mask, last_rows]
    results: list[_Result] = []

    def result(size: int, *needs: _Result, stays: bool = False) -> _Result:
        results.append(_Result(size, needs, stays))
        return results[-1]

    now = result(width, tokens)
    result(width, tokens, stays=True)
    for number in range(layers):
        normal = result(width, result(width, now))
        query = result(queries, result(queries, normal), positions)
        value = result(keys, normal)
        key = result(keys, result(keys, normal), positions)
        result(0, key, key_rows)
        result(0, value, value_rows)
        attended = result(width, result(queries, query, mask, key, value))
        rest = now
        if number == layers - 1:
            width = width // batch * users
            hidden = hidden // batch * users
            attended = result(width, attended, last_rows)
            rest = result(width, now, last_rows)
        summed = result(width, attended, rest)
        normal = result(width, result(width, summed))
        gate, up = result(hidden, normal), result(hidden, normal)
        now = result(width, result(width, result(hidden, gate, up)), summed)
    normal = result(width, result(width, now))
    result(_NUMBER * users * shape.vocabulary, normal)
    return given, results


def _given(size: int) -> _Result:
    return _Result(size, stays=True)


def _peak(given: Iterable[_Result], results: list[_Result]) -> int:
    """Return the end of the last place that is taken at any time."""
    places = _Places()
    taken = {id(one): places.take(one.size) for one in given if one.size}
    needed = Counter(id(one) for result in results for one in result.needs)
    for result in results:
        if result.size:
            taken[id(result)] = places.take(result.size)
        for one in result.needs:
            needed[id(one)] -= 1
            if not needed[id(one)] and not one.stays and id(one) in taken:
                places.give(taken.pop(id(one)), one.size)
    return places.peak


def _aligned(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
