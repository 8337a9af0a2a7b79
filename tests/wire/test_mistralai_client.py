"""The official `mistralai` package reads what the mock sends as Mistral's API."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace

import httpx2
import pydantic
import pytest
from mistralai.client import Mistral, errors
from mistralai.client.models import TextChunk, ThinkChunk
from support.one_port import KEY, served

from contract.catalog.profiles import builtin
from contract.mock_server import framing
from contract.mock_server.engine import SECOND_THOUGHT
from contract.model import images
from contract.model.dialect import Head
from contract.model.rejection import Rejection, RejectionReason

MODEL = "magistral-small-2509"
ASKED = [{"role": "user", "content": "What is 6 times 7?"}]
THOUGHT = "Okay, let me think: six times seven makes forty-two."
ANSWER = "The answer is 42"
TWO_CITIES = [{"role": "user", "content": "What is the weather in Paris and in Rome?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
TOO_LONG = [{"role": "user", "content": "word " * 5_000}]
# What makes a model of each time think.
THINKS = {
    "mistral-2025-10": {},
    "mistral-2026-08": {"reasoning_effort": "high"},
    "mistral-2026-10": {"reasoning_effort": "high"},
}

both = pytest.mark.parametrize("dialect", THINKS)


@pytest.fixture(scope="module")
def url():
    with served() as root:
        yield root


@pytest.fixture(scope="module")
def client(url):
    """`client("mistral-2026-08", fault=…)` talks to that dialect."""
    # Both are given: a client that the package makes itself takes 60 ms.
    idle = httpx2.AsyncClient(trust_env=False)
    with httpx2.Client(trust_env=False) as pool:

        def client(dialect, fault="", key=KEY):
            name = f"{dialect}+{fault}" if fault else dialect
            return Mistral(
                server_url=f"{url}/{name}", api_key=key, client=pool, async_client=idle
            )

        yield client
    asyncio.run(idle.aclose())


@dataclass(frozen=True)
class Read:
    """What an application got out of one choice."""

    thought: str = ""
    answer: str = ""
    finish: str | None = None
    usage: tuple[int, int, int] | None = None


def parted(content):
    """The thought and the answer of content that is text, or chunks."""
    if not isinstance(content, list):
        return "", content or ""
    thoughts = [chunk for chunk in content if isinstance(chunk, ThinkChunk)]
    texts = [chunk for chunk in content if isinstance(chunk, TextChunk)]

    assert len(content) == len(thoughts) + len(texts)
    return (
        "".join(text.text for chunk in thoughts for text in chunk.thinking),
        "".join(chunk.text for chunk in texts),
    )


def usage(reply):
    counts = reply.usage
    return counts and (
        counts.prompt_tokens,
        counts.completion_tokens,
        counts.total_tokens,
    )


def whole(reply):
    (choice,) = reply.choices
    return Read(*parted(choice.message.content), choice.finish_reason, usage(reply))


def gathered(events):
    read = Read()
    for event in events:
        for choice in event.data.choices:
            thought, answer = parted(choice.delta.content)
            read = Read(
                read.thought + thought,
                read.answer + answer,
                choice.finish_reason or read.finish,
                read.usage,
            )
        # Since October 2026 in a chunk without choices.
        read = replace(read, usage=usage(event.data) or read.usage)
    return read


EXPECTED = Read(THOUGHT, ANSWER, "stop", (11, 22, 33))


def asked(dialect, messages=ASKED, **more):
    return {"model": MODEL, "messages": messages, **THINKS[dialect], **more}


@both
def test_a_whole_answer_is_read(client, dialect):
    reply = client(dialect).chat.complete(**asked(dialect))

    assert EXPECTED == whole(reply)
    assert ("chat.completion", MODEL) == (reply.object, reply.model)


@both
def test_a_stream_is_read(client, dialect):
    with client(dialect).chat.stream(**asked(dialect)) as events:
        assert EXPECTED == gathered(events)


def test_the_async_client_reads_the_same(url):
    async def ask(dialect, pool):
        chat = Mistral(
            server_url=f"{url}/{dialect}", api_key=KEY, async_client=pool
        ).chat
        reply = await chat.complete_async(**asked(dialect))
        async with await chat.stream_async(**asked(dialect)) as events:
            return whole(reply), gathered([event async for event in events])

    async def ask_all():
        async with httpx2.AsyncClient(trust_env=False) as pool:
            return [await ask(dialect, pool) for dialect in THINKS]

    assert [(EXPECTED, EXPECTED)] * len(THINKS) == asyncio.run(ask_all())


RESUMES = [
    {"role": "user", "content": "What is 6 times 7? Answer with one short sentence."}
]


def test_large_4_thinks_by_default_and_its_thinking_may_resume(client):
    sent = {"model": "mistral-large-4", "messages": RESUMES}
    reply = client("mistral-2026-10", "own-models").chat.complete(**sent)
    content = reply.choices[0].message.content
    with client("mistral-2026-10", "own-models").chat.stream(**sent) as events:
        listed = list(events)

    assert ["thinking", "text", "thinking", "text"] == [one.type for one in content]
    assert (THOUGHT + SECOND_THOUGHT, ANSWER) == parted(content)
    assert whole(reply) == gathered(listed)
    # A delta with both kinds of chunk, and the count of the reasoning.
    assert any(
        ["thinking", "text"] == [chunk.type for chunk in choice.delta.content]
        for event in listed
        for choice in event.data.choices
        if isinstance(choice.delta.content, list)
    )
    assert {"reasoning_tokens": 20} == reply.usage.completion_tokens_details


def test_log_probabilities_are_read_with_the_ids_of_the_tokens(client):
    reply = client("mistral-2026-10", "own-models").chat.complete(
        model="mistral-large-4", messages=ASKED, logprobs=True, top_logprobs=2
    )
    content = reply.choices[0].logprobs.content

    text = "".join(one.token for one in content)
    assert f"[THINK]{THOUGHT}[/THINK]{ANSWER}</s>" == text
    assert {2} == {len(one.top_logprobs) for one in content}
    assert all(one.token_id == one.top_logprobs[0].token_id for one in content)


def test_an_unknown_effort_is_refused_with_the_list_of_the_model(client):
    with pytest.raises(errors.SDKError, match="Supported values: none, high") as caught:
        client("mistral-2026-10", "own-models").chat.complete(
            model="mistral-small-2603", messages=ASKED, reasoning_effort="low"
        )

    assert 400 == caught.value.status_code


@both
def test_a_thought_that_was_cut_has_no_answer(client, dialect):
    read = whole(client(dialect).chat.complete(**asked(dialect, max_tokens=3)))

    assert THOUGHT.startswith(read.thought)
    assert read.thought
    assert ("", "length", 3) == (read.answer, read.finish, read.usage[1])


@pytest.mark.parametrize(
    ("dialect", "off"),
    [
        pytest.param("mistral-2025-10", {"prompt_mode": None}, id="mistral-2025-10"),
        pytest.param("mistral-2026-08", {}, id="mistral-2026-08"),
    ],
)
def test_without_a_thought_content_is_text(client, dialect, off):
    reply = client(dialect).chat.complete(model=MODEL, messages=ASKED, **off)

    assert ANSWER == reply.choices[0].message.content


def test_what_the_types_do_not_name_is_kept(client):
    """Cached tokens and the padding of chunks are not in the package's models."""
    reply = client("mistral-2026-08").chat.complete(**asked("mistral-2026-08"))

    assert reply.usage.service_tier == "standard"
    assert {"cached_tokens": 0} == reply.usage.model_extra["prompt_tokens_details"]


