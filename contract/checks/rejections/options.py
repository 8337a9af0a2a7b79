"""Rejections of invalid parameters: numbers, formats, tools and unknown fields."""

from __future__ import annotations

from http import HTTPStatus

from contract.checks.judging.rejection import (
    ABOUT_THE_REQUEST,
    expect_rejected,
    is_reply_to,
    status_and_body,
)
from contract.checks.rejections import invalid_requests
from contract.checks.rejections.pairs import check_and_fault
from contract.model.check import ANY, CLIENT_ERRORS, Finding, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import SSE_TYPE, Frame, Reply
from contract.portable.requirement import decided
from contract.portable.schemas import has, one_of

API = "Mistral API specification and OpenAI API reference, POST chat/completions"

temperature_wrong_type, accepts_temperature_wrong_type = check_and_fault(
    invalid_requests.TEMPERATURE_WRONG_TYPE,
    "A temperature that is not a number MUST be rejected.",
    "A temperature that cannot be parsed is replaced by the default.",
    source=API,
)
temperature_out_of_range, accepts_temperature_out_of_range = check_and_fault(
    invalid_requests.TEMPERATURE_OUT_OF_RANGE,
    "A temperature below zero MUST be rejected.",
    "Temperatures below zero are clamped.",
    source=API,
    unless="temperature-out-of-range",
)
top_p_out_of_range, accepts_top_p_out_of_range = check_and_fault(
    invalid_requests.TOP_P_OUT_OF_RANGE,
    "A top_p above 1 MUST be rejected.",
    "A top_p above 1 is clamped.",
    source=API,
    unless="top-p-out-of-range",
)
max_tokens_negative, accepts_max_tokens_negative = check_and_fault(
    invalid_requests.MAX_TOKENS_NEGATIVE,
    "A negative max_tokens MUST be rejected.",
    "A negative max_tokens is treated as no limit.",
    source=API,
)
max_tokens_wrong_type, accepts_max_tokens_wrong_type = check_and_fault(
    invalid_requests.MAX_TOKENS_WRONG_TYPE,
    "A max_tokens that is not a number MUST be rejected.",
    "A max_tokens that cannot be parsed is replaced by the default.",
    source=API,
)
n_zero, accepts_n_zero = check_and_fault(
    invalid_requests.N_ZERO,
    "A request for zero choices MUST be rejected.",
    "A request for zero choices gets one.",
    source=API,
    unless="n-zero",
)
stop_wrong_type, accepts_stop_wrong_type = check_and_fault(
    invalid_requests.STOP_WRONG_TYPE,
    "A stop sequence that is a number MUST be rejected.",
    "A stop sequence of another type is ignored.",
    source=API,
    unless="stop-wrong-type",
)
stream_wrong_type, accepts_stream_wrong_type = check_and_fault(
    invalid_requests.STREAM_WRONG_TYPE,
    "A value of stream that is not a boolean MUST be rejected.",
    "Any value of stream other than true is treated as false.",
    source=API,
)
response_format_unknown, accepts_response_format_unknown = check_and_fault(
    invalid_requests.RESPONSE_FORMAT_UNKNOWN,
    "An unknown type of response_format MUST be rejected.",
    "An unknown response format is ignored and the answer is prose.",
    source=API,
    unless="response-format-unknown",
)
response_format_schema_missing, accepts_response_format_schema_missing = (
    check_and_fault(
        invalid_requests.RESPONSE_FORMAT_SCHEMA_MISSING,
        "A response_format of type json_schema without a schema SHOULD be rejected.",
        "Without a schema the answer is unconstrained prose.",
        source="OpenAI API reference: response_format.json_schema is required",
        unless="response-format-schema-missing",
    )
)
unknown_field, accepts_unknown_field = check_and_fault(
    invalid_requests.UNKNOWN_FIELD,
    "A request with an undefined field MUST be rejected.",
    "Misspelled parameters are ignored.",
    source="Mistral API specification: additionalProperties is false",
    unless="unknown-field",
)
max_completion_tokens, accepts_max_completion_tokens = check_and_fault(
    invalid_requests.MAX_COMPLETION_TOKENS,
    "A request with max_completion_tokens MUST be rejected.",
    "A limit given as max_completion_tokens is ignored.",
    source="editor-code-assistant/eca#231; openclaw/openclaw#47079",
    unless="max-completion-tokens",
)
tools_wrong_type, accepts_tools_wrong_type = check_and_fault(
    invalid_requests.TOOLS_WRONG_TYPE,
    "A value of tools that is not a list MUST be rejected.",
    "Tools that cannot be parsed are dropped.",
    source=API,
)
tool_choice_unknown, accepts_tool_choice_unknown = check_and_fault(
    invalid_requests.TOOL_CHOICE_UNKNOWN,
    "An unknown tool_choice MUST be rejected.",
    "An unknown tool_choice is treated as auto.",
    source=API,
    needs={Capability.TOOLS},
    unless="tool-choice-unknown",
)
forced_tool_not_given, accepts_forced_tool_not_given = check_and_fault(
    invalid_requests.FORCED_TOOL_NOT_GIVEN,
    "A tool_choice that names an undefined tool SHOULD be rejected.",
    "A forced call of an undefined tool becomes a call of another tool.",
    source="vLLM, OpenAI-compatible server: tool_choice",
    needs={Capability.TOOLS},
    unless="forced-tool-not-given",
)


@check(
    "rejections.streamed-request",
    "An invalid streaming request MUST be rejected before the stream begins.",
    source="RFC 9110 §15.5; 0xPlaygrounds/rig, recorded exchanges",
    sends=invalid_requests.WRONG_WHEN_STREAMING,
    needs={Capability.STREAMING},
    expects=ANY,
)
@decided(has(status=one_of(sorted(ABOUT_THE_REQUEST)), streamed=False))
def streamed_request(exchange: Exchange) -> Findings:
    """An error inside a stream has status 200, so client error handling misses it."""
    yield from expect_rejected(exchange)
    if exchange.streamed:
        yield Finding(
            "the error is sent as an event stream",
            expected="an error in one body",
            actual=status_and_body(exchange),
        )


@fault(breaks=streamed_request)
def refuses_in_the_stream(reply: Reply) -> Reply:
    """The stream is opened before validation, and the error is its only event."""
    if reply.status not in CLIENT_ERRORS or not is_reply_to(
        reply, invalid_requests.WRONG_WHEN_STREAMING
    ):
        return reply
    error = Frame(0.0, b"data: " + reply.body.replace(b"\n", b" ") + b"\n\n")
    done = Frame(0.0, b"data: [DONE]\n\n")
    opened = reply.with_status(HTTPStatus.OK).with_header(*SSE_TYPE)
    return opened.with_frames((error, done))


unknown_effort, accepts_unknown_effort = check_and_fault(
    invalid_requests.UNKNOWN_EFFORT,
    "An unknown reasoning_effort SHOULD be rejected.",
    "A gateway drops an effort that it does not know.",
    source="https://docs.mistral.ai/capabilities/reasoning; dimetron/pi-go#245",
    needs={Capability.EFFORTS},
)
