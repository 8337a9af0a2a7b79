"""Tests of the directory for Transformers: reproducible, small, consistent shapes."""

import json

import pytest

from contract.tiny.vocabulary import LEAST
from contract.tiny.weights import HEAD, KEY_HEADS

np = pytest.importorskip("numpy", reason="the extra [tiny] is not installed")
numpy = pytest.importorskip("safetensors.numpy", reason="no extra [tiny]")
transformers = pytest.importorskip("contract.tiny.transformers")
NAMES = [
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "preprocessor_config.json",
    "processor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    found = [tmp_path_factory.mktemp(name) for name in ("one", "two")]
    for folder in found:
        transformers.write(folder)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_same_bytes_every_time(folders, name):
    one, two = ((folder / name).read_bytes() for folder in folders)

    assert one == two


def test_directory_is_small_and_contains_nothing_else(folders):
    paths = sorted(folders[0].iterdir())

    assert NAMES == [path.name for path in paths]
    assert sum(path.stat().st_size for path in paths) < 40_000_000


def test_shapes_match_the_configuration(folders):
    config = json.loads((folders[0] / "config.json").read_text())
    found = numpy.load_file(folders[0] / "model.safetensors")
    text, vision = config["text_config"], config["vision_config"]["hidden_size"]
    width, size = text["hidden_size"], text["vocab_size"]
    heads = text["num_attention_heads"] * text["head_dim"]
    layer = "model.language_model.layers.0"
    tower = "model.vision_tower.transformer.layers.0"

    assert LEAST == size
    assert {
        "lm_head.weight": (size, width),
        "model.language_model.embed_tokens.weight": (size, width),
        f"{layer}.self_attn.q_proj.weight": (heads, width),
        f"{layer}.self_attn.o_proj.weight": (width, heads),
        f"{layer}.mlp.gate_proj.weight": (text["intermediate_size"], width),
        f"{layer}.mlp.down_proj.weight": (width, text["intermediate_size"]),
        "model.vision_tower.patch_conv.weight": (vision, 3, 14, 14),
        f"{tower}.attention.q_proj.weight": (vision, vision),
        f"{tower}.feed_forward.down_proj.weight": (vision, vision),
        "model.multi_modal_projector.linear_1.weight": (width, vision),
    }.items() <= {name: array.shape for name, array in found.items()}.items()


def test_rotary_pairs_are_half_a_head_apart():
    rows = np.arange(KEY_HEADS * HEAD * 2).reshape(KEY_HEADS * HEAD, 2)
    moved = transformers.halved(rows)
    pairs = [(moved[at, 0] // 2, moved[at + HEAD // 2, 0] // 2) for at in (0, 1, 31)]

    assert [(0, 1), (2, 3), (62, 63)] == pairs


def test_template_and_tokenizer_have_the_same_markers(folders):
    template = (folders[0] / "chat_template.jinja").read_text(encoding="utf-8")
    known = json.loads((folders[0] / "tokenizer.json").read_text())["model"]["vocab"]

    for marker in ("[INST]", "[/INST]", "[THINK]", "[TOOL_CALLS]", "[IMG]"):
        assert marker in template
        assert marker in known
