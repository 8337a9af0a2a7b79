"""The official `openai` package reads what the mock sends, in every dialect."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import httpx2
import openai
import pydantic
import pytest
from support.one_port import KEY, served

from contract.catalog.profiles import builtin
from contract.mock_server import framing
from contract.model import images
from contract.model.dialect import Head
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import Reply

MODEL = "magistral-small-2509"
ASKED = [{"role": "user", "content": "What is 6 times 7?"}]
THOUGHT = "Okay, let me think: six times seven makes forty-two."
ANSWER = "The answer is 42"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
LOOSE = {**WEATHER, "function": {**WEATHER["function"], "strict": False}}
TWO_CITIES = [{"role": "user", "content": "What is the weather in Paris and in Rome?"}]

# Mistral's content is a list where a thought was; the package's types say text.
lists_warn = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

# Where each dialect puts the thought: members beyond what the package knows.
FIELDS = {
    "vllm-0.32": ("reasoning",),
    "vllm-0.16": ("reasoning",),
    "vllm-0.12": ("reasoning", "reasoning_content"),
    "vllm-0.11": ("reasoning_content",),
    "llamacpp": ("reasoning_content",),
    "transformers": ("reasoning_content",),
}
MISTRAL = ("mistral-2025-10", "mistral-2026-08")
COMPATIBLE = (*FIELDS, "inline")
# Told of a stream's usage only when asked; Mistral refuses to be asked.
USAGE = {"stream_options": {"include_usage": True}}


@pytest.fixture(scope="module")
def url():
    with served() as root:
        yield root


@pytest.fixture(scope="module")
def client(url):
    """`client("vllm", fault=…)` talks to that dialect."""
    with httpx2.Client(trust_env=False) as pool:

        def client(dialect, fault="", key=KEY):
            name = f"{dialect}+{fault}" if fault else dialect
            return openai.OpenAI(
                base_url=f"{url}/{name}/v1",
                api_key=key,
                max_retries=0,
                http_client=pool,
            )

        yield client


@dataclass(frozen=True)
class Read:
    """What an application got out of one choice."""

    thought: str = ""
    answer: str = ""
    finish: str | None = None
    usage: tuple[int, int, int] | None = None


def thought(message, fields):
    """The thought, where this dialect puts it; all its fields say the same."""
    (text,) = {getattr(message, field, None) or "" for field in fields} or {""}
    return text


def usage(reply):
    counts = reply.usage
    return counts and (
        counts.prompt_tokens,
        counts.completion_tokens,
        counts.total_tokens,
    )


def whole(reply, fields):
    (choice,) = reply.choices
    return Read(
        thought(choice.message, fields),
        choice.message.content or "",
        choice.finish_reason,
        usage(reply),
    )


def gathered(chunks, fields):
    """The chunks of a stream put together by hand, as most applications do."""
    read = Read()
    for chunk in chunks:
        for choice in chunk.choices:
            read = Read(
                read.thought + thought(choice.delta, fields),
                read.answer + (choice.delta.content or ""),
                choice.finish_reason or read.finish,
                read.usage,
            )
        read = Read(read.thought, read.answer, read.finish, usage(chunk) or read.usage)
    return read


def expected(dialect):
    answer = f"[THINK]{THOUGHT}[/THINK]{ANSWER}" if dialect == "inline" else ANSWER
    return Read(THOUGHT if dialect in FIELDS else "", answer, "stop", (11, 22, 33))


@pytest.mark.parametrize("dialect", COMPATIBLE)
def test_a_whole_answer_is_read(client, dialect):
    reply = client(dialect).chat.completions.create(model=MODEL, messages=ASKED)

    assert expected(dialect) == whole(reply, FIELDS.get(dialect, ()))
    # transformers serve names the revision as well.
    assert reply.model == MODEL + ("@main" if dialect == "transformers" else "")
    assert reply.id.startswith("chatcmpl-")


@pytest.mark.parametrize("dialect", COMPATIBLE)
def test_a_stream_is_read(client, dialect):
    chunks = client(dialect).chat.completions.create(
        model=MODEL, messages=ASKED, stream=True, **USAGE
    )

    assert expected(dialect) == gathered(chunks, FIELDS.get(dialect, ()))


def test_the_async_client_reads_the_same(url):
    async def ask(dialect, pool):
        fields = FIELDS.get(dialect, ())
        create = openai.AsyncOpenAI(
            base_url=f"{url}/{dialect}/v1",
            api_key=KEY,
            max_retries=0,
            http_client=pool,
        ).chat.completions.create
        reply = await create(model=MODEL, messages=ASKED)
        stream = await create(model=MODEL, messages=ASKED, stream=True, **USAGE)
        return whole(reply, fields), gathered([c async for c in stream], fields)

    async def ask_all():
        # One client for all: each makes a TLS context, which takes longer than asking.
        async with httpx2.AsyncClient(trust_env=False) as pool:
            return {dialect: await ask(dialect, pool) for dialect in COMPATIBLE}

    assert {d: (expected(d), expected(d)) for d in COMPATIBLE} == asyncio.run(ask_all())


@pytest.mark.parametrize("dialect", COMPATIBLE)
def test_the_stream_helper_keeps_the_thought(client, dialect):
    with client(dialect).chat.completions.stream(
        model=MODEL, messages=ASKED, **USAGE
    ) as stream:
        reply = stream.get_final_completion()

    assert expected(dialect) == whole(reply, FIELDS.get(dialect, ()))


@pytest.mark.parametrize("dialect", COMPATIBLE)
def test_a_thought_that_was_cut_has_no_answer(client, dialect):
    reply = client(dialect).chat.completions.create(
        model=MODEL, messages=ASKED, max_tokens=3
    )
    read = whole(reply, FIELDS.get(dialect, ()))
    got = read.answer if dialect == "inline" else read.thought

    assert got.startswith("[THINK]Okay" if dialect == "inline" else "Okay")
    assert not got.endswith(ANSWER)
    assert read.finish == "length"
    assert reply.usage.completion_tokens == 3


@pytest.mark.parametrize(("dialect", "tells"), [("vllm-0.32", 13), ("vllm-0.16", None)])
def test_reasoning_tokens_are_told_by_the_release_that_counts_them(
    client, dialect, tells
):
    reply = client(dialect).chat.completions.create(model=MODEL, messages=ASKED)
    details = reply.usage.completion_tokens_details

    assert (details and details.reasoning_tokens) == tells


@pytest.mark.parametrize("dialect", [d for d in COMPATIBLE if d != "transformers"])
def test_two_choices_keep_their_index(client, dialect):
    reply = client(dialect).chat.completions.create(
        model=MODEL, messages=ASKED, n=2, temperature=0.7
    )

    assert [0, 1] == [choice.index for choice in reply.choices]
    assert reply.choices[0].message.content.endswith(ANSWER)


def cities(calls):
    return [json.loads(call.function.arguments)["city"] for call in calls]


@lists_warn
@pytest.mark.parametrize("dialect", [*COMPATIBLE, *MISTRAL])
def test_tool_calls_are_read_whole_and_streamed(client, dialect):
    chat = client(dialect).chat.completions
    asked = {"model": MODEL, "messages": TWO_CITIES, "tools": [WEATHER]}
    (choice,) = chat.create(**asked).choices
    with chat.stream(**asked) as stream:
        (streamed,) = stream.get_final_completion().choices

    assert ["Paris", "Rome"] == cities(choice.message.tool_calls)
    assert ("tool_calls", "tool_calls") == (
        choice.finish_reason,
        streamed.finish_reason,
    )
    assert [{"city": "Paris"}, {"city": "Rome"}] == [
        call.function.parsed_arguments for call in streamed.message.tool_calls
    ]
    assert ["get_weather"] * 2 == [
        call.function.name for call in streamed.message.tool_calls
    ]
    assert len({call.id for call in streamed.message.tool_calls}) == 2


@lists_warn
@pytest.mark.parametrize("dialect", [*COMPATIBLE, *MISTRAL])
def test_results_of_tools_lead_to_an_answer(client, dialect):
    chat = client(dialect).chat.completions
    called = chat.create(model=MODEL, messages=TWO_CITIES, tools=[WEATHER])
    message = called.choices[0].message
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
        for call in message.tool_calls
    ]
    reply = chat.create(
        model=MODEL, messages=[*TWO_CITIES, message, *results], tools=[WEATHER]
    )

    assert "It is sunny today" in str(reply.choices[0].message.content)
    assert reply.usage.prompt_tokens > called.usage.prompt_tokens


@pytest.mark.parametrize("dialect", [*COMPATIBLE, *MISTRAL])
def test_an_image_is_seen(client, dialect):
    address = images.picture(64, 48).uri
    parts = [
        {"type": "text", "text": "Describe it."},
        {"type": "image_url", "image_url": {"url": address}},
    ]
    reply = client(dialect).chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": parts}]
    )

    assert "I see one image: 64x48" in str(reply.choices[0].message.content)


class Sum(pydantic.BaseModel):
    answer: int


@pytest.mark.parametrize("dialect", [d for d in COMPATIBLE if d != "transformers"])
def test_a_schema_is_kept_whole_and_streamed(client, dialect):
    chat = client(dialect).chat.completions
    asked = {"model": MODEL, "messages": ASKED, "response_format": Sum}
    with chat.stream(**asked) as stream:
        streamed = stream.get_final_completion()

    assert Sum(answer=42) == chat.parse(**asked).choices[0].message.parsed
    assert Sum(answer=42) == streamed.choices[0].message.parsed


@pytest.mark.parametrize("dialect", builtin())
def test_models_are_listed(client, dialect):
    listed = client(dialect).models.list()

    assert [MODEL, "magistral-medium-2509"] == [model.id for model in listed.data]


# What an application sees of a refusal: class, the sentence, code, type, param.
TOO_LONG = [{"role": "user", "content": "word " * 5_000}]
WRONG = {
    "model": {"model": "no-such-model"},
    "overflow": {"messages": TOO_LONG},
    "temperature": {"temperature": 9},
}
REFUSALS = {
    ("vllm-0.32", "model"): (
        openai.NotFoundError,
        "The model `no-such-model` does not exist.",
        ("404", "NotFoundError", "model"),
    ),
    ("vllm-0.32", "overflow"): (
        openai.BadRequestError,
        "maximum context length is 4096 tokens",
        ("400", "BadRequestError", "input_tokens"),
    ),
    ("vllm-0.32", "temperature"): (
        openai.BadRequestError,
        "temperature must be in [0, 2], got 9.0.",
        ("400", "BadRequestError", "temperature"),
    ),
    ("llamacpp", "overflow"): (
        openai.BadRequestError,
        "exceeds the available context size (4096 tokens)",
        ("400", "exceed_context_size_error", None),
    ),
    ("inline", "model"): (
        openai.NotFoundError,
        "The model `no-such-model` does not exist.",
        ("404", "NotFoundError", "model"),
    ),
    ("mistral-2025-10", "model"): (
        openai.BadRequestError,
        "Invalid model: no-such-model",
        ("1500", "invalid_model", None),
    ),
    ("mistral-2026-08", "overflow"): (
        openai.BadRequestError,
        "too large for model with 4096 maximum context length",
        ("3051", "invalid_request_invalid_args", None),
    ),
}


@pytest.mark.parametrize(
    "streamed", [pytest.param(False, id="whole"), pytest.param(True, id="streamed")]
)
@pytest.mark.parametrize(("dialect", "wrong"), REFUSALS)
def test_a_refusal_is_told_in_the_providers_words(client, dialect, wrong, streamed):
    kind, sentence, marks = REFUSALS[dialect, wrong]
    asked = {"model": MODEL, "messages": ASKED, "stream": streamed} | WRONG[wrong]
    with pytest.raises(openai.APIStatusError) as raised:
        client(dialect).chat.completions.create(**asked)
    error = raised.value

    assert kind is type(error)
    assert sentence in error.message
    assert marks == (error.code, error.type, error.param)


def test_a_detail_is_in_the_body_and_not_in_the_message(client):
    """FastAPI's `detail`, which the package does not look for."""
    with pytest.raises(openai.BadRequestError) as raised:
        client("transformers").chat.completions.create(model="other", messages=ASKED)

    assert raised.value.message == "Error code: 400"
    assert "requested 'other'" in raised.value.body["detail"]


