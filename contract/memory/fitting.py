"""What fits: the memory of a format at a window, and the largest window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contract.errors import UsageError
from contract.memory.buffers import BATCH, compute_buffer
from contract.memory.files import Stored
from contract.memory.ggml import BY_NAME
from contract.memory.quantisation import (
    GGUF_FORMATS,
    VLLM_FORMATS,
    gguf_weights,
    vllm_weights,
)
from contract.memory.shape import Shape, Vision
from contract.memory.size import GIB

LLAMACPP, VLLM = "llama.cpp", "vLLM"
# Of vLLM: --gpu-memory-utilization and --block-size on a GPU, by default in 0.32.
UTILISATION, PAGE = 0.92, 16
# llama.cpp's own margin (--fit-target) is 1 GiB as well.
RESERVE = GIB
# A Mac lets its GPU use two thirds of 32 GB (ggml-org/llama.cpp#2011) and three
# quarters of 64 GB (ggml-org/llama.cpp#1870).
SHARE, SHARE_OF_MUCH, MUCH = 2 / 3, 3 / 4, 64 * 10**9
_CELLS = 256  # llama.cpp rounds the tokens of a sequence up to a multiple of this
_BATCHED = 2_048  # tokens of vLLM's profile run: --max-num-batched-tokens
_PATCHES = 4_096  # of the largest image in llama.cpp, 1024 tokens of 2 x 2 patches
# Bits for a number of the cache, scales included.
CACHES = {
    name.lower(): BY_NAME[name].bits
    for name in ("F16", "BF16", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0")
} | {"fp8": 8.0}
_OF_VLLM = ("f16", "bf16", "fp8")


@dataclass(frozen=True)
class Machine:
    """*memory* bytes, of a GPU or, if *shared*, those that a Mac's GPU may use."""

    memory: int
    shared: bool = False
    utilisation: float = UTILISATION
    reserve: int = RESERVE


@dataclass(frozen=True)
class Wanted:
    """*users* sequences of *window* tokens at the same time, cached as *cache*."""

    window: int
    users: int = 1
    cache: str = "f16"
    images: bool = True


@dataclass(frozen=True)
class Parts:
    """
    Bytes of a running model.

    *compute* is what a batch of text needs, *images* the encoder and the largest image.
    For vLLM both are estimates, as is the image in llama.cpp.
    """

    weights: int
    images: int
    cache: int
    compute: int

    @property
    def total(self) -> int:
        """All parts together."""
        return self.weights + self.images + self.cache + self.compute


@dataclass(frozen=True)
class Row:
    """
    One format on one machine.

    *largest* is the largest window in tokens that fits, at most that of the model, and
    0 if not even the weights fit. *left* is negative by the bytes that are missing.
    """

    engine: str
    format: str
    parts: Parts
    available: int
    left: int
    largest: int
    file: Path | None = None

    @property
    def fits(self) -> bool:
        """Whether the wanted window fits."""
        return self.left >= 0


@dataclass(frozen=True)
class _Weights:
    """Weights of a format in bytes, and of the image encoder."""

    engine: str
    format: str
    text: int
    images: int
    file: Path | None = None


def share(memory: int) -> float:
    """Return the share of a Mac's *memory* bytes that its GPU may use by default."""
    return SHARE_OF_MUCH if memory >= MUCH else SHARE


def rows(
    shape: Shape, machine: Machine, wanted: Wanted, stored: Stored | None = None
) -> list[Row]:
    """
    Return a row for each format, those of the files first.

    Raises:
        UsageError: The window is larger than the model's, or the engines of this
            machine have no such cache.
    """
    if wanted.window > shape.window:
        raise UsageError(
            f"The model was made for {shape.window} tokens; give --context at most "
            f"{shape.window}, not {wanted.window}."
        )
    found = [
        _row(weights, shape, machine, wanted)
        for weights in _weights(shape, stored)
        if _has_cache(weights.engine, wanted.cache)
        and not (machine.shared and weights.engine == VLLM)
    ]
    if not found:
        raise UsageError(
            f"--kv-type {wanted.cache} is one of vLLM, which needs a GPU of its own; "
            "with --ram choose f16, q8_0 or another type of llama.cpp."
        )
    return found


def _has_cache(engine: str, name: str) -> bool:
    return name in _OF_VLLM if engine == VLLM else name != "fp8"


