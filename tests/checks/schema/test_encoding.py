from __future__ import annotations

import pytest

from contract.checks.schema import encoding
from contract.model.check import NotApplicable


@pytest.mark.parametrize(
    "seen",
    ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'],
)
def test_every_spelling_of_the_media_type_passes(seen, answered):
    exchange = answered(headers={"content-type": seen})

    assert [] == list(encoding.content_type.judge(exchange))


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        pytest.param(None, "wrong media type for a JSON body", id="none"),
        pytest.param("text/plain", "wrong media type for a JSON body", id="text"),
        pytest.param(
            "application/json; charset=latin-1", "wrong charset", id="latin-1"
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
    (found,) = encoding.json_is_utf_8.judge(answered(body=body))

    assert message in found.message


def test_good_bodies_are_utf_8(answered):
    assert [] == list(encoding.json_is_utf_8.judge(answered()))


def test_empty_bodies_are_not_applicable(answered):
    with pytest.raises(NotApplicable):
        list(encoding.json_is_utf_8.judge(answered(body=b"")))


def test_duplicate_name_is_found_at_any_depth(answered):
    exchange = answered(body=b'{"a":[{"b":1,"c":2,"b":1}],"a":0}')

    assert ["b", "a"] == [f.actual for f in encoding.names_are_unique.judge(exchange)]


def test_same_name_in_two_objects_is_not_a_duplicate(answered):
    exchange = answered(body=b'{"a":{"a":1},"b":[{"a":1},{"a":1}]}')

    assert [] == list(encoding.names_are_unique.judge(exchange))


def test_names_in_a_body_that_is_not_json_are_not_applicable(answered):
    with pytest.raises(NotApplicable):
        list(encoding.names_are_unique.judge(answered(body=b"{")))
