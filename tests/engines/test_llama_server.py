"""The wheel's server understands what is said to the real one."""

from pathlib import Path

import pytest

from contract.engines.llama_server import flags
from contract.targets.llamacpp import flags as said

REST = [
    *("--host", "127.0.0.1", "--port", "1"),
    *("--ctx-size", "8", "--parallel", "2", "--threads", "1"),
]


def test_what_the_target_says_is_understood():
    given = flags().parse_args([*said(Path("m.gguf"), Path("i.gguf"), "m"), *REST])

    assert ("m.gguf", "i.gguf", "m") == (given.model, given.mmproj, given.alias)
    assert given.jinja
    assert given.metrics
    assert given.offline
    assert given.no_ui


def test_unknown_flag_is_refused(capsys):
    with pytest.raises(SystemExit):
        flags().parse_args(["--model", "m", "--alias", "m", *REST, "--slots", "1"])

    assert "unrecognized arguments: --slots 1" in capsys.readouterr().err