CLASSES = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    404: openai.NotFoundError,
    405: openai.APIStatusError,
    408: openai.APIStatusError,
    413: openai.APIStatusError,
    415: openai.APIStatusError,
    421: openai.APIStatusError,
    431: openai.APIStatusError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    501: openai.InternalServerError,
}


@pytest.mark.parametrize("dialect", builtin())
def test_every_refusal_has_its_class_and_body(client, dialect):
    profile = builtin()[dialect]
    seen = {}
    for trouble in RejectionReason:
        problem = Rejection(reason=trouble, message="a message", value="some value")
        rejected: Reply = framing.rejection_reply(
            None, problem, Head("", 0, ""), profile.dialect
        )
        body = json.loads(rejected.body)
        with pytest.raises(openai.APIStatusError) as raised:
            client(dialect, trouble).models.list()
        error = raised.value
        right = (
            CLASSES[rejected.status] is type(error)
            and rejected.status == error.status_code
        )
        seen[trouble] = right and error.body == body.get("error", body)

    assert dict.fromkeys(RejectionReason, True) == seen


@pytest.mark.parametrize("dialect", builtin())
def test_a_wrong_key_is_an_authentication_error(client, dialect):
    with pytest.raises(openai.AuthenticationError) as raised:
        client(dialect, key="sk-wrong").chat.completions.create(
            model=MODEL, messages=ASKED
        )

    assert raised.value.status_code == 401
    assert "sk-wrong" not in str(raised.value)