@both
def test_two_choices_keep_their_index(client, dialect):
    reply = client(dialect).chat.complete(**asked(dialect, n=2, temperature=0.7))

    assert [0, 1] == [choice.index for choice in reply.choices]
    assert [(THOUGHT, ANSWER)] * 2 == [parted(c.message.content) for c in reply.choices]


def cities(calls):
    return [json.loads(call.function.arguments)["city"] for call in calls]


@both
def test_tool_calls_are_read_whole_and_streamed(client, dialect):
    chat = client(dialect).chat
    request = asked(dialect, TWO_CITIES, tools=[WEATHER])
    (choice,) = chat.complete(**request).choices
    with chat.stream(**request) as events:
        choices = [choice for event in events for choice in event.data.choices]
    streamed = [call for c in choices for call in c.delta.tool_calls or ()]

    assert ["Paris", "Rome"] == cities(choice.message.tool_calls) == cities(streamed)
    assert ["get_weather"] * 2 == [call.function.name for call in streamed]
    assert ("tool_calls", "tool_calls") == (
        choice.finish_reason,
        choices[-1].finish_reason,
    )
    assert len({call.id for call in streamed}) == 2


@both
def test_a_message_sent_back_as_it_was_read_is_taken(client, dialect):
    """The thought, the calls and their results are all counted."""
    chat = client(dialect).chat
    first = chat.complete(**asked(dialect, TWO_CITIES, tools=[WEATHER]))
    message = first.choices[0].message
    results = [
        {
            "role": "tool",
            "tool_call_id": call.id,
            "name": "get_weather",
            "content": "18",
        }
        for call in message.tool_calls
    ]
    reply = chat.complete(
        **asked(dialect, [*TWO_CITIES, message, *results], tools=[WEATHER])
    )

    assert whole(reply).answer.startswith("It is sunny today")
    spoken = first.usage.total_tokens
    assert reply.usage.prompt_tokens > spoken


