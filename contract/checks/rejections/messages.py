"""Wrong in what is said: the model asked for, and the conversation."""

from __future__ import annotations

from contract.checks.faults.refusal import accepts
from contract.checks.judging.refusal import (
    ABOUT_THE_REQUEST,
    rejects,
)
from contract.checks.rejections import mistakes

API = "Mistral API specification and OpenAI API reference, POST chat/completions"

model_missing = rejects(
    mistakes.MODEL_MISSING,
    "A request that names no model MUST be refused.",
    source=API,
    unless="model-missing",
)
accepts_model_missing = accepts(
    model_missing, "A server with one model stops asking for its name."
)
unknown_model = rejects(
    mistakes.UNKNOWN_MODEL,
    "A request for a model nobody serves MUST be refused.",
    source=API,
    unless="unknown-model",
    by=ABOUT_THE_REQUEST | {404},
    wanted="status 400, 404 or 422",
)
accepts_unknown_model = accepts(
    unknown_model, "A retired model id is silently redirected to its successor."
)
messages_missing = rejects(
    mistakes.MESSAGES_MISSING,
    "A request without messages MUST be refused.",
    source=API,
)
accepts_messages_missing = accepts(
    messages_missing, "No messages count as an empty conversation."
)
messages_empty = rejects(
    mistakes.MESSAGES_EMPTY,
    "An empty conversation MUST be refused.",
    source="mistralai/mistral-common: an empty message list is an error",
    unless="messages-empty",
)
accepts_messages_empty = accepts(
    messages_empty, "The model is asked to continue nothing."
)
messages_not_a_list = rejects(
    mistakes.MESSAGES_NOT_A_LIST,
    "Messages that are no list MUST be refused.",
    source=API,
)
accepts_messages_not_a_list = accepts(
    messages_not_a_list, "A single text counts as one message of the user."
)
unknown_role = rejects(
    mistakes.UNKNOWN_ROLE,
    "A message of an unknown role MUST be refused.",
    source=API,
)
accepts_unknown_role = accepts(unknown_role, "An unknown role is rendered as the user.")
content_wrong_type = rejects(
    mistakes.CONTENT_WRONG_TYPE,
    "A message whose content is a number MUST be refused.",
    source=API,
)
accepts_content_wrong_type = accepts(
    content_wrong_type, "The content is turned into text, whatever it was."
)
unknown_chunk_type = rejects(
    mistakes.UNKNOWN_CHUNK_TYPE,
    "A content chunk of an unknown type MUST be refused.",
    source="Mistral API specification: ContentChunk is discriminated by type",
    unless="unknown-chunk-type",
)
accepts_unknown_chunk_type = accepts(
    unknown_chunk_type,
    "Chunks of an unknown type are silently dropped from the prompt.",
)
orphan_tool_message = rejects(
    mistakes.ORPHAN_TOOL_MESSAGE,
    "A tool message that answers no call MUST be refused.",
    source="BerriAI/litellm#17761; QuantumNous/new-api#2858",
    unless="orphan-tool-message",
)
accepts_orphan_tool_message = accepts(
    orphan_tool_message, "The result of a call that nobody made is put into the prompt."
)
last_message_is_assistant = rejects(
    mistakes.LAST_MESSAGE_IS_ASSISTANT,
    "A conversation that ends with the assistant MUST be refused.",
    source="BerriAI/litellm#17761",
    unless="last-message-is-assistant",
)
accepts_last_message_is_assistant = accepts(
    last_message_is_assistant,
    "The last message of the assistant is continued as a prefix.",
)
replayed_reasoning_content = rejects(
    mistakes.REPLAYED_REASONING_CONTENT,
    "A message with a field reasoning_content MUST be refused.",
    source="charmbracelet/crush#1590; BerriAI/litellm#30835",
    unless="replayed-reasoning-content",
)
accepts_replayed_reasoning_content = accepts(
    replayed_reasoning_content, "A replayed thought is dropped and nobody is told."
)
