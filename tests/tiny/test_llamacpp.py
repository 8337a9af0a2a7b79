"""Tests of the GGUF files: reproducible, small and readable."""

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


def test_reader_finds_metadata_and_tensors(files):
    reader = gguf.GGUFReader(files[0] / "model.gguf")
    metadata = {name: field.contents() for name, field in reader.fields.items()}
    shapes = {tensor.name: list(tensor.shape) for tensor in reader.tensors}

    assert "llama" == metadata["general.architecture"]
    assert 131_072 == metadata["llama.context_length"]
    assert (
        LEAST == metadata["llama.vocab_size"] == len(metadata["tokenizer.ggml.tokens"])
    )
    assert "[THINK]" in metadata["tokenizer.chat_template"]
    assert [192, LEAST] == shapes["token_embd.weight"] == shapes["output.weight"]