@both
def test_an_image_is_seen(client, dialect):
    parts = [
        {"type": "text", "text": "Describe it."},
        {"type": "image_url", "image_url": images.picture(64, 48).uri},
    ]
    reply = client(dialect).chat.complete(
        **asked(dialect, [{"role": "user", "content": parts}])
    )

    assert whole(reply).answer == "I see one image: 64x48"


class Sum(pydantic.BaseModel):
    answer: int


@both
def test_a_schema_is_kept_behind_a_thought(client, dialect):
    chat = client(dialect).chat
    reply = chat.parse(Sum, **asked(dialect))
    with chat.parse_stream(Sum, **asked(dialect)) as events:
        streamed = gathered(events)

    assert Sum(answer=42) == reply.choices[0].message.parsed
    assert THOUGHT == whole(reply).thought == streamed.thought
    assert {"answer": 42} == json.loads(streamed.answer)


@both
def test_models_are_listed_and_shown(client, dialect):
    models = client(dialect).models
    listed = models.list().data
    card = models.retrieve(model_id=MODEL)

    assert [MODEL, "magistral-medium-2509"] == [model.id for model in listed]
    assert listed[0] == card
    assert (4_096, True, True) == (
        card.max_context_length,
        card.capabilities.reasoning,
        card.capabilities.vision,
    )


REFUSALS = [
    pytest.param(
        {"model": "no-such-model"},
        400,
        "1500",
        "Invalid model: no-such-model",
        id="model",
    ),
    pytest.param(
        {"messages": TOO_LONG},
        400,
        "3051",
        "too large for model with 4096 maximum context length",
        id="overflow",
    ),
    pytest.param(
        {"messages": [*ASKED, {"role": "assistant", "content": "Hm"}]},
        400,
        "3230",
        "Expected last role",
        id="order",
    ),
]


@pytest.mark.parametrize(
    "streamed", [pytest.param(False, id="whole"), pytest.param(True, id="streamed")]
)
@both
@pytest.mark.parametrize(("wrong", "status", "code", "sentence"), REFUSALS)
def test_a_refusal_is_an_sdk_error(  # noqa: PLR0913, PLR0917  # a table
    client, dialect, streamed, wrong, status, code, sentence
):
    chat = client(dialect).chat
    with pytest.raises(errors.SDKError) as raised:
        (chat.stream if streamed else chat.complete)(**asked(dialect, **wrong))
    error = raised.value
    body = json.loads(error.body)

    assert (status, code) == (error.status_code, body["code"])
    assert sentence in body["message"]
    assert sentence in error.message
    assert error.headers["mistral-correlation-id"]