def test_a_request_id_is_read_from_x_request_id_only(client):
    """Mistral names its requests in `mistral-correlation-id`, vLLM not at all."""
    found = {}
    for dialect in ("transformers", "vllm-0.32", "mistral-2025-10"):
        with pytest.raises(openai.BadRequestError) as raised:
            client(dialect).chat.completions.create(
                model=MODEL, messages=TOO_LONG, extra_query={"x": "1"}
            )
        response = raised.value.response
        found[dialect] = (
            bool(raised.value.request_id),
            "mistral-correlation-id" in response.headers,
        )

    assert {
        "transformers": (True, False),
        "vllm-0.32": (False, False),
        "mistral-2025-10": (False, True),
    } == found


@pytest.mark.parametrize(
    ("dialect", "same"),
    [
        pytest.param("vllm-0.32", True, id="vllm-0.32"),
        pytest.param("vllm-0.11", False, id="vllm-0.11"),
        pytest.param("llamacpp", True, id="llamacpp"),
    ],
)
def test_a_message_sent_back_as_it_was_read_is_taken(client, dialect, same):
    """`model_dump` sends every member; vLLM 0.11 forgets the thought among them."""
    chat = client(dialect).chat.completions
    first = chat.create(model=MODEL, messages=ASKED)
    said = first.choices[0].message.model_dump()
    again = chat.create(model=MODEL, messages=[*ASKED, said, *ASKED])
    silent = {"role": "assistant", "content": ANSWER}
    forgot = chat.create(model=MODEL, messages=[*ASKED, silent, *ASKED])

    assert same is (again.usage.prompt_tokens > forgot.usage.prompt_tokens)


