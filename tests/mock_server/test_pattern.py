"""Tests of texts generated for regular expressions."""

import re

import pytest

from contract.mock_server.pattern import matching


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{2}\d+-(foo|bar)$",
        r"^\w+@\w+\.\w{2,}$",
        r"[^a-z\s]",
        r"^(?:ab?|c)+$",
        r"^.{3}\S\D\W$",
        r"^[\d.]+[^\d]$",
        r"^$",
    ],
)
def test_text_matches_its_pattern(pattern):
    text = matching(pattern)

    assert text is not None
    assert re.search(pattern, text)


@pytest.mark.parametrize("pattern", ["[", "(?>a+)b", "(?=a)b", r"(a)\1\2", "a(?!a)"])
def test_invalid_or_unsupported_pattern_has_no_text(pattern):
    assert matching(pattern) is None
