"""Names that both halves of the surface `/v1/responses` share."""

from __future__ import annotations

from contract.model.chat import RESPONSES

PATH = RESPONSES
INPUT_TOKENS = f"{PATH}/input_tokens"

# Member of a chat request -> its name here.
NAMES = {
    "messages": "input",
    "max_tokens": "max_output_tokens",
    "max_completion_tokens": "max_output_tokens",
    "response_format": "text",
    "reasoning_effort": "reasoning",
}
# Type of a part of a chat message -> its type here; text is `input_text` or
# `output_text`, by the role.
PART_TYPES = {"image_url": "input_image"}

# Counter of a chat's usage -> its name here.
COUNTERS = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "prompt_tokens_details": "input_tokens_details",
    "completion_tokens_details": "output_tokens_details",
}
# Reason of an incomplete response -> finish reason of a chat.
REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}

CREATED = "response.created"
IN_PROGRESS = "response.in_progress"
COMPLETED = "response.completed"
INCOMPLETE = "response.incomplete"
FAILED = "response.failed"
ERROR = "error"
ITEM_ADDED = "response.output_item.added"
ITEM_DONE = "response.output_item.done"
PART_ADDED = "response.content_part.added"
PART_DONE = "response.content_part.done"
TEXT_DELTA = "response.output_text.delta"
TEXT_DONE = "response.output_text.done"
REFUSAL_DELTA = "response.refusal.delta"
REASONING_DELTA = "response.reasoning_text.delta"
REASONING_DONE = "response.reasoning_text.done"
SUMMARY_DELTA = "response.reasoning_summary_text.delta"
ARGUMENTS_DELTA = "response.function_call_arguments.delta"
ARGUMENTS_DONE = "response.function_call_arguments.done"

# The events that end a stream.
ENDS = frozenset({COMPLETED, INCOMPLETE, FAILED})
