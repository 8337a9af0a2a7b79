"""
`fit`: its table, its exit codes, and one sentence for each bad input.

With the readers behind it: memory.files, memory.gguf, memory.safetensors; and the
commands of memory.starting.
"""

import json
import struct

import pytest

from contract.cli import run

FOLDER = {
    "params.json": json.dumps(
        {
            "dim": 64,
            "n_layers": 1,
            "head_dim": 64,
            "hidden_dim": 64,
            "n_heads": 1,
            "n_kv_heads": 1,
            "vocab_size": 100,
            "max_seq_len": 1024,
        }
    ),
}


def tensors(count=8):
    head = json.dumps(
        {"a": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}
    ).encode()
    return len(head).to_bytes(8, "little") + head + bytes(count)


def test_what_fits_is_0_and_what_does_not_is_1(capsys):
    assert 0 == run(["fit", "--gpu", "24GiB", "--context", "40960"])
    assert "llama-server -m MODEL-Q5_K_S.gguf" in capsys.readouterr().out
    assert 1 == run(["fit", "--ram", "8GB", "--json"])
    assert not any(row["fits"] for row in json.loads(capsys.readouterr().out)["rows"])


def test_a_folder_in_mistrals_format_is_read(tmp_path, capsys):
    (tmp_path / "params.json").write_text(FOLDER["params.json"])
    (tmp_path / "consolidated.safetensors").write_bytes(tensors())

    assert 0 == run(["fit", "--gpu", "2GiB", "--model-dir", str(tmp_path), "--json"])
    first = json.loads(capsys.readouterr().out)["rows"][0]
    assert (8, "this folder (BF16)") == (first["weights"], first["format"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Give the memory of one machine"),
        (("--gpu", "24", "--ram", "32"), "Give the memory of one machine"),
        (("--gpu", "0GiB"), "more than 0"),
        (("--gpu", "24", "--context", "131073"), "at most 131072"),
        (("--gpu", "24", "--kv-type", "q9"), "Invalid value"),
        (("--ram", "32", "--kv-type", "fp8"), "one of vLLM"),
        (("--gpu", "24", "--model", "magistral-medium"), "not public"),
        (("--gpu", "24", "--model", "nothing"), "There is no model"),
        (("--gpu", "24", "--share", "0.5"), "leave it out"),
        (("--gpu", "24", "--mmproj", "x"), "belongs to"),
        (("--gpu", "24", "--gguf", "x", "--model", "y"), "Give one of"),
        (("--gpu", "24", "--gguf", "{}/none"), "cannot be read"),
        (("--gpu", "24", "--gguf", "{}/text"), "no GGUF file"),
        (("--gpu", "24", "--gguf", "{}/cut"), "ends within its header"),
        (("--gpu", "24", "--gguf", "{}/bomb"), "damaged"),
        (("--gpu", "24", "--gguf", "{}/m-00001-of-00002.gguf"), "is missing"),
        (("--gpu", "24", "--model-dir", "{}/none"), "There is no folder"),
        (("--gpu", "24", "--model-dir", "{}"), "neither params.json"),
        (("--gpu", "24", "--model-dir", "{}/shards"), "is missing"),
        (("--gpu", "24", "--model-dir", "{}/short"), "is cut off"),
    ],
)
def test_bad_input_is_one_sentence(options, words, tmp_path, capsys):
    (tmp_path / "text").write_text("text")
    (tmp_path / "cut").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 1))
    (tmp_path / "bomb").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 2**40, 2**40))
    (tmp_path / "m-00001-of-00002.gguf").write_bytes(b"GGUF")
    for name, file, size in (
        ("shards", "model-00001-of-00002.safetensors", 8),
        ("short", "model.safetensors", 2),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "params.json").write_text(FOLDER["params.json"])
        (tmp_path / name / file).write_bytes(tensors(size))

    code = run(["fit", *(one.format(tmp_path) for one in options)])
    printed = capsys.readouterr().err

    assert (2, 1) == (code, printed.count("\n"))
    assert words in printed
