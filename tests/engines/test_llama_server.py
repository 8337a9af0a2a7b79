"""Tests of the wheel's server: it takes the flags of `llama-server`."""

from pathlib import Path

import pytest

from contract.engines.llama_server import flags
from contract.targets.llamacpp import default_flags, model_flags

REST = ["--host", "127.0.0.1", "--port", "1"]
FLAGS = [
    *model_flags(Path("m.gguf"), Path("i.gguf"), "m"),
    *default_flags(16, 2, 1, "none"),
]


def test_flags_of_the_target_are_supported():
    given = flags().parse_args([*FLAGS, *REST])

    assert ("m.gguf", "i.gguf", "m") == (given.model, given.mmproj, given.alias)
    assert (16, 2, 1) == (given.ctx_size, given.parallel, given.threads)
    assert "none" == given.reasoning_format
    assert given.jinja
    assert given.metrics
    assert given.offline
    assert given.no_ui


def test_last_flag_takes_effect_and_short_names_are_supported():
    given = flags().parse_args([*FLAGS, *REST, "-c", "4", "-np", "3", "-t", "5"])

    assert (4, 3, 5) == (given.ctx_size, given.parallel, given.threads)


def test_flags_with_a_default_may_be_left_out():
    given = flags().parse_args([*model_flags(Path("m.gguf"), None, "m"), *REST])

    assert (None, None, None) == (given.ctx_size, given.parallel, given.threads)
    assert not given.jinja


def test_unknown_flag_is_rejected(capsys):
    with pytest.raises(SystemExit):
        flags().parse_args(["--model", "m", "--alias", "m", *REST, "--slots", "1"])

    assert "unrecognized arguments: --slots 1" in capsys.readouterr().err
