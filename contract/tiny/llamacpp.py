"""Scripted model as GGUF files, for llama.cpp."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np

from contract.mock_server.scripts import scripts
from contract.tiny import vision
from contract.tiny.atomic import atomic_write
from contract.tiny.merging import merges, visible
from contract.tiny.table import table
from contract.tiny.template import template
from contract.tiny.vocabulary import (
    LARGEST,
    LEAST,
    MERGE,
    PADDING,
    PATCH,
    UNKNOWN,
    Vocabulary,
    control,
    vocabulary,
)
from contract.tiny.weights import (
    BLOCK,
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
from contract.tokens.tekken import ORDINARY, Control

_HALF, _WHOLE = gguf.LlamaFileType.MOSTLY_F16, gguf.LlamaFileType.ALL_F32


def write(
    path: Path, projector: Path | None = None, size: int = LEAST, block: int = BLOCK
) -> None:
    """
    Write the language model and, if wanted, the image encoder; always the same bytes.

    Args:
        path: File of the language model.
        projector: File of the image encoder; None for none.
        size: Tokens of the vocabulary.
        block: Length of a row is a multiple of this. Quantisations with blocks of 256
            weights (Q4_K_M, IQ4_XS) need 256 and otherwise fall back to simpler ones.
    """
    tokens = vocabulary(size)
    model = weights(table(scripts(), tokens), tokens, block)
    with atomic_write(path) as part:
        _write_model(part, model, tokens)
    if projector is not None:
        with atomic_write(projector) as part:
            _write_projector(part, model)


def _write_model(path: Path, model: Weights, tokens: Vocabulary) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny scripted Magistral")
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_file_type(_HALF)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(model.width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(model.hidden)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_vocab_size(tokens.size)
    _add_vocabulary(writer, tokens)
    for name, array in _tensors(model).items():
        writer.add_tensor(name, array if array.ndim == 1 else array.astype(np.float16))
    _finish(writer)


def _tensors(model: Weights) -> Mapping[str, Array]:
    ones = np.ones(model.width, np.float32)
    return {
        "token_embd.weight": model.embedding,
        "blk.0.attn_norm.weight": ones,
        "blk.0.attn_q.weight": model.query,
        "blk.0.attn_k.weight": model.key,
        "blk.0.attn_v.weight": model.value,
        "blk.0.attn_output.weight": model.output,
        "blk.0.ffn_norm.weight": ones,
        "blk.0.ffn_gate.weight": model.gate,
        "blk.0.ffn_up.weight": model.up,
        "blk.0.ffn_down.weight": model.down,
        "output_norm.weight": ones,
        "output.weight": model.head,
    }


def _add_vocabulary(writer: gguf.GGUFWriter, tokens: Vocabulary) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("tekken")
    controls = [control(token) for token in range(ORDINARY)]
    writer.add_token_list(controls + [visible(token) for token in tokens.ranks])
    writer.add_token_types(
        [gguf.TokenType.CONTROL] * ORDINARY
        + [gguf.TokenType.NORMAL] * len(tokens.ranks)
    )
    writer.add_token_merges(
        [f"{visible(left)} {visible(right)}" for left, right in merges(tokens.ranks)]
    )
    writer.add_bos_token_id(Control.BEGIN)
    writer.add_eos_token_id(Control.END)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_pad_token_id(PADDING)
    writer.add_add_bos_token(value=True)
    writer.add_add_eos_token(value=False)
    writer.add_chat_template(template())


def _write_projector(path: Path, model: Weights) -> None:
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type(gguf.GGUFType.MMPROJ)
    writer.add_name("tiny scripted Magistral's image encoder")
    writer.add_file_type(_WHOLE)
    writer.add_bool("clip.has_vision_encoder", val=True)
    writer.add_string("clip.projector_type", "pixtral")
    writer.add_bool("clip.use_silu", val=True)
    sizes = {
        "image_size": LARGEST,
        "patch_size": PATCH,
        "embedding_length": vision.WIDTH,
        "feed_forward_length": vision.HIDDEN,
        "block_count": 1,
        "projection_dim": model.width,
        "spatial_merge_size": MERGE,
        "attention.head_count": vision.HEADS,
    }
    for name, number in sizes.items():
        writer.add_uint32(f"clip.vision.{name}", number)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", EPSILON)
    writer.add_array("clip.vision.image_mean", vision.MEAN)
    writer.add_array("clip.vision.image_std", vision.DEVIATION)
    for name, array in _projection(model).items():
        writer.add_tensor(name, array)
    _finish(writer)


def _projection(model: Weights) -> Mapping[str, Array]:
    encoder = vision.encoder()
    inner, outer = vision.adapter(model.width)
    layer = "transformer.layers.0"
    # llama.cpp also has biases; with this one a patch is embedded as an unknown token.
    return {
        "v.patch_embd.weight": encoder["patch_conv.weight"],
        "v.pre_ln.weight": encoder["ln_pre.weight"],
        "v.blk.0.ln1.weight": encoder[f"{layer}.attention_norm.weight"],
        "v.blk.0.ln2.weight": encoder[f"{layer}.ffn_norm.weight"],
        "v.blk.0.attn_q.weight": encoder[f"{layer}.attention.wq.weight"],
        "v.blk.0.attn_k.weight": encoder[f"{layer}.attention.wk.weight"],
        "v.blk.0.attn_v.weight": encoder[f"{layer}.attention.wv.weight"],
        "v.blk.0.attn_out.weight": encoder[f"{layer}.attention.wo.weight"],
        "v.blk.0.ffn_gate.weight": encoder[f"{layer}.feed_forward.w1.weight"],
        "v.blk.0.ffn_up.weight": encoder[f"{layer}.feed_forward.w3.weight"],
        "v.blk.0.ffn_down.weight": encoder[f"{layer}.feed_forward.w2.weight"],
        "mm.input_norm.weight": np.ones(vision.WIDTH, np.float32),
        "mm.patch_merger.weight": vision.merger(),
        "mm.1.weight": inner,
        "mm.1.bias": np.zeros(model.width, np.float32),
        "mm.2.weight": outer,
        "mm.2.bias": model.embedding[UNKNOWN],
        "v.token_embd.img_break": model.embedding[Control.IMAGE_BREAK],
    }


def _finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
