"""Rejections of bodies that are not a JSON object or not declared as JSON."""

from __future__ import annotations

from contract.checks.rejections import invalid_requests
from contract.checks.rejections.pairs import check_and_fault

API = "Mistral API specification and OpenAI API reference, POST chat/completions"
JSON = "RFC 8259 §2; RFC 9110 §15.5.1"

malformed_json, accepts_malformed_json = check_and_fault(
    invalid_requests.MALFORMED_JSON,
    "A body that is not JSON MUST be rejected.",
    "The body is read by a lenient parser that repairs syntax errors.",
    source=JSON,
)
truncated_json, accepts_truncated_json = check_and_fault(
    invalid_requests.TRUNCATED_JSON,
    "A truncated JSON body MUST be rejected.",
    "An incremental parser uses what it has when the body ends early.",
    source=JSON,
)
nan_literal, accepts_nan_literal = check_and_fault(
    invalid_requests.NAN_LITERAL,
    "A body with the literal NaN, which JSON does not have, MUST be rejected.",
    "A Python server parses with json.loads, which accepts NaN as a number.",
    source="RFC 8259 §6; RFC 9110 §15.5.1",
)
empty_body, accepts_empty_body = check_and_fault(
    invalid_requests.EMPTY_BODY,
    "A request without a body MUST be rejected.",
    "A missing body is treated as an empty conversation.",
    source=API,
)
not_an_object, accepts_not_an_object = check_and_fault(
    invalid_requests.NOT_AN_OBJECT,
    "A body that is not a JSON object MUST be rejected.",
    "A body of another JSON type is treated as an empty object.",
    source=API,
)
invalid_utf8, accepts_invalid_utf8 = check_and_fault(
    invalid_requests.INVALID_UTF8,
    "A body that is not UTF-8 MUST be rejected.",
    "Invalid UTF-8 is replaced while decoding, before the body is validated.",
    source="RFC 8259 §8.1; RFC 9110 §15.5.1",
)
wrong_content_type, accepts_wrong_content_type = check_and_fault(
    invalid_requests.WRONG_CONTENT_TYPE,
    "A body declared as text/plain SHOULD be rejected.",
    "The server ignores the Content-Type header.",
    source="RFC 9110 §15.5.16",
    unless="wrong-content-type",
)
