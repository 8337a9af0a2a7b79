"""`tiny`: the files it writes, and its errors."""

import os
import subprocess
import sys

import pytest

from contract.cli import run

pytest.importorskip("gguf", reason="the extra [tiny] is not installed")
CUT = ("--vocabulary", "32768")


def test_a_gguf_file_is_written_with_its_image_encoder(tmp_path, capsys):
    model, images = tmp_path / "m.gguf", tmp_path / "i.gguf"
    code = run(["tiny", "gguf", str(model), "--mmproj", str(images)])
    out = capsys.readouterr().out

    assert 0 == code
    assert b"GGUF" == model.read_bytes()[:4] == images.read_bytes()[:4]
    assert f"llama-server -m {model} --mmproj {images} --jinja" in out


def test_a_folder_for_vllm_is_written(tmp_path, capsys):
    code = run(["tiny", "vllm", str(tmp_path / "new"), *CUT])
    out = capsys.readouterr().out

    assert 0 == code
    assert (tmp_path / "new" / "params.json").exists()
    assert "--reasoning-parser mistral" in out


def test_a_folder_for_transformers_is_written(tmp_path, capsys):
    place = tmp_path / "new"
    code = run(["tiny", "hf", str(place)])
    out = capsys.readouterr().out

    assert 0 == code
    assert (place / "model.safetensors").exists()
    assert f"transformers serve {place} --device cpu" in out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["gguf", "/proc/nowhere/m.gguf"], 2, "cannot be written"),
        (["gguf", "m.gguf", "--vocabulary", "7"], 2, "32768 to 131072 tokens, not 7"),
        (["gguf", "."], 2, "is a directory"),
        (["onnx", "m"], 2, "No such command"),
    ],
    ids=["no-such-folder", "too-small", "folder", "other-format"],
)
def test_a_mistake_is_a_usage_error(words, code, message, capsys):
    assert code == run(["tiny", *words])
    assert message in capsys.readouterr().err


def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    monkeypatch, capsys
):
    for module in ("contract.tiny.vllm", "contract.tiny.saving"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    code = run(["tiny", "vllm", "anywhere"])

    assert 2 == code
    assert "-e '.[tiny]'" in capsys.readouterr().err


# The program cannot write longer files; a full disk has the same effect.
SHORT = """
import resource, sys
from contract.cli import run
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
sys.exit(run(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
@pytest.mark.parametrize(
    ("command", "code", "advice"),
    [
        pytest.param(
            "tiny gguf {}/m.gguf",
            2,
            "Name a place with 200 MB of free",
            id="gguf",
        ),
        pytest.param(
            "tiny vllm {}/new", 2, "Name a place with 200 MB of free", id="vllm"
        ),
        pytest.param("tiny hf {}/new", 2, "Name a place with 200 MB of free", id="hf"),
        pytest.param("verify llamacpp:tiny", 3, "set TMPDIR to a folder", id="target"),
    ],
)
@pytest.mark.long
def test_a_full_disk_is_one_sentence_and_leaves_no_partial_file(
    command, code, advice, tmp_path
):
    if command.startswith("verify"):
        pytest.importorskip("xllamacpp", reason="the extra [llamacpp] is not installed")
    words = command.format(tmp_path).split()
    done = subprocess.run(  # noqa: S603  # the interpreter of this test
        [sys.executable, "-c", SHORT, *words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )

    assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
    assert "cannot be written" in done.stderr
    assert advice in done.stderr
    assert not list(tmp_path.rglob("*.part"))
    assert not list(tmp_path.rglob("*.gguf"))
