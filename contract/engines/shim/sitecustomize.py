"""
Shim that makes torchvision usable with a torch without CUDA, in all engine processes.

The torchvision on the package index is built for CUDA; with a torch without CUDA
neither of its C++ libraries can be loaded. Without the first, the import fails where it
describes operators that were not declared; no engine needs them for images, so
declaring them is enough. Without the second, images cannot be decoded, so Pillow
decodes them. A torchvision whose libraries can be loaded is left unchanged. Python
imports a module of this name at startup if its folder is on PYTHONPATH, also in the
child processes of an engine.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import io
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

OPERATORS = ("nms", "qnms")
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


class OperatorDeclarer(importlib.abc.MetaPathFinder):
    """Finds nothing; declares the operators when torchvision is first imported."""

    library: object = None  # torch drops a library without references

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> None:
        """Return None always, so that the search goes on."""
        if name != "torchvision":
            return
        sys.meta_path.remove(self)
        torch = importlib.import_module("torch")
        if _can_load(torch):
            return
        library = torch.library.Library("torchvision", "DEF")
        for operator in OPERATORS:
            library.define(operator + SIGNATURE)
        type(self).library = library


def _can_load(torch: Any) -> bool:
    """Whether torchvision's own operators can be loaded, as its import will do."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    try:
        torch.ops.load_library(str(Path(spec.origin).with_name("_C.so")))
    except OSError:
        return False
    return True


class DecoderReplacer(importlib.abc.MetaPathFinder):
    """Replaces the image decoder after an import that could not load its library."""

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        """Return the ordinary spec with a loader that replaces the decoder."""
        if name != "torchvision.io.image":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, original: Any) -> None:
        self.original = original

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self.original.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self.original.exec_module(module)
        torch = importlib.import_module("torch")
        if not hasattr(torch.ops.image, "decode_image"):
            module.decode_image = decode  # type: ignore[attr-defined]  # its purpose


def decode(source: Any, *_args: object, **_options: object) -> Any:
    """
    Decode an image to upright RGB, a tensor of the shape 3 x height x width.

    *source* is a tensor of the file's bytes, or a path.
    """
    image, numpy = (importlib.import_module(name) for name in ("PIL.Image", "numpy"))
    upright = importlib.import_module("PIL.ImageOps").exif_transpose
    torch = importlib.import_module("torch")
    data = io.BytesIO(source.numpy().tobytes()) if hasattr(source, "numpy") else source
    pixels = numpy.array(upright(image.open(data)).convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


sys.meta_path[:0] = [OperatorDeclarer(), DecoderReplacer()]
