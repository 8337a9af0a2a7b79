"""Bytes of formats; `tests/live/test_fit.py` compares with what llama.cpp writes."""

from contract.memory.published import DEFAULT, published
from contract.memory.quantisation import (
    GGUF_FORMATS,
    VLLM_FORMATS,
    gguf_types,
    gguf_weights,
    vllm_weights,
)

SHAPE = published(DEFAULT).shape


def test_magistral_has_23_572_million_weights():
    assert 23_572_403_200 * 2 == vllm_weights(SHAPE, "BF16")


def test_better_formats_are_larger():
    sizes = [
        gguf_weights(SHAPE, name)
        for name in ("F16", "Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")
    ]

    assert sizes == sorted(sizes, reverse=True)
    assert [vllm_weights(SHAPE, n) for n in VLLM_FORMATS] == sorted(
        (vllm_weights(SHAPE, n) for n in VLLM_FORMATS), reverse=True
    )


def test_each_format_has_a_type_for_each_tensor():
    names = {name for name, _ in SHAPE.tensors()}

    assert all(names == gguf_types(SHAPE, name).keys() for name in GGUF_FORMATS)
