"""Rejections of the requested model and of invalid conversations."""

from __future__ import annotations

from http import HTTPStatus

from contract.checks.judging.rejection import ABOUT_THE_REQUEST
from contract.checks.rejections import invalid_requests
from contract.checks.rejections.pairs import check_and_fault

API = "Mistral API specification and OpenAI API reference, POST chat/completions"

model_missing, accepts_model_missing = check_and_fault(
    invalid_requests.MODEL_MISSING,
    "A request without a model MUST be rejected.",
    "A server with a single model stops requiring its name.",
    source=API,
    unless="model-missing",
)
unknown_model, accepts_unknown_model = check_and_fault(
    invalid_requests.UNKNOWN_MODEL,
    "A request for an unknown model MUST be rejected.",
    "A retired model id is silently redirected to its successor.",
    source=API,
    unless="unknown-model",
    statuses=ABOUT_THE_REQUEST | {HTTPStatus.NOT_FOUND},
    described="status 400, 404 or 422",
)
messages_missing, accepts_messages_missing = check_and_fault(
    invalid_requests.MESSAGES_MISSING,
    "A request without messages MUST be rejected.",
    "Missing messages are treated as an empty conversation.",
    source=API,
)
messages_empty, accepts_messages_empty = check_and_fault(
    invalid_requests.MESSAGES_EMPTY,
    "An empty list of messages MUST be rejected.",
    "The model generates from an empty prompt.",
    source="mistralai/mistral-common: an empty message list is an error",
    unless="messages-empty",
)
messages_not_a_list, accepts_messages_not_a_list = check_and_fault(
    invalid_requests.MESSAGES_NOT_A_LIST,
    "A value of messages that is not a list MUST be rejected.",
    "A single string is treated as one user message.",
    source=API,
    unless="messages-not-a-list",
)
unknown_role, accepts_unknown_role = check_and_fault(
    invalid_requests.UNKNOWN_ROLE,
    "A message with an unknown role MUST be rejected.",
    "A message with an unknown role is rendered as a user message.",
    source=API,
)
content_wrong_type, accepts_content_wrong_type = check_and_fault(
    invalid_requests.CONTENT_WRONG_TYPE,
    "A message whose content is a number MUST be rejected.",
    "Content of any type is converted to text.",
    source=API,
)
unknown_chunk_type, accepts_unknown_chunk_type = check_and_fault(
    invalid_requests.UNKNOWN_CHUNK_TYPE,
    "A content chunk of an unknown type MUST be rejected.",
    "Chunks of an unknown type are silently dropped from the prompt.",
    source="Mistral API specification: ContentChunk is discriminated by type",
    unless="unknown-chunk-type",
)
orphan_tool_message, accepts_orphan_tool_message = check_and_fault(
    invalid_requests.ORPHAN_TOOL_MESSAGE,
    "A tool message that answers no tool call MUST be rejected.",
    "A tool result without a matching call is rendered into the prompt.",
    source="BerriAI/litellm#17761; QuantumNous/new-api#2858",
    unless="orphan-tool-message",
)
last_message_is_assistant, accepts_last_message_is_assistant = check_and_fault(
    invalid_requests.LAST_MESSAGE_IS_ASSISTANT,
    "A conversation that ends with an assistant message MUST be rejected.",
    "A final assistant message is continued as a prefix.",
    source="BerriAI/litellm#17761",
    unless="last-message-is-assistant",
)
replayed_reasoning_content, accepts_replayed_reasoning_content = check_and_fault(
    invalid_requests.REPLAYED_REASONING_CONTENT,
    "A message with a field reasoning_content MUST be rejected.",
    "Replayed reasoning is silently dropped from the prompt.",
    source="charmbracelet/crush#1590; BerriAI/litellm#30835",
    unless="replayed-reasoning-content",
)
