"""The endpoint `/v1/responses/input_tokens`: the number of tokens of a prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contract.model.chat import Json
from contract.model.probe import Probe
from contract.model.rejection import Rejection
from contract.model.rules import BodyEndpoint
from contract.providers.openai_format.schema_rejection import schema_rejection
from contract.providers.openai_format.tokenize import json_object
from contract.providers.responses.parsing import parse as parse_request
from contract.schema import openapi
from contract.tokens import counting


def count_with(
    parse: Callable[[Mapping[str, Json]], Probe], prefix: str
) -> BodyEndpoint:
    """
    Return the endpoint of a dialect: *parse* reads chat requests, *prefix* its schemas.

    It takes the body of a request for a response and generates nothing.
    """

    def count(body: bytes, _window: int) -> Json | Rejection:
        value = json_object(body)
        if isinstance(value, Rejection):
            return value
        schema = prefix + "ChatRequest"
        if not openapi.accepts(schema, dict(value)):
            return schema_rejection(schema, dict(value))
        chat = parse_request(dict(value))
        probe = parse(chat if isinstance(chat, dict) else {})
        return {
            "object": "response.input_tokens",
            "input_tokens": counting.prompt(probe),
        }

    return count
