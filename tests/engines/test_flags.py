"""What a user adds to a server's flags, and takes away."""

import pytest

from contract.engines.flags import changed
from contract.errors import UsageError

USUAL = ("--jinja", "--images", '{"image": 10}', "--ctx-size", "8", "--metrics")


@pytest.mark.parametrize(
    ("flags", "without", "left"),
    [
        ("", "", USUAL),
        ("--ctx-size 4", "", (*USUAL, "--ctx-size", "4")),
        ("-c=4 --name 'a b'", "", (*USUAL, "-c=4", "--name", "a b")),
        ("", "--jinja", USUAL[1:]),
        ("", "--images", ("--jinja", *USUAL[3:])),
        ("", "--metrics, --ctx-size", USUAL[:3]),
        ("", "--metrics,--ctx-size", USUAL[:3]),
        ("--jinja", "--jinja", (*USUAL[1:], "--jinja")),
    ],
    ids=["none", "more", "quoted", "first", "value", "both", "comma", "moved"],
)
def test_flags_come_last_and_what_is_unwanted_goes_with_its_value(flags, without, left):
    assert left == changed(USUAL, flags=flags, without=without)


@pytest.mark.parametrize(
    ("flags", "without", "sentence"),
    [
        ("--name 'a", "", r"\?flags= cannot be read \(No closing quotation\)"),
        ("", "--name 'a", r"\?without= cannot be read"),
        ("", "--ninja", "no flag that is set, '--ninja'. Set: --jinja, --images"),
        ("", "8", "no flag that is set, '8'"),
        ("--port 1", "", r"--port is the target's own; write \?port=N instead"),
        ("--port=1", "", r"--port is the target's own"),
    ],
    ids=["quote", "quote-without", "unknown", "value", "port", "port-with-value"],
)
def test_mistake_is_answered_with_a_sentence(flags, without, sentence):
    with pytest.raises(UsageError, match=sentence):
        changed(
            USUAL,
            flags=flags,
            without=without,
            ours={"--port": "write ?port=N instead"},
        )
