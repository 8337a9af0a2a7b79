"""Tests of the quotation of logs, and of missing files."""

import pytest

from contract.engines.process import (
    CAUSES,
    LINES,
    MAX_LENGTH,
    existing_file,
    last_lines,
)
from contract.errors import UsageError


def test_only_the_end_of_a_log_is_quoted():
    log = "\n".join(f"line {n}" for n in range(100))
    quoted = last_lines(log).splitlines()

    assert LINES == len(quoted)
    assert "  line 99" == quoted[-1]


@pytest.mark.parametrize(
    ("log", "quoted"),
    [
        ("", ""),
        ("\n \n", ""),
        ("a  \r\n\n\nb", "  a\n  b"),
        ("key sk-1 refused", "  key … refused"),
        ("x" * 1_000, "  " + "x" * MAX_LENGTH),
        ("\x1b[1;36m(Engine)\x1b[0;0m it is off", "  (Engine) it is off"),
    ],
    ids=["empty", "blank", "gaps", "secret", "long", "colour"],
)
def test_quoted_lines_are_short_and_contain_no_secret(log, quoted):
    assert quoted == last_lines(log, "sk-1")


def test_errors_from_before_the_end_are_quoted_first():
    early = ["all is well", "ValueError: no such flag", "Error: ends", "on it goes"]
    log = "\n".join([*early, *(f"line {n}" for n in range(LINES))])
    quoted = last_lines(log).splitlines()

    assert ["  ValueError: no such flag", "  Error: ends", "  …"] == quoted[:3]
    assert "  line 0" == quoted[3]
    assert CAUSES + LINES + 1 == len(last_lines("XError: x\n" * 100).splitlines())


def test_missing_file_is_rejected(tmp_path):
    with pytest.raises(UsageError, match=r"There is no file '.*model\.gguf'"):
        existing_file(str(tmp_path / "model.gguf"))
