"""Strict JSON, and comparison of untrusted values with names."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.model.strict_json import (
    MISSING,
    is_one_of,
    read_json,
    read_json_strictly,
)
from contract.testing.strategies import json_values


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
        (b"[18446744073709551616]", [2**64]),
    ],
    ids=["object", "nothing", "NaN", "Infinity", "deep", "bytes", "null", "huge"],
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


# Tokens of JSON and of what is almost JSON, where two parsers may part.
tokens = st.sampled_from(
    [
        *("{", "}", "[", "]", ",", ":", " ", "\n", "\r", "\t", "\x0c", "\x0b", "\xa0"),
        *("null", "true", "false", "NaN", "Infinity", "-Infinity", "nul", "True"),
        *("0", "-0", "-0.0", "00", "01", "-", "+1", ".5", "1.", "1e5", "1E+5", "1e"),
        *("1e400", "-1e400", "1e-400", "5e-324", "2.2250738585072011e-308", "0.1"),
        *("9007199254740993", "9223372036854775807", "9223372036854775808"),
        *("-9223372036854775808", "-9223372036854775809", "18446744073709551615"),
        *("18446744073709551616", "1" * 25, "1" * 18, "0.1" + "0" * 20 + "1"),
        *("1" * 4_301, "1" * 400 + ".0", "1" * 400, "1." + "1" * 400),
        *('"a"', '"b"', '"a":', '"b":', '""', '"', "'a'", "//", "/**/"),
        *('"\\ud800"', '"\\ud83d\\ude00"', '"\\ude00"', '"\\u0000"', '"\\u12"'),
        *('"\ud800"', '"\x00"', '"\x1f"', '"\x7f"', '"\u2028"', '"é"', '"👋"', "é"),
        *('"\\x"', '"\\/"', '"\\n"', "\ufeff", "[" * 500, "]" * 500, '{"a":' * 300),
    ]
)
almost_json = st.lists(tokens, max_size=8).map(
    lambda parts: "".join(parts).encode(errors="surrogatepass")
)
written = json_values.map(lambda value: json.dumps(value, ensure_ascii=False))
twice = st.lists(st.tuples(st.sampled_from("abc"), tokens), max_size=5).map(
    lambda pairs: "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"
)


def exact(value):
    """A value with the types of its numbers and the order of its names."""
    return "missing" if value is MISSING else repr(value)


@given(raw=almost_json | st.binary(max_size=12))
@example(raw=b"\xef\xbb\xbf{}")
@example(raw=b"\xef\xbb\xbf\xef\xbb\xbf{}")
@example(raw=b'{"a":1,"b":2,"a":3}')
@example(raw=b'"\xed\xa0\x80"')
@example(raw=b"[" * 450 + b"]" * 450)
@example(raw=b"[" * 450 + b"1" * 200 + b"]" * 450)
@example(raw=b'{"a":' * 450 + b"1" + b"}" * 450)
@example(raw=b"[" + b"[]," * 900 + b"{}]")
@example(raw=b'["' + b"[" * 900 + b'"]')
@example(raw=b"123456789012345678901234567890")
@example(raw=b"-0")
def test_any_bytes_are_read_as_the_standard_library_reads_them(raw):
    assert exact(read_json_strictly(raw)) == exact(read_json(raw))


@given(text=written | twice)
def test_any_json_is_read_as_the_standard_library_reads_it(text):
    raw = text.encode(errors="surrogatepass")

    assert exact(read_json_strictly(raw)) == exact(read_json(raw))


@pytest.mark.parametrize("depth", [100, 399, 400, 401, 1_000, 1_030, 5_000])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_is_limited_as_the_standard_library_limits_it(depth, start, end):
    raw = start * depth + b"1" + end * depth
    kept = [read is MISSING for read in (read_json(raw), read_json_strictly(raw))]

    assert kept[0] is kept[1]
