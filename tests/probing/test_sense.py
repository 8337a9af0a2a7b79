from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.probing.sense import gibberish_in


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("!" * 40, "one character repeats"),
        ("The answer is" + "!" * 200, "one character repeats"),
        (" the" * 20, "one part repeats"),
        ("So we add them." + " and then" * 40, "one part repeats"),
        ("\n\n<|endoftext|>" * 9, "one part repeats"),
        ("\ufffd" * 6 + "abcdefghijklmnop", "bytes that are no text"),
        ("{}[];,:" + "(){}<>?/\\|;:'" * 2 + "&^%$@", "hardly any letters"),
        ("a yes b yes c yes d yes yes e yes f yes yes yes g yes", "one word repeats"),
    ],
)
def test_gibberish(text, why):
    assert gibberish_in(text).startswith(why)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "42",
        "The answer is 642",
        "Okay, let me think: six times seven makes forty-two.",
        "$$374 + 268 = \\boxed{642}$$",
        "  374\n+ 268\n-----\n  642",
        "1 + 1 = 2, 2 + 1 = 3, 3 + 1 = 4",
        "---------------------------\n| a | b |\n|---------------|",
        "Hm, wait. Wait, wait: 300 + 200 is 500, and 74 + 68 is 142. So 642.",
        "答えは六百四十二です。三百七十四に二百六十八を足します。",
        "٣٧٤ زائد ٢٦٨ يساوي ٦٤٢",
        "👋🏽👋🏽 42",
        "100000000000000000000",
    ],
)
def test_sense(text):
    assert gibberish_in(text) == ""


def test_what_is_quoted_is_on_one_line_and_short():
    said = gibberish_in("x\n" * 100)

    assert "\n" not in said
    assert len(said) < 80


@given(st.text(max_size=200))
def test_it_is_total(text):
    assert isinstance(gibberish_in(text * 3), str)
