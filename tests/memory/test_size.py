"""Sizes as people write them."""

import pytest

from contract.errors import UsageError
from contract.memory.size import gib, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("24GiB", 24 * 2**30),
        ("24", 24 * 2**30),
        ("24 GB", 24 * 10**9),
        ("1.5g", 1610612736),
    ],
)
def test_units_are_told_apart(text, size):
    assert size == parse_size("--gpu", text)


@pytest.mark.parametrize(
    "text", ["", "0GiB", "-1", "nan", "24 apples", "1e9", "9" * 400]
)
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UsageError, match="--gpu must be"):
        parse_size("--gpu", text)


def test_bytes_are_shown_in_gib():
    assert "1.50" == gib(1.5 * 2**30)
