"""Rejections of bodies that cannot be read or do not match their schema."""

import orjson
import pytest

from contract.model.rejection import RejectionReason
from contract.providers.openai_format.schema_rejection import (
    malformed_body,
    schema_rejection,
)


@pytest.mark.parametrize(
    ("body", "reason", "place"),
    [
        pytest.param(b"{", RejectionReason.MALFORMED, 1, id="cut"),
        pytest.param(b'{"a": }', RejectionReason.MALFORMED, 6, id="no-value"),
        pytest.param(b"", RejectionReason.MALFORMED, 0, id="empty"),
        pytest.param(b'"a\xff"', RejectionReason.ENCODING, 2, id="not-utf-8"),
    ],
)
def test_a_body_that_is_not_json_is_rejected_at_its_position(body, reason, place):
    with pytest.raises(orjson.JSONDecodeError) as caught:
        orjson.loads(body)

    found = malformed_body(body, caught.value)

    assert (reason, place) == (found.reason, found.count)
    assert found.message


@pytest.mark.parametrize(
    ("body", "pointer", "keyword", "value"),
    [
        pytest.param({"prompt": 5}, "/prompt", "type", 5, id="member"),
        pytest.param({}, "/prompt", "required", None, id="missing"),
        pytest.param([], "", "type", [], id="whole-body"),
    ],
)
def test_the_first_mismatch_has_its_place_and_value(body, pointer, keyword, value):
    found = schema_rejection("VllmTokenizePrompt", body)

    assert RejectionReason.SCHEMA is found.reason
    assert (pointer, keyword, value) == (found.pointer, found.keyword, found.value)
    assert body == found.body


def test_values_are_found_inside_lists_and_escaped_names():
    message = {"role": "user", "content": 5}
    found = schema_rejection("VllmTokenizeChat", {"messages": [message]})

    assert ("/messages/0/content", 5) == (found.pointer, found.value)


def test_a_body_that_matches_is_rejected_as_a_whole():
    found = schema_rejection("VllmTokenizePrompt", {"prompt": "hi"})

    assert (RejectionReason.SCHEMA, "") == (found.reason, found.pointer)
