"""Schema rejections as pydantic errors."""

from __future__ import annotations

import pytest

from contract.model.rejection import Rejection, RejectionReason
from contract.providers.openai_format.pydantic_errors import pydantic_error, steps


@pytest.mark.parametrize(
    ("keyword", "expected", "kind", "text"),
    [
        ("type", "a string", "string_type", "Input should be a valid string"),
        ("type", "an array or null", "list_type", "Input should be a valid list"),
        ("type", "null", "value_error", "Value error"),
        ("minimum", "at least 0", "greater_than_equal", "greater than or equal to 0"),
        ("maximum", "at most 1.5", "less_than_equal", "less than or equal to 1.5"),
        ("enum", '"auto" or "none"', "literal_error", '"auto" or "none"'),
        ("additionalProperties", "", "extra_forbidden", "not permitted"),
        ("required", "", "missing", "Field required"),
        ("oneOf", "", "value_error", "Why."),
    ],
)
def test_keywords_become_types_and_sentences(keyword, expected, kind, text):
    found = pydantic_error(
        Rejection(
            reason=RejectionReason.SCHEMA,
            keyword=keyword,
            expected=expected,
            message="Why.",
        )
    )

    assert kind == found["type"]
    assert text in found["msg"]


@pytest.mark.parametrize(
    ("pointer", "path"),
    [
        ("", []),
        ("/messages/0/role", ["messages", 0, "role"]),
        ("/a~1b/~0c", ["a/b", "~c"]),
        ("/²", ["²"]),
        ("/", [""]),
    ],
)
def test_pointers_become_paths(pointer, path):
    assert path == steps(pointer)
