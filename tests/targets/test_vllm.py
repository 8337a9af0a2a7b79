"""What a vLLM target understands before it starts anything, and how it starts it."""

from itertools import pairwise

import pytest

from contract.errors import UsageError
from contract.targets.base import parse_target
from contract.targets.vllm import (
    environment,
    read,
    usual,
    vllm,
)

KINDS = {"vllm": vllm}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("vllm", "Which model"),
        ("vllm:./missing", "There is no './missing'"),
        ("vllm:tiny?ctx=0", "at least 1 token"),
        ("vllm:tiny?python=/nowhere/python", r"\?python= names an interpreter"),
        ("vllm:tiny?flags=--port 1", r"--port is the target's own; write \?port="),
        ("vllm:tiny?without=--ctx", r"Set: --tokenizer-mode, --config-format"),
        ("vllm:tiny?reasoning=no", "has no option 'reasoning'. Did you mean"),
    ],
    ids=["none", "missing", "ctx", "python", "flags", "without", "option"],
)
def test_mistake_is_answered_with_a_sentence(text, sentence):
    with pytest.raises(UsageError, match=sentence), parse_target(text, KINDS).open():
        pass


def test_incomplete_directory_is_refused_by_what_it_lacks(tmp_path):
    (tmp_path / "params.json").touch()
    with pytest.raises(UsageError, match=r"has no tekken\.json; name a directory"):
        read(str(tmp_path))

    (tmp_path / "tekken.json").touch()

    assert tmp_path == read(str(tmp_path))


def test_name_is_left_to_vllm():
    assert read("mistralai/Magistral-Small-2509") is None


def test_parsers_are_as_told():
    both = usual(131_072, "mistral", "hermes")

    assert {
        ("--reasoning-parser", "mistral"),
        ("--tool-call-parser", "hermes"),
        ("--max-model-len", "131072"),
    } <= set(pairwise(both))
    assert "--enable-auto-tool-choice" in both


def test_empty_parser_is_none():
    neither = usual(8, "", "")

    assert not {"--reasoning-parser", "--tool-call-parser"} & set(neither)
    assert "--enable-auto-tool-choice" not in neither


def test_key_is_no_argument_and_a_local_model_is_offline():
    told = environment("sk-1", offline=True)

    assert "sk-1" == told["VLLM_API_KEY"]
    assert "1" == told["HF_HUB_OFFLINE"]
    assert "VLLM_API_KEY" not in environment("", offline=False)
    assert "HF_HUB_OFFLINE" not in environment("", offline=False)


def test_variables_of_ones_own_stand_but_for_the_way_to_the_shim():
    given = {"VLLM_CPU_OMP_THREADS_BIND": "all", "PYTHONPATH": "/elsewhere"}
    told = environment("", offline=False, given=given)

    assert "all" == told["VLLM_CPU_OMP_THREADS_BIND"]
    assert "1" == told["OMP_NUM_THREADS"]
    assert told["PYTHONPATH"].endswith("shim")
