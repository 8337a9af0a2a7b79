"""Wrong as a text: bodies that are no JSON object, or not said to be JSON."""

from __future__ import annotations

from contract.checks.faults.refusal import accepts
from contract.checks.judging.refusal import rejects
from contract.checks.rejections import mistakes

API = "Mistral API specification and OpenAI API reference, POST chat/completions"
JSON = "RFC 8259 §2; RFC 9110 §15.5.1"

malformed_json = rejects(
    mistakes.MALFORMED_JSON,
    "A body that is not JSON MUST be refused.",
    source=JSON,
)
accepts_malformed_json = accepts(
    malformed_json, "The body is read by a parser that repairs what it cannot parse."
)
truncated_json = rejects(
    mistakes.TRUNCATED_JSON,
    "A body that ends in the middle MUST be refused.",
    source=JSON,
)
accepts_truncated_json = accepts(
    truncated_json, "A streaming parser answers what it has when the body breaks off."
)
nan_literal = rejects(
    mistakes.NAN_LITERAL,
    "A body with the literal NaN, which JSON does not have, MUST be refused.",
    source="RFC 8259 §6; RFC 9110 §15.5.1",
)
accepts_nan_literal = accepts(
    nan_literal, "A Python server parses with json.loads, which takes NaN for a number."
)
empty_body = rejects(
    mistakes.EMPTY_BODY,
    "A request without a body MUST be refused.",
    source=API,
)
accepts_empty_body = accepts(
    empty_body, "Nothing sent counts as an empty conversation."
)
not_an_object = rejects(
    mistakes.NOT_AN_OBJECT,
    "A body that is no JSON object MUST be refused.",
    source=API,
)
accepts_not_an_object = accepts(
    not_an_object, "A body of another type counts as an object without members."
)
invalid_utf8 = rejects(
    mistakes.INVALID_UTF8,
    "A body that is not UTF-8 MUST be refused.",
    source="RFC 8259 §8.1; RFC 9110 §15.5.1",
)
accepts_invalid_utf8 = accepts(
    invalid_utf8, "Bytes that are no UTF-8 are replaced before anybody can object."
)
wrong_content_type = rejects(
    mistakes.WRONG_CONTENT_TYPE,
    "A body declared as text/plain SHOULD be refused.",
    source="RFC 9110 §15.5.16",
    unless="wrong-content-type",
)
accepts_wrong_content_type = accepts(
    wrong_content_type, "The server never looks at the content type."
)
