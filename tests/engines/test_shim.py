"""The operators are declared just before torchvision is imported, and only then."""

import subprocess
import sys
from pathlib import Path

from contract.engines import shim

# A torch that notes what is declared, and a torchvision that looks at it.
TORCH = """
declared = []
class Library:
    def __init__(self, name, kind): self.name = name
    def define(self, schema): declared.append(f"{self.name}::{schema}")
class library: Library = Library
"""
PROGRAM = """
import sys
import json
early = "torch" in sys.modules
import torchvision
print(early, *torchvision.seen, sep="|")
"""


def test_operators_are_declared_when_torchvision_is_imported(tmp_path):
    (tmp_path / "torch.py").write_text(TORCH)
    (tmp_path / "torchvision.py").write_text("import torch\nseen = torch.declared")
    path = f"{Path(shim.__file__).parent}:{tmp_path}"
    done = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )

    signature = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
    assert done.stdout.strip() == "|".join(
        ["False", f"torchvision::nms{signature}", f"torchvision::qnms{signature}"]
    )
