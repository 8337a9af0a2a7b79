"""The packages `openai` and `mistralai` read `/v1/responses` of the mock."""

from __future__ import annotations

import json

import httpx2
import openai
import pytest
from mistralai.client import Mistral, errors
from support.one_port import KEY, served

MODEL = "magistral-small-2509"
QUESTION = "What is 6 times 7?"
THOUGHT = "Okay, let me think: six times seven makes forty-two."
ANSWER = "The answer is 42"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
ASKED = {"type": "message", "role": "user", "content": "What is the weather in Paris?"}
HIGH = {"reasoning": {"effort": "high"}}
SURFACES = ("mistral-responses", "vllm-responses", "llamacpp-responses")
ENDS = ["response.output_item.done", "response.completed"]

each_surface = pytest.mark.parametrize("surface", SURFACES)


@pytest.fixture(scope="module")
def url():
    with served() as root:
        yield root


@pytest.fixture(scope="module")
def pool():
    with httpx2.Client(trust_env=False) as made:
        yield made


@pytest.fixture
def client(url, pool):
    """`client("vllm-responses", fault=…)` is openai's client of that surface."""

    def client(surface, fault="", key=KEY):
        name = f"{surface}+{fault}" if fault else surface
        return openai.OpenAI(
            base_url=f"{url}/{name}/v1", api_key=key, max_retries=0, http_client=pool
        ).responses

    return client


@pytest.fixture
def mistral(url, pool):
    """The client of Mistral's own package."""
    idle = httpx2.AsyncClient(trust_env=False)
    return Mistral(
        api_key=KEY,
        server_url=f"{url}/mistral-responses",
        client=pool,
        async_client=idle,
        timeout_ms=5_000,
    ).responses


@each_surface
def test_openai_reads_a_whole_response(client, surface):
    response = client(surface).create(model=MODEL, input=QUESTION, **HIGH)

    assert (response.status, response.output_text) == ("completed", ANSWER)
    reasoning, message = response.output
    assert (reasoning.type, reasoning.content[0].text) == ("reasoning", THOUGHT)
    assert message.type == "message"
    usage = response.usage
    assert usage.input_tokens + usage.output_tokens == usage.total_tokens > 0


@each_surface
def test_openai_assembles_a_stream(client, surface):
    with client(surface).stream(model=MODEL, input=QUESTION, **HIGH) as stream:
        events = list(stream)
        final = stream.get_final_response()

    types = [event.type for event in events]
    assert types[:2] == ["response.created", "response.in_progress"]
    assert types[-2:] == ENDS
    assert [event.sequence_number for event in events] == [*range(len(events))]
    assert final.output_text == ANSWER
    thought = "".join(
        event.delta for event in events if event.type == "response.reasoning_text.delta"
    )
    assert thought == THOUGHT


@each_surface
def test_openai_calls_a_function_and_sends_its_result(client, surface):
    asked = {"model": MODEL, "tools": [WEATHER], **HIGH}
    first = client(surface).create(input=[ASKED], **asked)
    call = next(item for item in first.output if item.type == "function_call")
    result = {
        "type": "function_call_output",
        "call_id": call.call_id,
        "output": "Sunny, 21 degrees.",
    }
    items = [item.model_dump(exclude_none=True) for item in first.output]

    second = client(surface).create(input=[ASKED, *items, result], **asked)

    assert json.loads(call.arguments) == {"city": "Paris"}
    assert second.status == "completed"
    assert second.usage.input_tokens > first.usage.input_tokens
    assert second.output_text


@each_surface
def test_openai_streams_the_arguments_of_a_call(client, surface):
    asked = {"model": MODEL, "input": [ASKED], "tools": [WEATHER], **HIGH}
    with client(surface).stream(**asked) as stream:
        events = list(stream)

    kind = "response.function_call_arguments"
    joined = "".join(e.delta for e in events if e.type == f"{kind}.delta")
    (done,) = [e for e in events if e.type == f"{kind}.done"]
    assert joined == done.arguments
    assert json.loads(joined) == {"city": "Paris"}


@each_surface
def test_a_cut_response_is_incomplete(client, surface):
    response = client(surface).create(
        model=MODEL, input="Count from 1 to 200.", max_output_tokens=8, **HIGH
    )

    assert response.status == "incomplete"
    assert response.incomplete_details.reason == "max_output_tokens"


@each_surface
def test_a_response_to_go_on_from_is_refused(client, surface):
    with pytest.raises(openai.APIStatusError) as refused:
        client(surface).create(
            model=MODEL, input=QUESTION, previous_response_id="resp_1"
        )

    assert 400 <= refused.value.status_code < 500
    assert "previous_response_id" in str(refused.value)


@each_surface
def test_a_wrong_key_is_an_error_of_authentication(client, surface):
    with pytest.raises(openai.AuthenticationError):
        client(surface, key="sk-wrong").create(model=MODEL, input=QUESTION)


def test_an_error_in_a_stream_is_an_error_event(client):
    stream = client("mistral-responses", fault="error-in-the-stream").create(
        model=MODEL, input=QUESTION, stream=True, **HIGH
    )

    # The client either raises for the event or passes it on.
    try:
        kinds = [event.type for event in stream]
    except openai.APIError:
        return
    assert "error" in kinds


def test_mistralai_reads_a_whole_response(mistral):
    response = mistral.create(model=MODEL, input=QUESTION, **HIGH)

    reasoning, message = response.output
    assert reasoning.content[0].text == THOUGHT
    assert message.content[0].text == ANSWER
    assert response.status == "completed"


def test_mistralai_reads_every_event_of_a_stream(mistral):
    with mistral.create(model=MODEL, input=QUESTION, stream=True, **HIGH) as stream:
        frames = list(stream)

    assert [frame.data.type for frame in frames] == [frame.event for frame in frames]
    last = frames[-1].data.response
    assert last.output[-1].content[0].text == ANSWER
    assert last.usage.output_tokens_details.reasoning_tokens > 0


def test_mistralai_counts_the_tokens_that_a_response_reports(mistral):
    asked = {"model": MODEL, "input": [ASKED], "tools": [WEATHER], **HIGH}

    counted = mistral.count_input_tokens(**asked)

    assert counted.input_tokens == mistral.create(**asked).usage.input_tokens


def test_mistralai_raises_for_a_rejected_request(mistral):
    with pytest.raises(errors.SDKError, match="previous_response_id"):
        mistral.create(model=MODEL, input=QUESTION, previous_response_id="resp_1")
