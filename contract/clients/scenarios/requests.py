"""Requests: what a client may send, and that it sends what it was given."""

from __future__ import annotations

import base64
from urllib.parse import unquote

from contract.catalog.profiles import builtin
from contract.clients.expectations import attempts, no_error, same_answer, text_of
from contract.clients.scenario import ANSWER, THOUGHT, Run, Scenario, requirement
from contract.clients.task import Task
from contract.model.chat import Json
from contract.model.check import Finding, Findings, NotApplicable, shorten, spell
from contract.model.custom import CustomReply
from contract.model.dialect import Dialect
from contract.model.images import picture
from contract.model.profile import Capability
from contract.model.strict_json import MISSING, read_json

MOST_REQUESTS = 12
"""Chat requests that no scenario needs, retries included."""

_IMAGE = picture(56, 84)
_PROMPT = (
    'Naïve "quotes", a \\ backslash,\ttabs, 漢字, 👩\u200d🚀 and <tags> & more.\nEnd.'
)
SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"seats": {"type": "integer"}, "place": {"type": "string"}},
    "required": ["seats", "place"],
    "additionalProperties": False,
}
_DOCUMENT = '{"seats": 42, "place": "café"}'

VERBATIM = Scenario(
    id="prompt-verbatim",
    title="The prompt has quotes, tabs, emojis and scripts of several languages.",
    task=Task(prompt=_PROMPT),
)
SYSTEM = Scenario(
    id="system-message",
    title="The conversation begins with a system message.",
    task=Task(system="You count seats.", prompt="How many seats are there?"),
)
OPTIONS = Scenario(
    id="options",
    title="The task gives sampling options.",
    task=Task(options={"max_tokens": 64, "temperature": 0.25, "top_p": 0.5}),
)
HISTORY = Scenario(
    id="three-turns",
    title="The user asks three times in one conversation.",
    task=Task(then=("And in the other café?", "And in both?")),
    turns=(
        CustomReply(answer="There are 42."),
        CustomReply(answer="There are 21."),
        CustomReply(answer=ANSWER),
    ),
)
THOUGHT_HISTORY = Scenario(
    id="three-turns-with-thoughts",
    title="The user asks again after an answer with reasoning.",
    task=Task(then=("And in the other café?",)),
    turns=(
        CustomReply(thought=THOUGHT, answer="There are 42."),
        CustomReply(thought=THOUGHT, answer=ANSWER),
    ),
)


def _reads_images(dialect: Dialect) -> bool:
    return any(
        Capability.VISION in profile.offers
        for profile in builtin().values()
        if profile.dialect.id == dialect.id
    )


IMAGE = Scenario(
    id="image",
    where=_reads_images,
    title="The prompt holds an image as a data URI.",
    task=Task(
        prompt=(
            {"type": "text", "text": "How many seats are there?"},
            {"type": "image_url", "image_url": {"url": _IMAGE.uri}},
        )
    ),
)
STRUCTURED = Scenario(
    id="structured-output",
    title="The answer has to match a JSON Schema.",
    task=Task(schema=SCHEMA),
    turns=(CustomReply(answer=_DOCUMENT),),
)
STRUCTURED_THOUGHT = Scenario(
    id="structured-output-after-a-thought",
    title="The answer has to match a JSON Schema, and follows reasoning.",
    task=Task(schema=SCHEMA),
    turns=(CustomReply(thought=THOUGHT, answer=_DOCUMENT),),
)
STREAM = Scenario(
    id="plain-stream",
    title="The server streams an answer, and nothing else.",
    task=Task(stream=True),
)


@requirement(
    "client.sends-valid-requests",
    "A client MUST send requests that the API accepts.",
    source="openapi.yaml, the request of the dialect",
)
def sends_valid_requests(run: Run) -> Findings:
    if run.scenario.wrong_key:
        return
    for number, one in enumerate(run.chats, 1):
        if one.refusal:
            yield Finding(
                "the server refuses the request",
                expected="a request of the dialect",
                actual=shorten(one.refusal, 200),
                at=f"{run.scenario.id}, request {number}, {one.place or 'the body'}",
            )


@requirement(
    "client.asks-the-chat-endpoint",
    "A client MUST send chats with POST to the path of the API under its base URL, "
    "such as chat/completions.",
    source="OpenAI API reference, chat completions",
)
def asks_the_chat_endpoint(run: Run) -> Findings:
    strays = [one for one in run.sent if not one.is_chat]
    for one in strays:
        if one.reply.status >= 400 and not run.chats:  # noqa: PLR2004  # errors
            yield Finding(
                "a request goes to an endpoint that is not there",
                expected=f"POST {run.dialect.path}",
                actual=shorten(f"{one.request.method} {one.request.path}"),
                at=run.scenario.id,
            )


@requirement(
    "client.keeps-the-key-out-of-urls",
    "A client MUST NOT send the API key in a URL.",
    source="RFC 6750 2.3: URLs are logged",
)
def keeps_the_key_out_of_urls(run: Run) -> Findings:
    for one in run.sent:
        if run.key and run.key in unquote(one.request.path):
            yield Finding(
                "the key is in the URL",
                expected="the key in the header Authorization",
                actual=shorten(unquote(one.request.path).replace(run.key, "KEY")),
                at=run.scenario.id,
            )


