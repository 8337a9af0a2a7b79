"""Scripted model as a directory in Mistral's own format, for vLLM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson

from contract.mock_server.scripts import scripts
from contract.tiny import vision
from contract.tiny.atomic import atomic_write
from contract.tiny.saving import save
from contract.tiny.table import table
from contract.tiny.vocabulary import FULL, LARGEST, MERGE, PATCH, vocabulary
from contract.tiny.weights import (
    CONTEXT,
    EPSILON,
    HEAD,
    HEADS,
    KEY_HEADS,
    ROPE_BASE,
    Array,
    Weights,
    weights,
)
from contract.tokens.tekken import Control


def write(directory: Path, size: int = FULL) -> None:
    """
    Write `tekken.json`, `params.json` and `consolidated.safetensors` in *directory*.

    *size* is that of the vocabulary in tokens. Equal sizes give equal bytes.
    """
    tokens = vocabulary(size)
    model = weights(table(scripts(), tokens), tokens)
    halves = {name: array.astype(np.float16) for name, array in tensors(model).items()}
    with atomic_write(directory / "tekken.json") as path:
        path.write_bytes(orjson.dumps(tokens.file()))
    with atomic_write(directory / "params.json") as path:
        path.write_bytes(orjson.dumps(parameters(model), option=orjson.OPT_INDENT_2))
    with atomic_write(directory / "consolidated.safetensors") as path:
        save(halves, path)


def parameters(model: Weights) -> dict[str, Any]:
    """Return the content of `params.json`: Magistral Small 1.2's layout, small."""
    return {
        "dim": model.width,
        "n_layers": 1,
        "head_dim": HEAD,
        "hidden_dim": model.hidden,
        "n_heads": HEADS,
        "n_kv_heads": KEY_HEADS,
        "rope_theta": ROPE_BASE,
        "norm_eps": EPSILON,
        "vocab_size": len(model.embedding),
        "max_position_embeddings": CONTEXT,
        "max_seq_len": CONTEXT,
        "tied_embeddings": False,
        "dtype": "bfloat16",
        "vision_encoder": {
            "hidden_size": vision.WIDTH,
            "num_channels": 3,
            "image_size": LARGEST,
            "max_image_size": LARGEST,
            "patch_size": PATCH,
            "rope_theta": 10_000.0,
            "intermediate_size": vision.HIDDEN,
            "num_hidden_layers": 1,
            "num_attention_heads": vision.HEADS,
            "adapter_bias": False,
            "mm_projector_id": "patch_merge",
            "spatial_merge_size": MERGE,
            "add_pre_mm_projector_layer_norm": True,
            "image_token_id": int(Control.IMAGE),
            "image_break_token_id": int(Control.IMAGE_BREAK),
            "image_end_token_id": int(Control.IMAGE_END),
        },
    }


def tensors(model: Weights) -> dict[str, Array]:
    """Return every weight by its name in Mistral's format."""
    ones = np.ones(model.width, np.float32)
    inner, outer = vision.adapter(model.width)
    layer = "layers.0"
    return {
        "tok_embeddings.weight": model.embedding,
        "norm.weight": ones,
        "output.weight": model.head,
        f"{layer}.attention_norm.weight": ones,
        f"{layer}.ffn_norm.weight": ones,
        f"{layer}.attention.wq.weight": model.query,
        f"{layer}.attention.wk.weight": model.key,
        f"{layer}.attention.wv.weight": model.value,
        f"{layer}.attention.wo.weight": model.output,
        f"{layer}.feed_forward.w1.weight": model.gate,
        f"{layer}.feed_forward.w2.weight": model.down,
        f"{layer}.feed_forward.w3.weight": model.up,
        **{f"vision_encoder.{name}": a for name, a in vision.encoder().items()},
        "pre_mm_projector_norm.weight": np.ones(vision.WIDTH, np.float32),
        "patch_merger.merging_layer.weight": vision.merger(),
        "vision_language_adapter.w_in.weight": inner,
        "vision_language_adapter.w_out.weight": outer,
    }