@both
def test_a_validation_error_comes_without_its_data(client, dialect):
    """
    `data.detail` is None: the API wraps the list that the package looks for.

    Whoever wants the issues reads `body`: `message.detail` there.
    """
    with pytest.raises(errors.HTTPValidationError) as raised:
        client(dialect).chat.complete(**asked(dialect, temperature=7))
    error = raised.value
    (issue,) = json.loads(error.body)["message"]["detail"]

    assert error.status_code == 422
    assert error.data.detail is None
    assert ["body", "temperature"] == issue["loc"]


@both
def test_every_refusal_has_its_class_and_body(client, dialect):
    seen = {}
    for trouble in RejectionReason:
        problem = Rejection(reason=trouble, message="a message", value="some value")
        known = builtin()[dialect].dialect
        rejected = framing.rejection_reply(None, problem, Head("", 0, ""), known)
        kind = errors.HTTPValidationError if rejected.status == 422 else errors.SDKError
        with pytest.raises(errors.MistralError) as raised:
            client(dialect, trouble).chat.complete(**asked(dialect))
        error = raised.value
        right = kind is type(error) and rejected.status == error.status_code
        seen[trouble] = right and json.loads(error.body) == json.loads(rejected.body)

    assert dict.fromkeys(RejectionReason, True) == seen


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        pytest.param("mistral-2025-10", "Unauthorized", id="mistral-2025-10"),
        pytest.param("mistral-2026-08", "Invalid API Key", id="mistral-2026-08"),
    ],
)
def test_a_wrong_key_is_told(client, dialect, words):
    with pytest.raises(errors.SDKError) as raised:
        client(dialect, key="sk-wrong").chat.complete(**asked(dialect))

    assert (401, {"detail": words}) == (
        raised.value.status_code,
        json.loads(raised.value.body),
    )


# What this package makes of providers that are broken.


@pytest.mark.parametrize(
    ("fault", "read"),
    [
        pytest.param(
            "thought-dropped",
            Read("", ANSWER, "stop", (11, 22, 33)),
            id="the-thought-is-gone",
        ),
        pytest.param(
            "stream-usage-dropped",
            Read(THOUGHT, ANSWER, "stop", None),
            id="usage-is-gone",
        ),
        pytest.param(
            "finish-called-eos",
            Read(THOUGHT, ANSWER, "eos_token", (11, 22, 33)),
            id="unknown-finish-reason",
        ),
    ],
)
def test_a_fault_shows_in_what_is_read(client, fault, read):
    with client("mistral-2025-10", fault).chat.stream(
        **asked("mistral-2025-10")
    ) as events:
        assert read == gathered(events)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param("connection-reset", httpx2.ReadError, id="reset"),
        pytest.param("ping-as-data", errors.ResponseValidationError, id="not-json"),
        pytest.param("index-missing", errors.ResponseValidationError, id="no-index"),
        pytest.param("stream-called-json", errors.SDKError, id="another-type"),
        pytest.param(
            "overflow-inside-stream",
            errors.ResponseValidationError,
            id="error-inside",
        ),
    ],
)
def test_a_broken_stream_raises(client, fault, error):
    request = asked("mistral-2025-10")
    if fault == "overflow-inside-stream":
        request["messages"] = TOO_LONG
    with (
        pytest.raises(error),
        client("mistral-2025-10", fault).chat.stream(**request) as events,
    ):
        gathered(events)


def test_the_fixture_answers_it_without_a_port(magistral):
    magistral("mistral", models=(MODEL,))
    reply = Mistral(api_key=KEY).chat.complete(model=MODEL, messages=ASKED)

    assert EXPECTED == whole(reply)
