"""Tests of additional and omitted server flags."""

import pytest

from contract.engines.flags import merge_flags
from contract.errors import UsageError

DEFAULTS = ("--jinja", "--images", '{"image": 10}', "--ctx-size", "8", "--metrics")


@pytest.mark.parametrize(
    ("flags", "without", "left"),
    [
        ("", "", DEFAULTS),
        ("--ctx-size 4", "", (*DEFAULTS, "--ctx-size", "4")),
        ("-c=4 --name 'a b'", "", (*DEFAULTS, "-c=4", "--name", "a b")),
        ("", "--jinja", DEFAULTS[1:]),
        ("", "--images", ("--jinja", *DEFAULTS[3:])),
        ("", "--metrics, --ctx-size", DEFAULTS[:3]),
        ("", "--metrics,--ctx-size", DEFAULTS[:3]),
        ("--jinja", "--jinja", (*DEFAULTS[1:], "--jinja")),
    ],
    ids=["none", "more", "quoted", "first", "value", "both", "comma", "moved"],
)
def test_flags_come_last_and_omitted_ones_go_with_their_value(flags, without, left):
    assert left == merge_flags(DEFAULTS, flags=flags, without=without)


@pytest.mark.parametrize(
    ("flags", "without", "sentence"),
    [
        ("--name 'a", "", r"\?flags= cannot be parsed \(No closing quotation\)"),
        ("", "--name 'a", r"\?without= cannot be parsed"),
        ("", "--ninja", "'--ninja' is not a default flag. Set: --jinja, --images"),
        ("", "8", "'8' is not a default flag"),
        ("--port 1", "", r"--port is set by the target; write \?port=N instead"),
        ("--port=1", "", r"--port is set by the target"),
    ],
    ids=["quote", "quote-without", "unknown", "value", "port", "port-with-value"],
)
def test_invalid_flags_raise_a_usage_error(flags, without, sentence):
    with pytest.raises(UsageError, match=sentence):
        merge_flags(
            DEFAULTS,
            flags=flags,
            without=without,
            reserved={"--port": "write ?port=N instead"},
        )
