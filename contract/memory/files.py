"""Models as files: GGUF files with their splits and image encoders, and folders."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import UsageError
from contract.memory import gguf, safetensors
from contract.memory.shape import Shape, Vision

_SPLIT = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf")
_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.safetensors")
_LARGEST = 10_000_000  # bytes of a JSON file; an index of 100,000 tensors is smaller
_MOST_SPLITS = 1_000
_MOST_LAYERS, _LARGEST_SIZE = 10_000, 2**31
# What models have whose memory is not that of dense grouped-query attention.
_OTHERS = ("expert_count", "attention.kv_lora_rank", "ssm.state_size")
_OTHER_MEMBERS = ("kv_lora_rank", "num_local_experts", "n_routed_experts", "moe")


@dataclass(frozen=True)
class Stored:
    """
    A model in files.

    *weights* are bytes as an engine holds them, *images* those of the image encoder
    among them, and *format* is the type of most of them.
    """

    path: Path
    shape: Shape
    format: str
    weights: int
    images: int
    projector: Path | None = None

    @property
    def is_gguf(self) -> bool:
        """Whether llama.cpp reads it; vLLM otherwise."""
        return self.path.suffix == ".gguf"


def read_gguf(path: Path, projector: Path | None = None) -> Stored:
    """
    Return the model of a GGUF file.

    Args:
        path: The file; of a split model any of its parts.
        projector: File of the image encoder, None for none.

    Raises:
        UsageError: A file is missing, damaged, or no dense language model.
    """
    parts = [gguf.read_header(one) for one in _splits(path)]
    for one in parts:
        _ensure_whole(one)
    head = parts[0]
    name = head.values.get("general.architecture")
    if name == "clip" or not isinstance(name, str):
        raise UsageError(
            f"{path} holds no language model (architecture {name!r}); name an image "
            "encoder with --mmproj, and the model with --gguf."
        )
    if any(head.values.get(f"{name}.{key}") for key in _OTHERS):
        raise UsageError(
            f"{path} is no dense model with grouped-query attention; fit has no "
            "formula for it."
        )
    vision, images = None, 0
    if projector is not None:
        vision, images = _projector(projector)
    tensors = [one for part in parts for one in part.tensors]
    names = {one.name for one in tensors}
    return Stored(
        path,
        _gguf_shape(head, name, vision, tied="output.weight" not in names),
        _format(tensors, path),
        sum(one.bytes for one in tensors) + images,
        images,
        projector,
    )


def _gguf_shape(
    head: gguf.Header, name: str, vision: Vision | None, *, tied: bool
) -> Shape:
    width = head.integer(f"{name}.embedding_length")
    heads = head.integer(f"{name}.attention.head_count")
    tokens = head.values.get("tokenizer.ggml.tokens", 0)
    vocabulary = head.integer(
        f"{name}.vocab_size", tokens if isinstance(tokens, int) else None
    )
    return _checked(
        head.path,
        Shape(
            layers=head.integer(f"{name}.block_count"),
            width=width,
            feed_forward=head.integer(f"{name}.feed_forward_length"),
            heads=heads,
            key_heads=head.integer(f"{name}.attention.head_count_kv", heads),
            head=head.integer(
                f"{name}.attention.key_length", width // heads if heads else 0
            ),
            vocabulary=vocabulary,
            window=head.integer(f"{name}.context_length"),
            tied=tied,
            vision=vision,
        ),
    )


def _projector(path: Path) -> tuple[Vision, int]:
    head = gguf.read_header(path)
    _ensure_whole(head)
    if head.values.get("general.architecture") != "clip":
        raise UsageError(f"{path} is no image encoder; name a mmproj file.")
    key = "clip.vision"
    vision = Vision(
        layers=head.integer(f"{key}.block_count"),
        width=head.integer(f"{key}.embedding_length"),
        feed_forward=head.integer(f"{key}.feed_forward_length"),
        patch=head.integer(f"{key}.patch_size"),
        image=head.integer(f"{key}.image_size"),
    )
    return vision, sum(one.bytes for one in head.tensors)


def _ensure_whole(head: gguf.Header) -> None:
    if head.missing:
        raise UsageError(
            f"{head.path} lacks {head.missing:,} bytes of its weights; download it "
            "again, or wait until the download is complete."
        )


def _splits(path: Path) -> list[Path]:
    """Return all parts of a split model, or the one file."""
    found = _SPLIT.fullmatch(path.name)
    if found is None:
        return [path]
    count = int(found[3])
    if not 0 < count <= _MOST_SPLITS:
        raise UsageError(f"{path} is one of {count} parts, which cannot be right.")
    parts = [
        path.with_name(f"{found[1]}-{number:05}-of-{found[3]}.gguf")
        for number in range(1, count + 1)
    ]
    for part in parts:
        if not part.is_file():
            raise UsageError(f"{part} is missing; put all {count} parts in one folder.")
    return parts


def _format(tensors: list[gguf.Tensor], path: Path) -> str:
    """Return the type of most of the bytes; `UsageError` for a file of no tensors."""
    sizes: dict[str, int] = {}
    for one in tensors:
        sizes[one.type] = sizes.get(one.type, 0) + one.bytes
    if not sizes:
        raise UsageError(f"{path} holds no tensors; name a model, not a vocabulary.")
    return max(sizes, key=lambda name: sizes[name])


def read_folder(path: Path) -> Stored:
    """
    Return the model of a folder in Mistral's format or in Hugging Face's.

    Numbers of 16 and 32 bits count two bytes, as vLLM holds them; others as they are.

    Raises:
        UsageError: There is no folder, configuration or weights, or a file is missing
            or damaged.
    """
    if not path.is_dir():
        raise UsageError(
            f"There is no folder {str(path)!r}; name one with params.json or "
            "config.json, and a single file with --gguf."
        )
    mistral, hub = path / "params.json", path / "config.json"
    if not mistral.is_file() and not hub.is_file():
        raise UsageError(
            f"{path} has neither params.json nor config.json; name the folder of a "
            "downloaded model."
        )
    tensors = _tensors(path)
    configuration = mistral if mistral.is_file() else hub
    content = _read_json(configuration)
    shape = _folder_shape(configuration, content, mistral=mistral.is_file())
    marks = ("vision_", "pre_mm_projector", "patch_merger", "multi_modal")
    images = sum(
        _held(one) for name, one in tensors.items() if any(m in name for m in marks)
    )
    kinds: dict[str, int] = {}
    for one in tensors.values():
        kinds[one.type] = kinds.get(one.type, 0) + one.bytes
    name = max(kinds, key=lambda kind: kinds[kind])
    return Stored(
        path, shape, name, sum(_held(one) for one in tensors.values()), images
    )


def _held(one: safetensors.Stored) -> int:
    return one.numbers * 2 if one.type in safetensors.FLOATS else one.bytes


def _tensors(path: Path) -> dict[str, safetensors.Stored]:
    index = path / "model.safetensors.index.json"
    files = sorted(path.glob("*.safetensors"))
    single = [one for one in files if one.name.startswith("consolidated")]
    wanted = [one for one in files if one not in single] or single
    if index.is_file():
        listed = _read_json(index).get("weight_map")
        if not isinstance(listed, dict):
            raise UsageError(f"{index} has no weight_map; download it again.")
        wanted = [path / Path(str(name)).name for name in sorted(set(listed.values()))]
    for one in list(wanted):
        if found := _SHARD.fullmatch(one.name):
            count = min(int(found[3]), _MOST_SPLITS)
            wanted += [
                one.with_name(f"{found[1]}-{number:05}-of-{found[3]}.safetensors")
                for number in range(1, count + 1)
            ]
    wanted = sorted(set(wanted))
    for one in wanted:
        if not one.is_file():
            raise UsageError(f"{one} is missing; download the whole model.")
    if not wanted:
        raise UsageError(f"{path} has no safetensors files; download the weights.")
    tensors: dict[str, safetensors.Stored] = {}
    for one in wanted:
        tensors |= safetensors.read_header(one)
    if not tensors:
        raise UsageError(f"{path} has safetensors files without tensors.")
    return tensors


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST:
            raise UsageError(f"{path} is too large for a configuration.")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}."
        ) from error
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is no JSON; download it again.") from None
    if not isinstance(content, dict):
        raise UsageError(f"{path} is no JSON object; download it again.")
    return content


def _folder_shape(path: Path, content: dict[str, Any], *, mistral: bool) -> Shape:
    text = content if mistral else content.get("text_config", content)
    image = content.get("vision_encoder" if mistral else "vision_config")
    if not isinstance(text, dict) or any(text.get(key) for key in _OTHER_MEMBERS):
        raise UsageError(
            f"{path} is no dense model with grouped-query attention; fit has no "
            "formula for it."
        )
    names = _MISTRAL if mistral else _HUB
    width, heads = (_integer(path, text, names[n]) for n in ("width", "heads"))
    windows = ("max_position_embeddings", "max_seq_len", "model_max_length")
    window = next((text[key] for key in windows if text.get(key)), None)
    sliding = text.get("sliding_window")
    return _checked(
        path,
        Shape(
            layers=_integer(path, text, names["layers"]),
            width=width,
            feed_forward=_integer(path, text, names["feed_forward"]),
            heads=heads,
            key_heads=_integer(path, text, names["key_heads"], heads),
            head=_integer(path, text, "head_dim", width // heads if heads else 0),
            vocabulary=_integer(path, text, "vocab_size"),
            window=_integer(path, {windows[0]: window}, windows[0]),
            sliding=sliding if isinstance(sliding, int) else None,
            tied=bool(text.get("tie_word_embeddings", text.get("tied_embeddings"))),
            vision=None if not isinstance(image, dict) else _vision(path, image),
        ),
    )


_MISTRAL = {
    "layers": "n_layers",
    "width": "dim",
    "feed_forward": "hidden_dim",
    "heads": "n_heads",
    "key_heads": "n_kv_heads",
}
_HUB = {
    "layers": "num_hidden_layers",
    "width": "hidden_size",
    "feed_forward": "intermediate_size",
    "heads": "num_attention_heads",
    "key_heads": "num_key_value_heads",
}


def _vision(path: Path, image: Mapping[str, Any]) -> Vision:
    return Vision(
        layers=_integer(path, image, "num_hidden_layers"),
        width=_integer(path, image, "hidden_size"),
        feed_forward=_integer(path, image, "intermediate_size"),
        patch=_integer(path, image, "patch_size"),
        image=_integer(path, image, "image_size"),
    )


def _integer(
    path: Path, content: Mapping[str, Any], key: str, default: int | None = None
) -> int:
    value = content.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"{path} has no whole number {key}; download it again.")
    return value


def _checked(path: Path, shape: Shape) -> Shape:
    """Return *shape*; `UsageError` if no model has such sizes."""
    sizes = (
        *(shape.layers, shape.heads, shape.key_heads, shape.head, shape.width),
        *(shape.feed_forward, shape.vocabulary, shape.window),
    )
    if min(sizes) < 1 or max(sizes) > _LARGEST_SIZE or shape.layers > _MOST_LAYERS:
        raise UsageError(
            f"{path} states sizes that no model has: {', '.join(map(str, sizes))} "
            "(layers, heads, key heads, head, width, feed-forward, vocabulary, window)."
        )
    return shape