@requirement(
    "client.sends-the-key-as-bearer",
    "A client MUST send the API key as a bearer token with each chat request.",
    source="RFC 6750 2.1",
)
def sends_the_key_as_bearer(run: Run) -> Findings:
    for number, one in enumerate(run.chats, 1):
        given = one.request.header("authorization") or ""
        if given != f"Bearer {run.key}":
            yield Finding(
                "the request has no bearer token with the key",
                expected="Authorization: Bearer KEY",
                actual=shorten(given.replace(run.key, "KEY")) or "no such header",
                at=f"{run.scenario.id}, request {number}",
            )


@requirement(
    "client.sends-json",
    "A client MUST send chats as JSON, and name the media type application/json.",
    source="RFC 8259 11",
)
def sends_json(run: Run) -> Findings:
    for number, one in enumerate(run.chats, 1):
        kind = (one.request.header("content-type") or "").partition(";")[0].strip()
        if kind.lower() != "application/json" or read_json(one.request.body) is MISSING:
            yield Finding(
                "the body of a chat is not JSON",
                expected="application/json",
                actual=kind or "no Content-Type",
                at=f"{run.scenario.id}, request {number}",
            )


@requirement(
    "client.asks-the-named-model",
    "A client MUST request the model that it was asked to, by exactly that name.",
    source="OpenAI API reference, chat completions: model",
)
def asks_the_named_model(run: Run) -> Findings:
    for number, one in enumerate(run.chats, 1):
        model = one.body.get("model")
        if model != run.model:
            yield Finding(
                "another model is requested",
                expected=run.model,
                actual=shorten(spell(model)),
                at=f"{run.scenario.id}, request {number}",
            )


@requirement(
    "client.asks-for-streams",
    "A client that is asked to stream MUST send stream: true.",
    source="langchain-ai/langchainjs#9794",
    on=STREAM,
)
def asks_for_streams(run: Run) -> Findings:
    for one in attempts(run):
        if one.body.get("stream") is not True:
            yield Finding(
                "the request does not ask for a stream",
                expected="stream: true",
                actual=f"stream: {spell(one.body.get('stream'))}",
                at=run.scenario.id,
            )


@requirement(
    "client.is-bounded",
    "A client MUST bound the number of requests that it sends for one task.",
    source="AWS, Exponential backoff and jitter: cap the retries",
)
def is_bounded(run: Run) -> Findings:
    if len(run.chats) > MOST_REQUESTS:
        yield Finding(
            "the client sends request after request",
            expected=f"at most {MOST_REQUESTS}",
            actual=str(len(run.chats)),
            at=run.scenario.id,
        )


@requirement(
    "client.sends-the-prompt-verbatim",
    "A client MUST send the text of a message as it was given.",
    source="OpenAI API reference, chat completions: messages",
    on=VERBATIM,
)
def sends_the_prompt_verbatim(run: Run) -> Findings:
    for one in attempts(run):
        sent = [
            text_of(m.get("content")) for m in one.messages if m.get("role") == "user"
        ]
        if sent != [_PROMPT]:
            yield Finding(
                "the prompt is not sent as it was given",
                expected=spell(_PROMPT),
                actual=shorten(spell(sent), 160),
                at=run.scenario.id,
            )


@requirement(
    "client.sends-the-system-message",
    "A client MUST send the system message, before all others.",
    source="OpenAI API reference, chat completions: messages",
    on=SYSTEM,
)
def sends_the_system_message(run: Run) -> Findings:
    for one in attempts(run):
        first = one.messages[0] if one.messages else {}
        role, text = first.get("role"), text_of(first.get("content"))
        if role not in {"system", "developer"} or text != run.scenario.task.system:
            yield Finding(
                "the system message is missing",
                expected=f"system: {run.scenario.task.system}",
                actual=shorten(f"{role}: {text}"),
                at=run.scenario.id,
            )


@requirement(
    "client.sends-the-options",
    "A client MUST send the options that it was given, with their values.",
    source="OpenAI API reference, chat completions",
    on=OPTIONS,
)
def sends_the_options(run: Run) -> Findings:
    aliases = {"max_tokens": ("max_tokens", "max_completion_tokens")}
    for one in attempts(run):
        for name, value in run.scenario.task.options.items():
            sent = [one.body.get(other) for other in aliases.get(name, (name,))]
            if value not in sent:
                yield Finding(
                    f"the option {name} is not sent as it was given",
                    expected=spell(value),
                    actual=spell(next((v for v in sent if v is not None), None)),
                    at=run.scenario.id,
                )


