"""GGUF files: the same bytes every time, small, with what was meant in them."""

import pytest

from contract.tiny.vocabulary import LEAST

gguf = pytest.importorskip("gguf", reason="the extra [tiny] is not installed")
llamacpp = pytest.importorskip("contract.tiny.llamacpp")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    paths = []
    for name in ("one", "two"):
        folder = tmp_path_factory.mktemp(name)
        llamacpp.write(folder / "model.gguf", folder / "images.gguf")
        paths.append(folder)
    return paths


@pytest.mark.parametrize("name", ["model.gguf", "images.gguf"])
def test_same_bytes_every_time(files, name):
    one, two = ((folder / name).read_bytes() for folder in files)

    assert one == two
    assert len(one) < 40_000_000


def test_reader_finds_what_was_meant(files):
    reader = gguf.GGUFReader(files[0] / "model.gguf")
    said = {name: field.contents() for name, field in reader.fields.items()}
    shapes = {tensor.name: list(tensor.shape) for tensor in reader.tensors}

    assert "llama" == said["general.architecture"]
    assert 131_072 == said["llama.context_length"]
    assert LEAST == said["llama.vocab_size"] == len(said["tokenizer.ggml.tokens"])
    assert "[THINK]" in said["tokenizer.chat_template"]
    assert [192, LEAST] == shapes["token_embd.weight"] == shapes["output.weight"]