# Mistral's API with this package; docs/clients.md lists the workarounds.


def test_mistrals_thought_is_a_list_in_content(client):
    reply = client("mistral").chat.completions.create(model=MODEL, messages=ASKED)

    assert [
        {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
        {"type": "text", "text": ANSWER},
    ] == reply.choices[0].message.content


@lists_warn
def test_the_stream_helper_loses_mistrals_thought(client):
    with client("mistral").chat.completions.stream(
        model=MODEL, messages=ASKED
    ) as stream:
        reply = stream.get_final_completion()

    assert ANSWER == reply.choices[0].message.content
    assert usage(reply) == (11, 22, 33)


@lists_warn
def test_parse_cannot_read_a_document_behind_mistrals_thought(client):
    with pytest.raises(pydantic.ValidationError, match="JSON input should be string"):
        client("mistral").chat.completions.parse(
            model=MODEL, messages=ASKED, response_format=Sum
        )


@lists_warn
def test_mistral_refuses_a_message_with_every_member(client):
    chat = client("mistral").chat.completions
    said = chat.create(model=MODEL, messages=ASKED).choices[0].message
    with pytest.raises(openai.UnprocessableEntityError) as raised:
        chat.create(
            model=MODEL,
            messages=[*ASKED, {"role": "assistant", "content": "", "refusal": None}],
        )
    taken = chat.create(model=MODEL, messages=[*ASKED, said, *ASKED])

    assert "extra_forbidden" in raised.value.response.text
    assert taken.usage.prompt_tokens == 43


# What this package makes of providers that are broken.


def answered(client, dialect, fault, **more):
    chunks = client(dialect, fault).chat.completions.create(
        **({"model": MODEL, "messages": ASKED, "stream": True} | USAGE | more)
    )
    return gathered(chunks, FIELDS[dialect])


@pytest.mark.parametrize(
    ("dialect", "fault", "read"),
    [
        pytest.param(
            "vllm-0.32",
            "field-renamed",
            Read("", ANSWER, "stop", (11, 22, 33)),
            id="the-thought-is-gone",
        ),
        pytest.param(
            "llamacpp",
            "stream-usage-dropped",
            Read(THOUGHT, ANSWER, "stop", None),
            id="usage-is-gone",
        ),
        pytest.param(
            "vllm-0.32",
            "finish-missing",
            Read(THOUGHT, ANSWER, None, (11, 22, 33)),
            id="no-finish-reason",
        ),
        pytest.param(
            "vllm-0.32",
            "finish-called-eos",
            Read(THOUGHT, ANSWER, "eos_token", (11, 22, 33)),
            id="unknown-finish-reason",
        ),
        pytest.param(
            "vllm-0.32",
            "log-line-in-stream",
            Read(THOUGHT, ANSWER, "stop", (11, 22, 33)),
            id="lines-that-are-no-events-are-passed-over",
        ),
    ],
)
def test_a_fault_shows_in_what_is_read(client, dialect, fault, read):
    assert read == answered(client, dialect, fault)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        pytest.param("connection-reset", openai.APIConnectionError, id="reset"),
        pytest.param("ping-as-data", json.JSONDecodeError, id="not-json"),
    ],
)
def test_a_broken_stream_raises(client, fault, error):
    with pytest.raises(error):
        answered(client, "vllm-0.32", fault)


def test_an_error_inside_a_stream_raises(client):
    with pytest.raises(openai.APIError, match="maximum context length") as raised:
        answered(client, "vllm-0.32", "overflow-inside-stream", messages=TOO_LONG)

    assert openai.APIError is type(raised.value)
    assert raised.value.type == "BadRequestError"


def test_arguments_encoded_twice_are_no_object(client):
    reply = client("vllm-0.32", "arguments-encoded-twice").chat.completions.create(
        model=MODEL, messages=TWO_CITIES, tools=[LOOSE]
    )
    (first, *_) = reply.choices[0].message.tool_calls

    assert isinstance(json.loads(first.function.arguments), str)


def test_the_fixture_answers_it_without_a_port(magistral):
    magistral("vllm-0.11", url="http://llm.test", key=KEY, models=(MODEL,))
    client = openai.OpenAI(base_url="http://llm.test/v1", api_key=KEY)
    reply = client.chat.completions.create(model=MODEL, messages=ASKED)

    assert expected("vllm-0.11") == whole(reply, FIELDS["vllm-0.11"])
