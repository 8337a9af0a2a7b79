"""Scripted model as a directory in Hugging Face's format, for Transformers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from contract.mock_server.scripts import scripts
from contract.tiny import vision
from contract.tiny.atomic import atomic_write
from contract.tiny.saving import save
from contract.tiny.table import table
from contract.tiny.template import template
from contract.tiny.tokenizer import configuration, tokenizer
from contract.tiny.vocabulary import LARGEST, LEAST, MERGE, PADDING, PATCH, vocabulary
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
from contract.tokens.tekken import NAMES, Control

_ENDS = {
    "bos_token_id": int(Control.BEGIN),
    "eos_token_id": int(Control.END),
    "pad_token_id": PADDING,
}


def write(directory: Path, size: int = LEAST, *, parses: bool = True) -> None:
    """
    Write model, tokenizer, processor and chat template; always the same bytes.

    Args:
        directory: Where to write them.
        size: Tokens of the vocabulary.
        parses: Whether the tokenizer splits generated text into reasoning, tool calls
            and answer.
    """
    tokens = vocabulary(size)
    model = weights(table(scripts(), tokens), tokens)
    with atomic_write(directory / "tokenizer.json") as path:
        path.write_bytes(orjson.dumps(tokenizer(tokens)))
    with atomic_write(directory / "chat_template.jinja") as path:
        path.write_text(template(), encoding="utf-8", newline="\n")
    for name, content in {
        "config": config(model),
        "generation_config": {
            **_ENDS,
            "do_sample": True,
            "temperature": 0.7,
            "top_p": 0.95,
        },
        "preprocessor_config": preprocessor(),
        "processor_config": processor(),
        "tokenizer_config": configuration(parses=parses),
    }.items():
        with atomic_write(directory / f"{name}.json") as path:
            path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    halves = {name: array.astype(np.float16) for name, array in tensors(model).items()}
    with atomic_write(directory / "model.safetensors") as path:
        save(halves, path, {"format": "pt"})


def config(model: Weights) -> dict[str, Any]:
    """Return the content of `config.json`: Magistral Small 1.2's layout, small."""
    return {
        "model_type": "mistral3",
        "architectures": ["Mistral3ForConditionalGeneration"],
        "dtype": "bfloat16",
        "image_token_index": int(Control.IMAGE),
        "multimodal_projector_bias": False,
        "projector_hidden_act": "gelu",
        "spatial_merge_size": MERGE,
        "vision_feature_layer": -1,
        "tie_word_embeddings": False,
        **_ENDS,
        "text_config": {
            "model_type": "mistral",
            "vocab_size": len(model.embedding),
            "hidden_size": model.width,
            "intermediate_size": model.hidden,
            "num_hidden_layers": 1,
            "num_attention_heads": HEADS,
            "num_key_value_heads": KEY_HEADS,
            "head_dim": HEAD,
            "hidden_act": "silu",
            "max_position_embeddings": CONTEXT,
            "rms_norm_eps": EPSILON,
            "rope_parameters": {"rope_type": "default", "rope_theta": ROPE_BASE},
            "sliding_window": None,
            "tie_word_embeddings": False,
            "dtype": "bfloat16",
            **_ENDS,
        },
        "vision_config": {
            "model_type": "pixtral",
            "hidden_size": vision.WIDTH,
            "intermediate_size": vision.HIDDEN,
            "num_hidden_layers": 1,
            "num_attention_heads": vision.HEADS,
            "head_dim": vision.WIDTH // vision.HEADS,
            "num_channels": 3,
            "image_size": LARGEST,
            "patch_size": PATCH,
            "hidden_act": "silu",
            "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0},
        },
    }


def preprocessor() -> dict[str, Any]:
    """Return the content of `preprocessor_config.json`: how images are prepared."""
    return {
        "image_processor_type": "PixtralImageProcessor",
        "patch_size": {"height": PATCH, "width": PATCH},
        "size": {"longest_edge": LARGEST},
        "do_resize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "do_convert_rgb": True,
        "resample": 3,
        "image_mean": vision.MEAN,
        "image_std": vision.DEVIATION,
    }


def processor() -> dict[str, Any]:
    """Return the content of `processor_config.json`: the tokens of an image."""
    return {
        "processor_class": "PixtralProcessor",
        "image_token": NAMES[Control.IMAGE],
        "image_break_token": NAMES[Control.IMAGE_BREAK],
        "image_end_token": NAMES[Control.IMAGE_END],
        "patch_size": PATCH,
        "spatial_merge_size": MERGE,
    }


def tensors(model: Weights) -> Mapping[str, Array]:
    """Return every weight by its name in Hugging Face's format."""
    ones = np.ones(model.width, np.float32)
    inner, outer = vision.adapter(model.width)
    text, layer = "model.language_model", "model.language_model.layers.0"
    projector = "model.multi_modal_projector"
    return {
        "lm_head.weight": model.head,
        f"{text}.embed_tokens.weight": model.embedding,
        f"{text}.norm.weight": ones,
        f"{layer}.input_layernorm.weight": ones,
        f"{layer}.post_attention_layernorm.weight": ones,
        f"{layer}.self_attn.q_proj.weight": halved(model.query),
        f"{layer}.self_attn.k_proj.weight": halved(model.key),
        f"{layer}.self_attn.v_proj.weight": model.value,
        f"{layer}.self_attn.o_proj.weight": model.output,
        f"{layer}.mlp.gate_proj.weight": model.gate,
        f"{layer}.mlp.up_proj.weight": model.up,
        f"{layer}.mlp.down_proj.weight": model.down,
        **_tower(),
        f"{projector}.norm.weight": np.ones(vision.WIDTH, np.float32),
        f"{projector}.patch_merger.merging_layer.weight": vision.merger(),
        f"{projector}.linear_1.weight": inner,
        f"{projector}.linear_2.weight": outer,
    }


def halved(rows: Array) -> Array:
    """
    Return rows of queries or keys with the rotary pairs half a head apart.

    In Mistral's own layout the members of a pair are adjacent.
    """
    heads = rows.reshape(-1, HEAD // 2, 2, rows.shape[1])
    return np.ascontiguousarray(heads.swapaxes(1, 2).reshape(rows.shape))


_NAMES = {
    **{f"attention.w{n}": f"attention.{n}_proj" for n in "qkvo"},
    "feed_forward.w1": "feed_forward.gate_proj",
    "feed_forward.w2": "feed_forward.down_proj",
    "feed_forward.w3": "feed_forward.up_proj",
}


def _tower() -> Mapping[str, Array]:
    tensors = {}
    for name, array in vision.encoder().items():
        part = next((part for part in _NAMES if f".{part}." in name), "")
        renamed = name.replace(part, _NAMES[part]) if part else name
        tensors[f"model.vision_tower.{renamed}"] = array
    return tensors
