"""Strict JSON, and comparison of untrusted values with names."""

import pytest

from contract.model.strict_json import MISSING, is_one_of, read_json


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"", MISSING),
        (b"NaN", MISSING),
        (b"[Infinity]", MISSING),
        (b"[" * 100_000, MISSING),
        (b"\xff", MISSING),
        (b"null", None),
    ],
    ids=["object", "nothing", "NaN", "Infinity", "deep", "bytes", "null"],
)
def test_json_is_parsed_strictly(raw, value):
    assert value == read_json(raw)


@pytest.mark.parametrize(
    ("value", "found"),
    [("a", True), ("b", False), (None, False), ([], False), ({"a": 1}, False)],
    ids=["name", "other", "null", "list", "object"],
)
def test_values_that_cannot_be_hashed_are_none_of_the_names(value, found):
    assert found is is_one_of(value, {"a"})
    assert found is is_one_of(value, ("a",))
