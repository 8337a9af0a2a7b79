"""Named requests that are invalid in one way each, and cheap if accepted."""

from __future__ import annotations

from dataclasses import replace

from contract.model.chat import CHAT, Image, Message, Options, Text
from contract.model.probe import Patch, Probe
from contract.model.probes import WEATHER, user

# The valid request that the invalid ones are derived from. Its answer is short, in
# case a server accepts the invalid one. It does not request reasoning, so that no
# dialect prepends a system message to the user's.
BRIEF = Probe(
    name="brief",
    messages=(user("Say hello."),),
    options=Options(max_tokens=16, temperature=0.0, seed=7),
    reasons=False,
)


def mistake(
    name: str, pointer: str, value: str | None = None, *, base: Probe = BRIEF
) -> Probe:
    """
    Return *base* with one patch.

    Args:
        name: The name of the new probe and of its patch.
        pointer: The JSON Pointer of the member of the body to change.
        value: The new value as JSON text; None removes the member.
        base: The valid request.

    """
    return replace(base, name=name, patches=(Patch(name, pointer, value),))


def raw(name: str, body: bytes) -> Probe:
    """Return a chat request with the bytes *body* as its body."""
    return replace(BRIEF, name=name, body=body)


# Encoding and syntax of the body
MALFORMED_JSON = raw("malformed-json", b'{"model": "any", "messages": [}')
TRUNCATED_JSON = raw(
    "truncated-json",
    b'{"model": "any", "messages": [{"role": "user", "content": "Say hel',
)
EMPTY_BODY = raw("empty-body", b"")
INVALID_UTF8 = raw(
    "invalid-utf8",
    b'{"model": "any", "messages": [{"role": "user", "content": "\xff\xfe"}]}',
)
NOT_AN_OBJECT = mistake("not-an-object", "", "[]")
# A literal that Python reads and writes, but that JSON does not have.
NAN_LITERAL = mistake("nan-literal", "/temperature", "NaN")
WRONG_CONTENT_TYPE = replace(
    BRIEF, name="wrong-content-type", headers=(("content-type", "text/plain"),)
)

# Model and messages
MODEL_MISSING = mistake("model-missing", "/model")
UNKNOWN_MODEL = replace(BRIEF, name="unknown-model", model="no-such-model")
MESSAGES_MISSING = mistake("messages-missing", "/messages")
MESSAGES_EMPTY = mistake("messages-empty", "/messages", "[]")
MESSAGES_NOT_A_LIST = mistake("messages-not-a-list", "/messages", '"Say hello."')
UNKNOWN_ROLE = mistake("unknown-role", "/messages/0/role", '"wizard"')
CONTENT_WRONG_TYPE = mistake("content-wrong-type", "/messages/0/content", "42")
UNKNOWN_CHUNK_TYPE = mistake(
    "unknown-chunk-type",
    "/messages/0/content",
    '[{"type": "hologram", "hologram": "hello"}]',
)
ORPHAN_TOOL_MESSAGE = replace(
    BRIEF,
    name="orphan-tool-message",
    messages=(
        user("What is the weather in Paris?"),
        Message("tool", "Sunny, 21 degrees.", tool_call_id="A1b2C3d4E"),
    ),
)
LAST_MESSAGE_IS_ASSISTANT = replace(
    BRIEF,
    name="last-message-is-assistant",
    messages=(user("Say hello."), Message("assistant", "Hello.")),
)
REPLAYED_REASONING_CONTENT = mistake(
    "replayed-reasoning-content",
    "/messages/1/reasoning_content",
    '"The user wants a greeting."',
    base=replace(
        BRIEF,
        messages=(
            user("Say hello."),
            Message("assistant", "Hello."),
            user("Say it again."),
        ),
    ),
)

