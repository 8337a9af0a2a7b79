"""The wheel's server understands what is said to the real one."""

from pathlib import Path

import pytest

from contract.engines.llama_server import flags
from contract.targets.llamacpp import (
    loading,
    usual,
)

REST = ["--host", "127.0.0.1", "--port", "1"]
SAID = [*loading(Path("m.gguf"), Path("i.gguf"), "m"), *usual(16, 2, 1, "none")]


def test_what_the_target_says_is_understood():
    given = flags().parse_args([*SAID, *REST])

    assert ("m.gguf", "i.gguf", "m") == (given.model, given.mmproj, given.alias)
    assert (16, 2, 1) == (given.ctx_size, given.parallel, given.threads)
    assert "none" == given.reasoning_format
    assert given.jinja
    assert given.metrics
    assert given.offline
    assert given.no_ui


def test_later_flag_counts_and_short_names_are_known():
    given = flags().parse_args([*SAID, *REST, "-c", "4", "-np", "3", "-t", "5"])

    assert (4, 3, 5) == (given.ctx_size, given.parallel, given.threads)


def test_flags_with_a_default_may_be_left_out():
    given = flags().parse_args([*loading(Path("m.gguf"), None, "m"), *REST])

    assert (None, None, None) == (given.ctx_size, given.parallel, given.threads)
    assert not given.jinja


def test_unknown_flag_is_refused(capsys):
    with pytest.raises(SystemExit):
        flags().parse_args(["--model", "m", "--alias", "m", *REST, "--slots", "1"])

    assert "unrecognized arguments: --slots 1" in capsys.readouterr().err
