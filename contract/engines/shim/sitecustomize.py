"""
Makes torchvision usable beside a torch without CUDA, in every process of an engine.

The registry's torchvision is built for CUDA, and then neither of its C++ libraries can
be loaded. Without the one, the import stops where it describes operators that nobody
declared; no engine needs them for images, so declaring them is enough. Without the
other, no image can be decoded, which Pillow does instead. A torchvision whose libraries
can be loaded is left as it is. Python imports a module of this name when it starts, if
its folder is on PYTHONPATH, and that reaches the engine's children too.
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


class Declaring(importlib.abc.MetaPathFinder):
    """Finds nothing; declares the operators when torchvision is first looked for."""

    library: object = None  # torch forgets what nobody holds

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> None:
        """Always None, so that the others go on looking."""
        if name != "torchvision":
            return
        sys.meta_path.remove(self)
        torch = importlib.import_module("torch")
        if _loads(torch):
            return
        library = torch.library.Library("torchvision", "DEF")
        for operator in OPERATORS:
            library.define(operator + SIGNATURE)
        type(self).library = library


def _loads(torch: Any) -> bool:
    """Whether torchvision's own operators can be had; it loads them itself later."""
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        return False
    try:
        torch.ops.load_library(str(Path(found.origin).with_name("_C.so")))
    except OSError:
        return False
    return True


class Decoding(importlib.abc.MetaPathFinder):
    """Has Pillow decode images once torchvision has found that it cannot."""

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        """What the others find, with something to do after the import."""
        if name != "torchvision.io.image":
            return None
        sys.meta_path.remove(self)
        found = importlib.util.find_spec(name)
        if found is not None and found.loader is not None:
            found.loader = _Loader(found.loader)
        return found


class _Loader(importlib.abc.Loader):
    def __init__(self, original: Any) -> None:
        self.original = original

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self.original.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self.original.exec_module(module)
        torch = importlib.import_module("torch")
        if not hasattr(torch.ops.image, "decode_image"):
            module.decode_image = decoded  # type: ignore[attr-defined]  # the point


def decoded(source: Any, *_args: object, **_options: object) -> Any:
    """An image, by its bytes in a tensor or its path, as upright RGB: 3 x H x W."""
    image, numpy = (importlib.import_module(name) for name in ("PIL.Image", "numpy"))
    upright = importlib.import_module("PIL.ImageOps").exif_transpose
    torch = importlib.import_module("torch")
    data = io.BytesIO(source.numpy().tobytes()) if hasattr(source, "numpy") else source
    pixels = numpy.array(upright(image.open(data)).convert("RGB"))
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous()


sys.meta_path[:0] = [Declaring(), Decoding()]
