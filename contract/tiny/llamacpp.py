"""The scripted model as GGUF files, which llama.cpp loads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np

from contract.mock_server.scripts import scripts
from contract.tiny import vision
from contract.tiny.atomic import atomic_write
from contract.tiny.merging import (
    merges,
    visible,
)
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
from contract.tokens.tekken import (
    ORDINARY,
    Control,
)

_HALF, _WHOLE = gguf.LlamaFileType.MOSTLY_F16, gguf.LlamaFileType.ALL_F32


def write(
    path: Path, projector: Path | None = None, size: int = LEAST, block: int = BLOCK
) -> None:
    """
    The language model at *path* and, if wanted, the image encoder at *projector*.

    *size* is that of the vocabulary. Rows are multiples of *block* numbers: 256 for
    quantisations that cut them into blocks of so many (Q4_K_M, IQ4_XS), which
    otherwise fall back to simpler ones. The same sizes are the same bytes, always.
    """
    tokens = vocabulary(size)
    made = weights(table(scripts(), tokens), tokens, block)
    with atomic_write(path) as part:
        _write_model(part, made, tokens)
    if projector is not None:
        with atomic_write(projector) as part:
            _write_projector(part, made)


def _write_model(path: Path, made: Weights, tokens: Vocabulary) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny scripted Magistral")
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_file_type(_HALF)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(made.width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(made.hidden)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_vocab_size(tokens.size)
    _add_vocabulary(writer, tokens)
    for name, array in _tensors(made).items():
        writer.add_tensor(name, array if array.ndim == 1 else array.astype(np.float16))
    _finish(writer)


def _tensors(made: Weights) -> Mapping[str, Array]:
    ones = np.ones(made.width, np.float32)
    return {
        "token_embd.weight": made.embedding,
        "blk.0.attn_norm.weight": ones,
        "blk.0.attn_q.weight": made.query,
        "blk.0.attn_k.weight": made.key,
        "blk.0.attn_v.weight": made.value,
        "blk.0.attn_output.weight": made.output,
        "blk.0.ffn_norm.weight": ones,
        "blk.0.ffn_gate.weight": made.gate,
        "blk.0.ffn_up.weight": made.up,
        "blk.0.ffn_down.weight": made.down,
        "output_norm.weight": ones,
        "output.weight": made.head,
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


def _write_projector(path: Path, made: Weights) -> None:
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
        "projection_dim": made.width,
        "spatial_merge_size": MERGE,
        "attention.head_count": vision.HEADS,
    }
    for name, number in sizes.items():
        writer.add_uint32(f"clip.vision.{name}", number)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", EPSILON)
    writer.add_array("clip.vision.image_mean", vision.MEAN)
    writer.add_array("clip.vision.image_std", vision.DEVIATION)
    for name, array in _projection(made).items():
        writer.add_tensor(name, array)
    _finish(writer)


def _projection(made: Weights) -> Mapping[str, Array]:
    encoder = vision.encoder()
    inner, outer = vision.adapter(made.width)
    layer = "transformer.layers.0"
    # llama.cpp has biases too; with this one a patch looks like an unknown token.
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
        "mm.1.bias": np.zeros(made.width, np.float32),
        "mm.2.weight": outer,
        "mm.2.bias": made.embedding[UNKNOWN],
        "v.token_embd.img_break": made.embedding[Control.IMAGE_BREAK],
    }


def _finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
