from __future__ import annotations

import pytest

from contract.checks.schema import encoding
from contract.model.check import NotApplicable


@pytest.mark.parametrize(
    "seen",
    ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'],
)
def test_right_media_type_has_many_spellings(seen, answered):
    exchange = answered(headers={"content-type": seen})

    assert [] == list(encoding.content_type.judge(exchange))


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        pytest.param(None, "the body is called something else", id="none"),
        pytest.param("text/plain", "the body is called something else", id="text"),
        pytest.param(
            "application/json; charset=latin-1", "the charset is wrong", id="latin-1"
        ),
    ],
)
def test_wrong_media_type_is_found(seen, message, answered):
    exchange = answered(headers={"content-type": seen})

    (found,) = encoding.content_type.judge(exchange)

    assert found.message == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"\xef\xbb\xbf{}", "begins with a byte order mark", id="mark"),
        pytest.param('{"a":"é"}'.encode("latin-1"), "is not UTF-8", id="latin-1"),
        pytest.param('{"a":1}'.encode("utf-16"), "is not UTF-8", id="utf-16"),
    ],
)
def test_other_encodings_are_found(body, message, answered):
    (found,) = encoding.json_is_utf_8.judge(answered(), answered(body=body))

    assert message in found.message


def test_good_bodies_are_utf_8(answered):
    assert [] == list(encoding.json_is_utf_8.judge(answered(), answered()))


def test_no_bodies_prove_nothing(answered):
    with pytest.raises(NotApplicable):
        list(encoding.json_is_utf_8.judge(answered(body=b""), answered(body=b"")))


def test_name_that_is_there_twice_is_found_at_any_depth(answered):
    exchange = answered(body=b'{"a":[{"b":1,"c":2,"b":1}],"a":0}')

    assert ["b", "a"] == [f.actual for f in encoding.names_are_unique.judge(exchange)]


def test_same_name_in_two_objects_is_not_twice(answered):
    exchange = answered(body=b'{"a":{"a":1},"b":[{"a":1},{"a":1}]}')

    assert [] == list(encoding.names_are_unique.judge(exchange))


def test_names_of_what_is_no_json_are_not_judged(answered):
    with pytest.raises(NotApplicable):
        list(encoding.names_are_unique.judge(answered(body=b"{")))