@requirement(
    "client.sends-the-history",
    "A client MUST send the earlier messages of a conversation, in their order.",
    source="OpenAI API reference, chat completions: messages",
    on=HISTORY,
)
def sends_the_history(run: Run) -> Findings:
    task, turns = run.scenario.task, run.scenario.turns
    if len(attempts(run)) < len(turns):
        yield from no_error(run)
        raise NotApplicable("the program asks once only")
    expected = [str(task.prompt)]
    for text, reply in zip(task.then, turns, strict=False):
        expected += [str(reply.answer), text]
    sent = [text_of(message.get("content")) for message in run.chats[-1].messages]
    if sent != expected:
        yield Finding(
            "the history is another one",
            expected=shorten(spell(expected), 200),
            actual=shorten(spell(sent), 200),
            at=run.scenario.id,
        )
    yield from same_answer(run)


@requirement(
    "client.keeps-thoughts-out-of-messages",
    "A client MUST NOT send earlier reasoning as the text of a message.",
    source="vercel/ai#17971",
    on=THOUGHT_HISTORY,
)
def keeps_thoughts_out_of_messages(run: Run) -> Findings:
    if len(attempts(run)) < len(run.scenario.turns):
        yield from no_error(run)
        raise NotApplicable("the program asks once only")
    if not run.dialect.reasoning_fields and run.dialect.tagged:
        raise NotApplicable("the dialect does not keep reasoning and answer apart")
    for message in run.chats[-1].messages:
        text = text_of(message.get("content"))
        if message.get("role") == "assistant" and THOUGHT in text:
            yield Finding(
                "the reasoning is sent back as text of the answer",
                expected=str(run.scenario.turns[0].answer),
                actual=shorten(text, 160),
                at=run.scenario.id,
            )


@requirement(
    "client.sends-images",
    "A client MUST send the bytes of an image as they were given.",
    source="OpenAI API reference, images and vision",
    on=IMAGE,
)
def sends_images(run: Run) -> Findings:
    for one in attempts(run):
        found = [
            _uri(part)
            for message in one.messages
            for part in _parts(message.get("content"))
            if part.get("type") == "image_url"
        ]
        if list(map(_decoded, found)) != [_IMAGE.data]:
            yield Finding(
                "the image is not sent as it was given",
                expected=shorten(_IMAGE.uri),
                actual=shorten(", ".join(found) or "no image", 160),
                at=run.scenario.id,
            )
    yield from same_answer(run)


def _decoded(uri: str) -> bytes | None:
    """Return the bytes in a data URI; None if they are not in base64."""
    try:
        return base64.b64decode(uri.partition(",")[2], validate=True)
    except ValueError:
        return None


def _parts(content: Json) -> list[dict[str, Json]]:
    parts = content if isinstance(content, list) else []
    return [part for part in parts if isinstance(part, dict)]


def _uri(part: dict[str, Json]) -> str:
    """Return the URL of an image part, an object or (Mistral) the URL itself."""
    url = part.get("image_url")
    if isinstance(url, dict):
        url = url.get("url")
    return url if isinstance(url, str) else ""


@requirement(
    "client.asks-for-the-schema",
    "A client that is given a schema MUST send it, as a response format or a tool.",
    source="OpenAI API reference, structured outputs",
    on=STRUCTURED,
)
def asks_for_the_schema(run: Run) -> Findings:
    for one in attempts(run):
        names = {"seats", "place"}
        sent = spell({k: one.body.get(k) for k in ("response_format", "tools")})
        given = " ".join(text_of(m.get("content")) for m in one.messages)
        if not all(f'"{name}"' in sent or name in given for name in names):
            yield Finding(
                "the schema is not sent",
                expected="response_format with the schema",
                actual=shorten(sent, 160),
                at=run.scenario.id,
            )


@requirement(
    "client.reads-structured-output",
    "A client MUST return the document that the model wrote.",
    source="OpenAI API reference, structured outputs",
    on=STRUCTURED,
)
def reads_structured_output(run: Run) -> Findings:
    yield from _same_document(run)


@requirement(
    "client.reads-structured-output-after-a-thought",
    "A client MUST return the document alone if reasoning precedes it.",
    source="openai/openai-python: chat.completions.parse reads text content only",
    on=STRUCTURED_THOUGHT,
)
def reads_structured_output_after_a_thought(run: Run) -> Findings:
    if run.dialect.tagged:
        raise NotApplicable("the dialect does not keep reasoning and answer apart")
    yield from _same_document(run)


def _same_document(run: Run) -> Findings:
    """Yield a finding unless the answer is the document, whatever its white space."""
    error = list(no_error(run))
    if error:
        yield from error
        return
    if not run.output.has("answer"):
        raise NotApplicable("the program does not say the answer")
    said = run.output.result.get("answer")
    value = read_json(said.encode()) if isinstance(said, str) else said
    if value != read_json(_DOCUMENT.encode()):
        yield Finding(
            "the document is another one",
            expected=_DOCUMENT,
            actual=shorten(spell(said), 160),
            at=run.scenario.id,
        )


@requirement(
    "client.reads-a-plain-stream",
    "A client MUST return the answer of a stream.",
    source="OpenAI API reference, streaming",
    on=STREAM,
)
def reads_a_plain_stream(run: Run) -> Findings:
    yield from same_answer(run)
