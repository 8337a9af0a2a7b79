"""GGUF files of any shape whose weights are a hole: they take no place on a disk."""

import gguf
import numpy as np
from gguf.quants import quant_shape_to_byte_shape

from contract.memory.ggml import BY_NAME
from contract.tiny.llamacpp import _add_vocabulary
from contract.tiny.vocabulary import vocabulary

ALIGNMENT = 32


def write(path, shape, types):
    """Write a model of *shape* with the tensor types in *types*, by name."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(shape.window)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_heads)
    writer.add_key_length(shape.head)
    writer.add_value_length(shape.head)
    writer.add_rope_dimension_count(shape.head)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(shape.vocabulary)
    _add_vocabulary(writer, vocabulary(shape.vocabulary))
    total = 0
    for name, sizes in shape.tensors():
        kind, rows = types[name], tuple(reversed(sizes))
        size = BY_NAME[kind].bytes(sizes)
        quantised = {}
        dtype = {"F32": np.float32, "F16": np.float16}.get(kind)
        if dtype is None:
            quantised = {"raw_dtype": gguf.GGMLQuantizationType[kind]}
            rows, dtype = (
                quant_shape_to_byte_shape(rows, quantised["raw_dtype"]),
                np.uint8,
            )
        writer.add_tensor_info(name, rows, np.dtype(dtype), size, **quantised)
        total += -(-size // ALIGNMENT) * ALIGNMENT
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    start = -(-path.stat().st_size // ALIGNMENT) * ALIGNMENT
    with path.open("r+b") as file:
        file.truncate(start + total)
