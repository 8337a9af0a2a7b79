"""Wrong in how to answer: numbers, formats, tools and fields of a request."""

from __future__ import annotations

from contract.checks.faults.refusal import accepts
from contract.checks.judging.refusal import (
    answers,
    refused,
    rejects,
    seen,
)
from contract.checks.rejections import mistakes
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import (
    SSE_TYPE,
    Frame,
    Reply,
)

API = "Mistral API specification and OpenAI API reference, POST chat/completions"

temperature_wrong_type = rejects(
    mistakes.TEMPERATURE_WRONG_TYPE,
    "A temperature that is no number MUST be refused.",
    source=API,
)
accepts_temperature_wrong_type = accepts(
    temperature_wrong_type,
    "A temperature that cannot be read is replaced by the default.",
)
temperature_out_of_range = rejects(
    mistakes.TEMPERATURE_OUT_OF_RANGE,
    "A temperature below zero MUST be refused.",
    source=API,
    unless="temperature-out-of-range",
)
accepts_temperature_out_of_range = accepts(
    temperature_out_of_range, "Temperatures below zero are clamped."
)
top_p_out_of_range = rejects(
    mistakes.TOP_P_OUT_OF_RANGE,
    "A top_p above 1 MUST be refused.",
    source=API,
    unless="top-p-out-of-range",
)
accepts_top_p_out_of_range = accepts(top_p_out_of_range, "A top_p above 1 is clamped.")
max_tokens_negative = rejects(
    mistakes.MAX_TOKENS_NEGATIVE,
    "A negative max_tokens MUST be refused.",
    source=API,
)
accepts_max_tokens_negative = accepts(
    max_tokens_negative, "A negative max_tokens means as many as there is room for."
)
max_tokens_wrong_type = rejects(
    mistakes.MAX_TOKENS_WRONG_TYPE,
    "A max_tokens that is no number MUST be refused.",
    source=API,
)
accepts_max_tokens_wrong_type = accepts(
    max_tokens_wrong_type,
    "A max_tokens that cannot be read is replaced by the default.",
)
n_zero = rejects(
    mistakes.N_ZERO,
    "A request for no choices MUST be refused.",
    source=API,
    unless="n-zero",
)
accepts_n_zero = accepts(n_zero, "A request for zero choices gets one.")
stop_wrong_type = rejects(
    mistakes.STOP_WRONG_TYPE,
    "A stop sequence that is a number MUST be refused.",
    source=API,
    unless="stop-wrong-type",
)
accepts_stop_wrong_type = accepts(
    stop_wrong_type, "A stop sequence of another type is ignored."
)
stream_wrong_type = rejects(
    mistakes.STREAM_WRONG_TYPE,
    "A value of stream that is no boolean MUST be refused.",
    source=API,
)
accepts_stream_wrong_type = accepts(
    stream_wrong_type, "Any value of stream that is not true means false."
)
response_format_unknown = rejects(
    mistakes.RESPONSE_FORMAT_UNKNOWN,
    "An unknown type of response_format MUST be refused.",
    source=API,
    unless="response-format-unknown",
)
accepts_response_format_unknown = accepts(
    response_format_unknown, "An unknown format is ignored and prose comes back."
)
response_format_schema_missing = rejects(
    mistakes.RESPONSE_FORMAT_SCHEMA_MISSING,
    "A response_format json_schema without a schema SHOULD be refused.",
    source="OpenAI API reference: response_format.json_schema is required",
    unless="response-format-schema-missing",
)
accepts_response_format_schema_missing = accepts(
    response_format_schema_missing,
    "Without a schema the answer is unconstrained prose.",
)
unknown_field = rejects(
    mistakes.UNKNOWN_FIELD,
    "A request with a field nobody defines MUST be refused.",
    source="Mistral API specification: additionalProperties is false",
    unless="unknown-field",
)
accepts_unknown_field = accepts(unknown_field, "Misspelled options are ignored.")
max_completion_tokens = rejects(
    mistakes.MAX_COMPLETION_TOKENS,
    "A request with max_completion_tokens MUST be refused.",
    source="editor-code-assistant/eca#231; openclaw/openclaw#47079",
    unless="max-completion-tokens",
)
accepts_max_completion_tokens = accepts(
    max_completion_tokens, "The limit is ignored under its new name."
)
tools_wrong_type = rejects(
    mistakes.TOOLS_WRONG_TYPE,
    "A list of tools that is no list MUST be refused.",
    source=API,
)
accepts_tools_wrong_type = accepts(
    tools_wrong_type, "Tools that cannot be read are dropped."
)
tool_choice_unknown = rejects(
    mistakes.TOOL_CHOICE_UNKNOWN,
    "An unknown tool_choice MUST be refused.",
    source=API,
    needs={Capability.TOOLS},
    unless="tool-choice-unknown",
)
accepts_tool_choice_unknown = accepts(
    tool_choice_unknown, "An unknown tool_choice means auto."
)
forced_tool_not_given = rejects(
    mistakes.FORCED_TOOL_NOT_GIVEN,
    "A tool_choice that names a tool not given SHOULD be refused.",
    source="vLLM, OpenAI-compatible server: tool_choice",
    needs={Capability.TOOLS},
    unless="forced-tool-not-given",
)
accepts_forced_tool_not_given = accepts(
    forced_tool_not_given,
    "A forced call of an unknown tool becomes a call of another one.",
)


@check(
    "rejections.streamed-request",
    "A wrong request for a stream MUST be refused before the stream begins.",
    source="RFC 9110 §15.5; 0xPlaygrounds/rig, recorded exchanges",
    sends=mistakes.WRONG_WHEN_STREAMING,
    needs={Capability.STREAMING},
    expects=ANY,
)
def streamed_request(exchange: Exchange) -> Findings:
    """An error inside a stream has status 200, and clients retry nothing then."""
    yield from refused(exchange)
    if exchange.streamed:
        yield Finding(
            "the refusal calls itself an event stream",
            expected="an error in one body",
            actual=seen(exchange),
        )


@fault(breaks=streamed_request)
def refuses_in_the_stream(reply: Reply) -> Reply:
    """The stream is opened first, and the error is its only event."""
    if reply.status not in CLIENT_ERRORS or not answers(
        reply, mistakes.WRONG_WHEN_STREAMING
    ):
        return reply
    error = Frame(0.0, b"data: " + reply.body.replace(b"\n", b" ") + b"\n\n")
    done = Frame(0.0, b"data: [DONE]\n\n")
    opened = reply.with_status(200).with_header(*SSE_TYPE)
    return opened.with_frames((error, done))
