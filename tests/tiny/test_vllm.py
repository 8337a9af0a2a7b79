"""Tests of the directory for vLLM: reproducible, small, consistent shapes."""

import json

import pytest

from contract.tiny.vocabulary import LEAST

numpy = pytest.importorskip("safetensors.numpy", reason="no extra [tiny]")
vllm = pytest.importorskip("contract.tiny.vllm")
NAMES = ["consolidated.safetensors", "params.json", "tekken.json"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
    for folder in found:
        vllm.write(folder, LEAST)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_same_bytes_every_time(folders, name):
    one, two = ((folder / name).read_bytes() for folder in folders)

    assert one == two


def test_directory_is_small_and_contains_nothing_else(folders):
    paths = sorted(folders[0].iterdir())

    assert NAMES == [path.name for path in paths]
    assert sum(path.stat().st_size for path in paths) < 40_000_000


def test_shapes_match_the_parameters(folders):
    params = json.loads((folders[0] / "params.json").read_text())
    found = numpy.load_file(folders[0] / "consolidated.safetensors")
    width = params["dim"]
    vision = params["vision_encoder"]["hidden_size"]
    heads = params["n_heads"] * params["head_dim"]

    assert {
        "tok_embeddings.weight": (params["vocab_size"], width),
        "output.weight": (params["vocab_size"], width),
        "layers.0.attention.wq.weight": (heads, width),
        "layers.0.attention.wo.weight": (width, heads),
        "layers.0.feed_forward.w1.weight": (params["hidden_dim"], width),
        "layers.0.feed_forward.w2.weight": (width, params["hidden_dim"]),
        "vision_encoder.patch_conv.weight": (vision, 3, 14, 14),
        "vision_language_adapter.w_in.weight": (width, vision),
    }.items() <= {name: array.shape for name, array in found.items()}.items()


def test_mistral_common_reads_the_vocabulary(folders):
    tekken = pytest.importorskip("mistral_common.tokens.tokenizers.tekken")
    tokenizer = tekken.Tekkenizer.from_file(folders[0] / "tekken.json")

    assert LEAST == tokenizer.n_words
    assert "v13" == tokenizer.version
    assert "Grüße #utf" == tokenizer.decode(
        tokenizer.encode("Grüße #utf", bos=False, eos=False)
    )
