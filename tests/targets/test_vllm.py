"""Tests of the vLLM target up to the start of the server, and of its command."""

from itertools import pairwise

import pytest

from contract.errors import UsageError
from contract.targets.base import parse_target
from contract.targets.vllm import default_flags, environment, read, vllm

KINDS = {"vllm": vllm}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("vllm", "Which model"),
        ("vllm:./missing", "There is no './missing'"),
        ("vllm:tiny?ctx=0", "at least 1 token"),
        ("vllm:tiny?python=/nowhere/python", r"\?python= must name an interpreter"),
        ("vllm:tiny?flags=--port 1", r"--port is set by the target; write \?port="),
        ("vllm:tiny?without=--ctx", r"Set: --tokenizer-mode, --config-format"),
        ("vllm:tiny?reasoning=no", "has no option 'reasoning'. Did you mean"),
    ],
    ids=["none", "missing", "ctx", "python", "flags", "without", "option"],
)
def test_invalid_target_raises_a_usage_error(text, sentence):
    with pytest.raises(UsageError, match=sentence), parse_target(text, KINDS).open():
        pass


def test_incomplete_directory_is_rejected_with_the_missing_files(tmp_path):
    (tmp_path / "params.json").touch()
    with pytest.raises(UsageError, match=r"has no tekken\.json; name a directory"):
        read(str(tmp_path))

    (tmp_path / "tekken.json").touch()

    assert tmp_path == read(str(tmp_path))


def test_name_of_a_model_is_resolved_by_vllm():
    assert read("mistralai/Magistral-Small-2509") is None


def test_parsers_are_passed_on():
    both = default_flags(131_072, "mistral", "hermes")

    assert {
        ("--reasoning-parser", "mistral"),
        ("--tool-call-parser", "hermes"),
        ("--max-model-len", "131072"),
    } <= set(pairwise(both))
    assert "--enable-auto-tool-choice" in both


def test_empty_parser_is_left_out():
    neither = default_flags(8, "", "")

    assert not {"--reasoning-parser", "--tool-call-parser"} & set(neither)
    assert "--enable-auto-tool-choice" not in neither


def test_key_is_a_variable_and_a_local_model_is_offline():
    variables = environment("sk-1", offline=True)

    assert "sk-1" == variables["VLLM_API_KEY"]
    assert "1" == variables["HF_HUB_OFFLINE"]
    assert "VLLM_API_KEY" not in environment("", offline=False)
    assert "HF_HUB_OFFLINE" not in environment("", offline=False)


def test_variables_of_the_user_take_precedence_except_the_path_of_the_shim():
    given = {"VLLM_CPU_OMP_THREADS_BIND": "all", "PYTHONPATH": "/elsewhere"}
    variables = environment("", offline=False, given=given)

    assert "all" == variables["VLLM_CPU_OMP_THREADS_BIND"]
    assert "1" == variables["OMP_NUM_THREADS"]
    assert variables["PYTHONPATH"].endswith("shim")
