"""Control characters of untrusted text are escaped."""

import pytest

from contract.model.escape import escape_controls


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("\x1b[31mred", "\\x1b[31mred", id="escape"),
        pytest.param("a\nb\tc\rd", "a\\nb\\tc\\rd", id="white-space"),
        pytest.param("\x9b31m", "\\x9b31m", id="c1-csi"),
        pytest.param("a\u202eb\u2066", "a\\u202eb\\u2066", id="bidi"),
        pytest.param("\ud800", "\\ud800", id="lone-surrogate"),
        pytest.param("\x07\x00\x7f", "\\x07\\x00\\x7f", id="controls"),
        pytest.param("[red]日本語 👋🏽", "[red]日本語 👋🏽", id="harmless"),
    ],
)
def test_control_characters_are_escaped(text, expected):
    assert expected == escape_controls(text)
