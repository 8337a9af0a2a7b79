"""
Lets torchvision be imported beside a torch without CUDA, in every process of vLLM.

The registry's torchvision is built for CUDA. Its C++ library cannot be loaded then, and
the import stops where it describes operators that nobody declared. vLLM needs none of
them for images, so declaring them is enough. Python imports a module of this name when
it starts, if its folder is on PYTHONPATH, and that reaches vLLM's children too.
"""

from __future__ import annotations

import importlib
import importlib.abc
import sys

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
        library = torch.library.Library("torchvision", "DEF")
        for operator in OPERATORS:
            library.define(operator + SIGNATURE)
        type(self).library = library


sys.meta_path.insert(0, Declaring())
