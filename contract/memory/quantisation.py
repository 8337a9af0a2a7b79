"""
Bytes of a model's weights in each format of llama.cpp and vLLM.

A K format of llama.cpp is a mixture: which type each tensor gets depends on its role
and its layer. The rules are those of `llama_tensor_get_type` without an importance
matrix; `tests/live/test_fit.py` compares them with what llama.cpp writes.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from contract.memory.ggml import BY_NAME
from contract.memory.shape import Shape

# Best first. F16 files are as large as BF16 ones.
GGUF_FORMATS = (
    *("F16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_0", "Q4_K_M", "Q4_K_S"),
    *("IQ4_XS", "Q4_0", "Q3_K_L", "Q3_K_M", "Q2_K"),
)
VLLM_FORMATS = ("BF16", "FP8", "INT4")
_BASE = {"Q5_K_M": "Q5_K", "Q5_K_S": "Q5_K", "Q4_K_M": "Q4_K", "Q4_K_S": "Q4_K"}
_BASE |= {"Q3_K_L": "Q3_K", "Q3_K_M": "Q3_K"}
# What is taken where a row is no multiple of 256.
_SIMPLER = {"Q6_K": "Q8_0", "Q5_K": "Q5_1", "Q4_K": "Q5_0"}
_SIMPLER |= {"Q3_K": "Q4_0", "Q2_K": "Q4_0"}
_BLOCK = 256
_GROUP = 128  # weights that share a scale in INT4
_GROUPED = 4  # heads for each key head, from which values get a better type


def gguf_types(shape: Shape, name: str) -> dict[str, str]:
    """
    Return the type of each tensor that llama.cpp writes for a format.

    *name* is one of `GGUF_FORMATS`.
    """
    return {
        tensor: _type(shape, name, tensor, sizes) for tensor, sizes in shape.tensors()
    }


def gguf_weights(shape: Shape, name: str) -> int:
    """Return the bytes of the tensors of a GGUF file, the image encoder excluded."""
    types = gguf_types(shape, name)
    return sum(BY_NAME[types[one]].bytes(sizes) for one, sizes in shape.tensors())


def _type(shape: Shape, name: str, tensor: str, sizes: tuple[int, ...]) -> str:
    if len(sizes) == 1:
        return "F32"
    base = _BASE.get(name, name)
    if name == "F16":
        return base
    role = tensor.removesuffix(".weight").rpartition(".")[2]
    output = role == "output" or (shape.tied and role == "token_embd")
    if output and sizes[0] % _BLOCK:
        return "Q8_0"
    if output:
        wanted = base if base == "Q8_0" else "Q6_K"
    elif role in _BETTER:
        layer = int(tensor.split(".")[1])
        wanted = _BETTER[role](shape, name, layer) or base
    else:
        wanted = base
    if sizes[0] % BY_NAME[wanted].weights:
        return _SIMPLER.get(wanted, "IQ4_NL")
    return wanted


def _values(shape: Shape, name: str, layer: int) -> str | None:  # noqa: PLR0911  # a table of formats
    grouped = shape.heads // shape.key_heads >= _GROUPED
    match name:
        case "Q2_K":
            return "Q4_K" if grouped else "Q3_K"
        case "Q3_K_M":
            return "Q5_K" if layer < 2 else "Q4_K"  # noqa: PLR2004  # the first layers
        case "Q3_K_L":
            return "Q5_K"
        case "IQ4_XS":
            return "Q5_K" if grouped else None
        case "Q4_K_M" | "Q5_K_M":
            return "Q6_K" if _more_bits(layer, shape.layers) else None
        case "Q4_K_S":
            return "Q5_K" if layer < 4 else None  # noqa: PLR2004  # the first layers
    return None


def _down(shape: Shape, name: str, layer: int) -> str | None:
    match name:
        case "Q2_K":
            return "Q3_K"
        case "Q3_K_M":
            return "Q5_K" if layer < shape.layers // 16 else "Q4_K"
        case "Q3_K_L":
            return "Q5_K"
        case "Q4_K_M" | "Q5_K_M":
            return "Q6_K" if _more_bits(layer, shape.layers) else None
        case "Q4_K_S" | "IQ4_XS":
            return "Q5_K" if layer < shape.layers // 8 else None
    return None


def _attended(_shape: Shape, name: str, _layer: int) -> str | None:
    return {"Q2_K": "Q3_K", "Q3_K_M": "Q4_K", "Q3_K_L": "Q5_K"}.get(name)


_BETTER: dict[str, Callable[[Shape, str, int], str | None]] = {
    "attn_v": _values,
    "ffn_down": _down,
    "attn_output": _attended,
}


def _more_bits(layer: int, layers: int) -> bool:
    """Whether the layer is one of the first or last eighth, or a third of the rest."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2  # noqa: PLR2004


def vllm_weights(shape: Shape, name: str) -> int:
    """
    Return the bytes of the language model's weights in vLLM.

    FP8 and INT4 concern the matrices of the layers; embeddings, output and norms stay
    in BF16. FP8 has one scale of 32 bits for a row, INT4 (AWQ, GPTQ and
    compressed-tensors W4A16) one of 16 bits for 128 weights and, in AWQ, a zero point
    of 4 bits, which is counted.

    *name* is one of `VLLM_FORMATS`.
    """
    total = 0.0
    for tensor, sizes in shape.tensors():
        numbers = prod(sizes)
        if name == "BF16" or not tensor.startswith("blk.") or len(sizes) == 1:
            total += 2 * numbers
        elif name == "FP8":
            total += numbers + 4 * sizes[1]
        else:
            total += numbers / 2 + numbers / _GROUP * (2 + 0.5)
    return int(total)