# Parameters
UNKNOWN_EFFORT = mistake("unknown-effort", "/reasoning_effort", '"as-much-as-you-like"')
TEMPERATURE_WRONG_TYPE = mistake("temperature-wrong-type", "/temperature", '"hot"')
TEMPERATURE_OUT_OF_RANGE = mistake("temperature-out-of-range", "/temperature", "-1")
TOP_P_OUT_OF_RANGE = mistake("top-p-out-of-range", "/top_p", "1.5")
# Not -1, which is valid in llama.cpp: it requests an unlimited answer.
MAX_TOKENS_NEGATIVE = mistake("max-tokens-negative", "/max_tokens", "-5")
MAX_TOKENS_WRONG_TYPE = mistake("max-tokens-wrong-type", "/max_tokens", '"ten"')
N_ZERO = mistake("n-zero", "/n", "0")
STOP_WRONG_TYPE = mistake("stop-wrong-type", "/stop", "5")
STREAM_WRONG_TYPE = mistake("stream-wrong-type", "/stream", '"maybe"')
WRONG_WHEN_STREAMING = mistake(
    "wrong-when-streaming",
    "/max_tokens",
    '"ten"',
    base=replace(BRIEF, stream=True),
)
TOOLS_WRONG_TYPE = mistake("tools-wrong-type", "/tools", '{"a": 1}')
RESPONSE_FORMAT_UNKNOWN = mistake(
    "response-format-unknown", "/response_format", '{"type": "yaml"}'
)
RESPONSE_FORMAT_SCHEMA_MISSING = mistake(
    "response-format-schema-missing", "/response_format", '{"type": "json_schema"}'
)
UNKNOWN_FIELD = mistake("unknown-field", "/no_such_field", "true")
MAX_COMPLETION_TOKENS = mistake("max-completion-tokens", "/max_completion_tokens", "16")

# Tools, for servers that support them
_TOOL = replace(BRIEF, options=replace(BRIEF.options, tools=(WEATHER,)))
TOOL_CHOICE_UNKNOWN = mistake(
    "tool-choice-unknown", "/tool_choice", '"sometimes"', base=_TOOL
)
FORCED_TOOL_NOT_GIVEN = replace(
    _TOOL,
    name="forced-tool-not-given",
    options=replace(_TOOL.options, tool_choice="=no_such_tool"),
)


# Images, for servers that support vision
def image(name: str, url: str) -> Probe:
    """Return a request that asks about the image at *url*."""
    parts = (Text("What is this?"), Image(url=url))
    return replace(BRIEF, name=name, messages=(Message("user", parts),))


IMAGE_BAD_BASE64 = image("image-bad-base64", "data:image/png;base64,!!no base64!!")
IMAGE_NOT_AN_IMAGE = image(
    "image-not-an-image", "data:image/png;base64,dGhpcyBpcyBubyBpbWFnZQ=="
)
IMAGE_WITHOUT_BASE64 = image(
    "image-without-base64", "data:image/png,%89PNG%0D%0A%1A%0A"
)
IMAGE_UNSUPPORTED_TYPE = image(
    "image-unsupported-type", "data:text/plain;base64,dGhpcyBpcyBubyBpbWFnZQ=="
)
FILE_URL_IMAGE = image("file-url-image", "file:///etc/hostname")

# Routing
WRONG_METHOD = Probe(name="wrong-method", method="GET", path=CHAT, reasons=False)
UNKNOWN_PATH = Probe(
    name="unknown-path", method="GET", path="/v1/no-such-path", reasons=False
)

# Invalid requests that need no optional capability.
EVERYWHERE = (
    MALFORMED_JSON,
    TRUNCATED_JSON,
    EMPTY_BODY,
    INVALID_UTF8,
    NAN_LITERAL,
    NOT_AN_OBJECT,
    WRONG_CONTENT_TYPE,
    MODEL_MISSING,
    UNKNOWN_MODEL,
    MESSAGES_MISSING,
    MESSAGES_EMPTY,
    MESSAGES_NOT_A_LIST,
    UNKNOWN_ROLE,
    CONTENT_WRONG_TYPE,
    UNKNOWN_CHUNK_TYPE,
    ORPHAN_TOOL_MESSAGE,
    LAST_MESSAGE_IS_ASSISTANT,
    REPLAYED_REASONING_CONTENT,
    TEMPERATURE_WRONG_TYPE,
    TEMPERATURE_OUT_OF_RANGE,
    TOP_P_OUT_OF_RANGE,
    MAX_TOKENS_NEGATIVE,
    MAX_TOKENS_WRONG_TYPE,
    N_ZERO,
    STOP_WRONG_TYPE,
    STREAM_WRONG_TYPE,
    TOOLS_WRONG_TYPE,
    RESPONSE_FORMAT_UNKNOWN,
    RESPONSE_FORMAT_SCHEMA_MISSING,
    UNKNOWN_FIELD,
    MAX_COMPLETION_TOKENS,
    WRONG_METHOD,
    UNKNOWN_PATH,
)
