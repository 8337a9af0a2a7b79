"""Block sizes are those of the package `gguf`."""

import pytest

from contract.memory.ggml import TYPES

gguf = pytest.importorskip("gguf", reason="the extra [tiny] is not installed")


def test_blocks_are_those_of_gguf():
    known = {
        int(kind): (kind.name, *size) for kind, size in gguf.GGML_QUANT_SIZES.items()
    }

    assert {
        n: (t.name, t.weights, t.size) for n, t in TYPES.items()
    }.items() <= known.items()
