"""Tests of the torchvision shim, with fake modules."""

import subprocess
import sys
from pathlib import Path

import pytest

from contract.engines import shim

# A torch that records what is declared, and that can or cannot load a library.
TORCH = """
declared = []
class Library:
    def __init__(self, name, kind): self.name = name
    def define(self, schema): declared.append(f"{self.name}::{schema}")
class library: Library = Library
class Image: pass
class ops:
    image = Image()
    def load_library(path):
        if not LOADS: raise OSError(path)
        ops.image.decode_image = "loaded"
LOADS = 0
"""
# A torchvision that reads these declarations, and has an image decoder of its own.
VISION = {
    "__init__.py": "import torch\nseen = tuple(torch.declared)",
    "io/__init__.py": "from torchvision.io.image import decode_image",
    "io/image.py": "def decode_image(data): return 'by torchvision'",
}
PROGRAM = """
import sys
early = "torch" in sys.modules
import torchvision
from torchvision.io import decode_image
print(early, *torchvision.seen, decode_image.__module__, sep="|")
"""
SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
BY_PILLOW = [f"torchvision::{name}{SIGNATURE}" for name in ("nms", "qnms")]


@pytest.fixture
def output(tmp_path):
    """`output(torch)`: what PROGRAM prints if *torch* is the text of that module."""

    def output(torch):
        (tmp_path / "torch.py").write_text(torch)
        for name, text in VISION.items():
            path = tmp_path / "torchvision" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run(  # noqa: S603  # the program above
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONPATH": f"{Path(shim.__file__).parent}:{tmp_path}"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip().split("|")

    return output


def test_operators_are_declared_and_pillow_decodes_where_nothing_loads(output):
    assert ["False", *BY_PILLOW, "sitecustomize"] == output(TORCH)


def test_torchvision_that_loads_is_left_unchanged(output):
    found = output(TORCH.replace("LOADS = 0", "LOADS = 1"))

    assert ["False", "torchvision.io.image"] == found