def _weights(shape: Shape, stored: Stored | None) -> list[_Weights]:
    vision = 0 if shape.vision is None else 2 * shape.vision.weights(shape.width)
    listed = []
    if stored is not None:
        engine = LLAMACPP if stored.is_gguf else VLLM
        text = stored.weights - stored.images
        name = f"this {'file' if stored.is_gguf else 'folder'} ({stored.format})"
        listed.append(_Weights(engine, name, text, stored.images, stored.path))
    listed += [_Weights(VLLM, n, vllm_weights(shape, n), vision) for n in VLLM_FORMATS]
    listed += [
        _Weights(LLAMACPP, n, gguf_weights(shape, n), vision) for n in GGUF_FORMATS
    ]
    return listed


def _row(weights: _Weights, shape: Shape, machine: Machine, wanted: Wanted) -> Row:
    available = machine.memory
    if weights.engine == VLLM:
        available = int(machine.memory * machine.utilisation)
    available -= machine.reserve

    def parts(window: int) -> Parts:
        return _parts(weights, shape, wanted, window)

    def fits(window: int) -> bool:
        return parts(window).total <= available

    asked = parts(wanted.window)
    low, high = 0, shape.window // _CELLS
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle * _CELLS) else (low, middle - 1)
    return Row(
        weights.engine,
        weights.format,
        asked,
        available,
        available - asked.total,
        low * _CELLS,
        weights.file,
    )


def _parts(weights: _Weights, shape: Shape, wanted: Wanted, window: int) -> Parts:
    vision = shape.vision if wanted.images else None
    encoder = weights.images if wanted.images else 0
    if weights.engine == VLLM:
        return Parts(
            weights.text,
            encoder + (0 if vision is None else _image(vision, _squares(vision), 2)),
            vllm_cache(shape, window, wanted.users, wanted.cache),
            _profile_run(shape, wanted.users),
        )
    cells = llamacpp_cells(window)
    compute = compute_buffer(shape, cells, wanted.users, BATCH)
    logits = 4 * wanted.users * shape.vocabulary
    return Parts(
        weights.text,
        encoder + (0 if vision is None else _image(vision, _PATCHES, 4)),
        llamacpp_cache(shape, window, wanted.users, wanted.cache),
        compute + logits,
    )


def llamacpp_cells(window: int) -> int:
    """Return the tokens for which llama.cpp makes room in one sequence."""
    return -(-window // _CELLS) * _CELLS


def llamacpp_cache(shape: Shape, window: int, users: int, cache: str) -> int:
    """
    Return the bytes of llama.cpp's KV cache, the "KV buffer size" of its log.

    A sliding window is not taken off: the cache of such a model may be smaller.
    """
    numbers = 2 * shape.layers * shape.key_heads * shape.head
    return int(users * llamacpp_cells(window) * numbers * CACHES[cache] / 8)


def vllm_page(shape: Shape, cache: str, block: int = PAGE) -> int:
    """Return the bytes of *block* tokens in all layers of vLLM's KV cache."""
    numbers = 2 * shape.layers * shape.key_heads * shape.head
    return int(block * numbers * CACHES[cache] / 8)


def vllm_tokens(shape: Shape, memory: int, cache: str, block: int = PAGE) -> int:
    """Return the "KV cache size" of vLLM's log in tokens, for *memory* bytes."""
    return memory // vllm_page(shape, cache, block) * block


def vllm_cache(shape: Shape, window: int, users: int, cache: str) -> int:
    """Return the bytes of *users* full windows; one more block is vLLM's own."""
    return (users * -(-window // PAGE) + 1) * vllm_page(shape, cache)


def _profile_run(shape: Shape, users: int) -> int:
    """
    Estimate the peak of vLLM's profile run: a batch in BF16, and logits in 32 bits.

    Alive at once are gate, up and their product, and about four rows of the model's
    width; the logits of each sequence exist twice while they are sampled.
    """
    batch = max(_BATCHED, users)
    rows = batch * (3 * shape.feed_forward + 4 * shape.width) * 2
    return rows + 2 * 4 * users * shape.vocabulary


def _image(vision: Vision, patches: int, size: int) -> int:
    """Estimate the results of the encoder for one image of so many patches."""
    return patches * (3 * vision.feed_forward + 5 * vision.width) * size


def _squares(vision: Vision) -> int:
    return (vision.image // vision.patch) ** 2
