"""Tests of the mock as a pure function: dialects, usage, windows, keys, endpoints."""

import io
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from support.each import each
from support.every import EVERY as FEW_IN_THE_FAST_SUITE

from contract.catalog.providers import dialects
from contract.mock_server.latency import LatencyPlan
from contract.mock_server.provider import EPOCH, SERVED, WINDOW, MockProvider
from contract.model.chat import (
    CHAT,
    Image,
    Message,
    Options,
    PieceKind,
    Text,
    Thinking,
    freeze,
)
from contract.model.probe import KeyMode, Probe
from contract.model.probes import (
    CUT,
    LIST_MODELS,
    MODEL_CARD,
    NO_KEY,
    SUM,
    SUM_WHOLE,
    TOOL,
    TOOL_WHOLE,
    TWO_CHOICES,
    UTF8,
    WEATHER,
    WRONG_KEY,
)
from contract.model.profile import Profile
from contract.model.rejection import RejectionReason
from contract.model.reply import rehearse
from contract.model.wire import Request, build_request
from contract.schema import openapi
from contract.tokens import counting, patch_grid

DIALECTS = dialects()
EVERY = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda d: d.id)


def profile(dialect):
    return Profile(id=dialect.id, dialect=dialect)


def exchanged(provider, probe, key=None, number=None):
    request = build_request(probe, profile(provider.dialect), SERVED[0], key)
    reply = provider.reply(request, number)
    return rehearse(reply, probe, profile(provider.dialect))


def ask(text, *, stream=False, **options):
    message = Message("user", text)
    return Probe(
        name="ask", messages=(message,), options=Options(**options), stream=stream
    )


def schema_errors(exchange):
    """The errors of an exchange, as it was sent, under the schemas of its dialect."""
    prefix = exchange.profile.dialect.prefix
    if exchange.status >= 400:
        return openapi.schema_errors(prefix + "Error", exchange.raw_json)
    if not exchange.streamed:
        return openapi.schema_errors(prefix + "ChatResponse", exchange.raw_json)
    return [
        error
        for chunk in exchange.raw_chunks
        for error in openapi.schema_errors(prefix + "ChatEvent", chunk.json)
    ]


def png(width=28, height=28):
    buffer = io.BytesIO()
    Pillow.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


JSON_SCHEMA = freeze(
    {
        "type": "json_schema",
        "json_schema": {
            "name": "pair",
            "schema": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        },
    }
)
PROBES = [
    SUM,
    SUM_WHOLE,
    CUT,
    UTF8,
    TWO_CHOICES,
    TOOL,
    TOOL_WHOLE,
    ask("#random", n=2, seed=7),
    ask("#long", max_tokens=9),
    ask("#loop", max_tokens=9, stream=True),
    ask("#bare"),
    ask("#empty"),
    ask("#open", stream=True),
    ask("What is 6*7?", stop=("is",)),
    ask("What is 6*7?", stop=("times",), stream=True),
    ask("City?", response_format=JSON_SCHEMA),
    ask("City?", response_format=JSON_SCHEMA, stream=True),
    ask("Any?", response_format=freeze({"type": "json_object"})),
    ask("Weather?", tools=(WEATHER,), tool_choice="required", stream=True),
    ask("Weather?", tools=(WEATHER,), tool_choice="=get_weather"),
    ask("Weather in Paris and Lyon?", tools=(WEATHER,), max_tokens=16, stream=True),
    Probe(
        name="image",
        messages=(Message("user", (Text("What is this?"), Image(png()))),),
        stream=True,
    ),
    Probe(
        name="prefix",
        messages=(
            Message("user", "What is 6*7?"),
            Message("assistant", "The answer", prefix=True),
        ),
    ),
]


# An answer that begins with the client's words is no request of these.
NO_PREFIX = {"mistral-responses", "vllm-responses"}
# It answers texts only, and with one choice.
TEXT_ONLY = {"vllm-0.32-rust"}


@EVERY
@each("probe", [pytest.param(p, id=f"{p.name}-{n}") for n, p in enumerate(PROBES)])
def test_responses_satisfy_the_schemas(dialect, probe):
    exchange = exchanged(MockProvider(dialect), probe)
    refused = probe.name == "prefix" and dialect.id in NO_PREFIX
    several = probe.name == "image" or (probe.options.n or 1) > 1
    refused = refused or (several and dialect.id in TEXT_ONLY)

    assert exchange.status == (400 if refused else 200)
    assert list(schema_errors(exchange)) == []


REQUESTS = st.builds(
    Probe,
    name=st.just("generated"),
    messages=st.lists(
        st.one_of(
            st.builds(
                Message,
                st.just("user"),
                st.text(max_size=20)
                | st.sampled_from(["#long", "#loop", "#random", "#utf", "#open", "6*7"])
                | st.text(max_size=9).map(lambda text: (Text(text), Image(png()))),
            ),
            st.builds(Message, st.just("assistant"), st.text(max_size=20)),
            st.builds(
                Message,
                st.just("system"),
                st.text(max_size=9)
                | st.text(max_size=9).map(lambda text: (Text("a"), Thinking(text))),
            ),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    options=st.builds(
        Options,
        max_tokens=st.integers(0, 30),
        temperature=st.none() | st.floats(-0.5, 2.5),
        seed=st.none() | st.integers(0, 9),
        stop=st.lists(st.text(max_size=2), max_size=2).map(tuple),
        n=st.none() | st.integers(0, 3),
        tools=st.sampled_from([(), (WEATHER,)]),
        tool_choice=st.sampled_from([None, "auto", "none", "required", "=get_weather"]),
        response_format=st.sampled_from([None, JSON_SCHEMA]),
        usage=st.booleans(),
    ),
    stream=st.booleans(),
)


@FEW_IN_THE_FAST_SUITE
@given(probe=REQUESTS)
def test_responses_to_any_request_satisfy_the_schemas(dialect, probe):
    exchange = exchanged(PROVIDERS[dialect.id], probe)

    assert list(schema_errors(exchange)) == []
    if exchange.status == 200:
        assert exchange.count("completion_tokens") in {None, *range(200)}
        # A response has one output, whatever number was asked for.
        choices = 1 if dialect.surface else probe.options.n or 1
        assert set(exchange.finishes) == set(range(choices))
        assert all(len(reasons) == 1 for reasons in exchange.finishes.values())


PROVIDERS = {name: MockProvider(dialect) for name, dialect in DIALECTS.items()}


@EVERY
def test_whole_response_and_stream_have_equal_text_and_usage(dialect):
    whole = exchanged(MockProvider(dialect), ask("What is 6*7?", n=2, seed=1))
    streamed = exchanged(
        MockProvider(dialect), ask("What is 6*7?", stream=True, n=2, seed=1)
    )
    places = [(kind, choice) for kind in PieceKind for choice in (0, 1)]

    assert [whole.text_of(*p) for p in places] == [streamed.text_of(*p) for p in places]
    assert whole.finishes == streamed.finishes
    assert whole.count("total_tokens") == streamed.count("total_tokens")


@EVERY
def test_same_number_gets_the_same_bytes(dialect):
    probe = ask("#random", stream=True)
    bodies = {exchanged(MockProvider(dialect), probe, number=5).body for _ in range(3)}

    assert len(bodies) == 1


@EVERY
def test_responses_have_different_ids(dialect):
    provider = MockProvider(dialect)
    ids = {exchanged(provider, SUM_WHOLE).json["id"] for _ in range(5)}

    assert len(ids) == 5


@EVERY
def test_unseeded_answers_vary_and_seeded_ones_do_not(dialect):
    provider = MockProvider(dialect)
    unseeded = {exchanged(provider, ask("#random")).answer for _ in range(30)}
    seeded = {exchanged(provider, ask("#random", seed=3)).answer for _ in range(30)}
    cold = {
        exchanged(provider, ask("#random", temperature=0.0)).answer for _ in range(30)
    }

    assert len(unseeded) > 1
    assert (len(seeded), len(cold)) == (1, 1)


@EVERY
def test_created_is_the_time_of_the_clock(dialect):
    assert exchanged(MockProvider(dialect), SUM_WHOLE).json["created"] == EPOCH
    provider = MockProvider(dialect, clock=iter([7.9, 7.9, 8.2, 8.2, 9.0]).__next__)
    first, second = (exchanged(provider, SUM_WHOLE).json["created"] for _ in range(2))

    assert (first, second) in {(7, 8), (7, 7)}


@EVERY
def test_usage_counts_the_prompt_exactly(dialect):
    image = () if dialect.id in TEXT_ONLY else (Image(png(300, 200)),)
    probe = Probe(
        name="counted",
        messages=(
            Message("system", "Be brief."),
            Message("user", (Text("What?"), *image)),
        ),
        reasons=False,
    )

    count = counting.prompt(probe, dialect.patch_grid or patch_grid.mistral_grid)

    assert exchanged(MockProvider(dialect), probe).count("prompt_tokens") == count


def overflow(provider, count, **options):
    """The exchange of a prompt of *count* tokens."""
    bare = Probe(
        name="long",
        messages=(Message("user", ""),),
        options=Options(**options),
        reasons=False,
    )
    missing = count - counting.prompt(bare)
    filled = (Message("user", counting.filler(missing)),)
    return exchanged(provider, replace(bare, messages=filled))


@EVERY
@pytest.mark.parametrize("window", [512, WINDOW])
def test_context_window_is_exact(dialect, window):
    provider = MockProvider(dialect, context_window=window)
    at_most = overflow(provider, window - 1, max_tokens=1)
    full = overflow(provider, window, max_tokens=1)
    beyond = overflow(provider, window + 1, max_tokens=1)

    assert (at_most.status, full.status, beyond.status) == (200, 400, 400)
    assert at_most.count("total_tokens") == window
    assert at_most.finish == "length"
    assert list(schema_errors(beyond)) == []
    assert str(window) in beyond.text or dialect.id == "transformers"


@pytest.mark.parametrize(
    ("name", "status", "finish"),
    [
        ("mistral-2025-10", 400, None),
        ("mistral-2026-08", 400, None),
        ("vllm-0.11", 200, "length"),
        ("vllm-0.12", 200, "length"),
        ("vllm-0.16", 200, "length"),
        ("llamacpp", 200, "length"),
    ],
)
def test_max_tokens_beyond_the_window_are_handled_by_dialect(name, status, finish):
    exchange = overflow(
        MockProvider(DIALECTS[name], context_window=512), 510, max_tokens=9
    )

    assert (exchange.status, exchange.finish) == (status, finish)
    assert exchange.count("completion_tokens") in {None, 2}


def test_answer_that_fills_the_window_has_its_own_finish_reason():
    exchange = overflow(
        MockProvider(DIALECTS["mistral-2025-10"], context_window=512), 510
    )

    assert exchange.finish == "model_length"
    assert list(schema_errors(exchange)) == []


@EVERY
def test_endless_answer_fills_the_window(dialect):
    exchange = exchanged(MockProvider(dialect, context_window=400), ask("#long"))

    assert exchange.count("total_tokens") == 400


@EVERY
def test_key_is_required_if_there_is_one(dialect):
    provider = MockProvider(dialect, api_key="sk-right")
    right = exchanged(provider, SUM_WHOLE, "sk-right")
    none, wrong = exchanged(provider, NO_KEY), exchanged(provider, WRONG_KEY)

    assert (right.status, none.status, wrong.status) == (200, 401, 401)
    assert list(schema_errors(none)) == list(schema_errors(wrong)) == []
    assert "sk-right" not in wrong.text


@EVERY
@each(
    "value",
    ["sk-right", "Basic sk-right", "Bearer", "Bearer ", "Bearer sk-right2", "bearer x"],
)
def test_only_a_bearer_token_is_accepted(dialect, value):
    request = Request("GET", "/v1/models", (("authorization", value),))

    assert MockProvider(dialect, api_key="sk-right").reply(request).status == 401


def test_llama_cpp_accepts_its_own_header_too():
    request = Request("GET", "/v1/models", (("x-api-key", "sk-right"),))

    assert (
        MockProvider(DIALECTS["llamacpp"], api_key="sk-right").reply(request).status
        == 200
    )
    assert (
        MockProvider(DIALECTS["vllm-0.16"], api_key="sk-right").reply(request).status
        == 401
    )


@EVERY
def test_without_a_required_key_any_is_accepted(dialect):
    assert exchanged(MockProvider(dialect), SUM_WHOLE, "sk-any").status == 200
    assert KeyMode.GIVEN == SUM_WHOLE.key


@EVERY
def test_models_are_listed_in_order(dialect):
    exchange = exchanged(MockProvider(dialect, models=("a", "b")), LIST_MODELS)
    names = [card["id"] for card in exchange.json["data"]]

    assert names == ["a", "b"]
    assert openapi.schema_errors(dialect.prefix + "ModelList", exchange.json) == ()


@EVERY
def test_model_card_exists_if_the_dialect_has_the_endpoint(dialect):
    exchange = exchanged(MockProvider(dialect), MODEL_CARD)

    if "/v1/models/{model}" in dialect.paths:
        assert exchange.json["id"] == SERVED[0]
        assert openapi.schema_errors(dialect.prefix + "Model", exchange.json) == ()
    else:
        assert exchange.status == 404


def test_card_of_an_unknown_model_is_rejected():
    provider = MockProvider(DIALECTS["mistral-2025-10"])

    assert provider.reply(Request("GET", "/v1/models/unknown")).status == 400


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("vllm-0.16", "/health", b""),
        ("llamacpp", "/health", b'{"status":"ok"}'),
        ("transformers", "/health", b'{"status":"ok"}'),
        ("vllm-0.16", "/version", b'{"version":"0.32.0"}'),
        ("vllm-0.11", "/version", b'{"version":"0.11.0"}'),
    ],
)
def test_health_and_version_are_returned(name, path, body):
    reply = MockProvider(DIALECTS[name], api_key="sk-right").reply(Request("GET", path))

    assert (reply.status, reply.body) == (200, body)


@EVERY
@each(
    ("method", "path", "reason"),
    [
        ("GET", "/v1/nowhere", RejectionReason.ROUTE),
        ("POST", "/", RejectionReason.ROUTE),
        ("GET", "/v1/models/", RejectionReason.ROUTE),
        ("GET", CHAT, RejectionReason.METHOD),
        ("DELETE", CHAT, RejectionReason.METHOD),
        ("POST", "/v1/models", RejectionReason.METHOD),
        ("GET", CHAT + "?a=b", RejectionReason.METHOD),
    ],
)
def test_wrong_path_or_method_gets_the_dialects_error(dialect, method, path, reason):
    place = path.replace(CHAT, dialect.path)
    reply = MockProvider(dialect).reply(Request(method, place))

    assert reply.rejection.reason is reason
    assert reply.status in {404, 405}
    assert openapi.schema_errors(dialect.prefix + "Error", reply.json) == ()


@EVERY
@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-json"])
def test_content_type_is_required_except_by_lenient_servers(dialect, kind):
    request = build_request(SUM_WHOLE, profile(dialect), SERVED[0])
    headers = (("content-type", kind),) if kind else ()
    reply = MockProvider(dialect).reply(replace(request, headers=headers))

    lenient = {"llamacpp", "llamacpp-responses", "litellm", "lmstudio", "ollama"}
    assert (reply.status == 200) is (dialect.id in lenient)
    assert reply.rejection is None or reply.rejection.reason is (
        RejectionReason.CONTENT_TYPE
    )


@EVERY
def test_content_type_may_have_parameters(dialect):
    request = build_request(SUM_WHOLE, profile(dialect), SERVED[0])
    headers = (("content-type", "Application/JSON; charset=utf-8"),)
    reply = MockProvider(dialect).reply(replace(request, headers=headers))

    assert reply.status == 200


@pytest.mark.parametrize(
    ("name", "model", "returned"),
    [
        ("mistral-2025-10", SERVED[1], SERVED[1]),
        ("vllm-0.16", SERVED[1], SERVED[0]),
        ("llamacpp", "anything", SERVED[0]),
        ("transformers", SERVED[1], f"{SERVED[1]}@main"),
    ],
)
def test_model_name_in_the_response_depends_on_the_dialect(name, model, returned):
    provider = MockProvider(DIALECTS[name])
    request = build_request(SUM_WHOLE, profile(DIALECTS[name]), model)

    assert provider.reply(request).json["model"] == returned


@EVERY
def test_times_follow_the_plan(dialect):
    plan = LatencyPlan(0.4, 0.03, 0.01, seed=5)
    provider = MockProvider(dialect, plan=plan)
    texts = [
        c.at for c, p in exchanged(provider, SUM, number=9).placed_pieces if p.text
    ]

    resumed = dialect.rules.resumes_reasoning
    due = plan.times(26 if resumed else 19, 9)
    # Texts that share a delta are due with the last of them.
    assert (set(due) - set(texts) == {due[12]}) if resumed else (set(texts) == set(due))
    assert exchanged(provider, SUM_WHOLE, number=9).elapsed == due[-1]


@EVERY
def test_change_is_applied_to_every_reply(dialect):
    provider = MockProvider(dialect, change=lambda reply: reply.with_status(418))

    assert {exchanged(provider, p).status for p in (SUM, NO_KEY, LIST_MODELS)} == {418}


@EVERY
def test_reply_refers_to_its_request(dialect):
    request = build_request(SUM, profile(dialect), SERVED[0])
    reply = MockProvider(dialect).reply(request)

    assert reply.request is request
    assert reply.dialect is dialect
    assert reply.probe.messages[-1] == SUM.messages[-1]
    assert reply.probe.stream


@EVERY
def test_cached_reply_equals_a_new_one(dialect):
    provider, uncached = (
        MockProvider(dialect),
        MockProvider(dialect, plan=LatencyPlan(jitter=1e-12)),
    )
    for probe in (SUM, SUM_WHOLE, TOOL):
        cached = [exchanged(provider, probe, number=n).body for n in (1, 2)]
        new = [exchanged(uncached, probe, number=n).body for n in (1, 2)]

        assert [unpadded(body) for body in cached] == [unpadded(body) for body in new]


def unpadded(body):
    """A body without the padding that Mistral derives from the id."""
    events = [event for event in body.decode().split("\n\n") if "{" in event]
    values = [json.loads(event[event.index("{") :]) for event in events]
    return [{**value, "p": None} for value in values]


def test_only_the_last_long_bodies_are_cached():
    provider = MockProvider(DIALECTS["vllm-0.16"])
    few, many = (provider._cached_long_parse, provider._cached_parse)  # noqa: SLF001  # the claim
    probes = [ask(counting.filler(30_000 + n), max_tokens=1) for n in range(6)]
    counts = [exchanged(provider, one).count("prompt_tokens") for one in probes]
    again = exchanged(provider, probes[-1]).count("prompt_tokens")

    assert counts == [*range(counts[0], counts[0] + 6)]
    assert (again, few.cache_info().hits) == (counts[-1], 1)
    assert (few.cache_info().currsize, many.cache_info().currsize) == (4, 0)


def test_needle_in_a_long_prompt_is_found():
    text = f"{counting.filler(50_000)}. The code word is plum. What is the code word?"
    exchange = exchanged(MockProvider(DIALECTS["mistral-2025-10"]), ask(text))

    assert exchange.answer == "The code word is plum"
    assert exchange.text_of(PieceKind.REASONING)


def test_two_to_the_seventy_choices_are_refused_in_every_dialect_of_chats():
    """An integer of any size is a number in JSON; /v1/responses has no choices."""
    messages = [{"role": "user", "content": "hi"}]
    chats = {n: d for n, d in dialects().items() if d.path == CHAT}
    for name, dialect in chats.items():
        provider = MockProvider(dialect)
        body = {"model": provider.models[0], "messages": messages, "n": 2**70}
        kind = (("content-type", "application/json"),)
        asked = Request("POST", CHAT, kind, json.dumps(body).encode())

        assert 400 <= provider.reply(asked).status < 500, name


@EVERY
def test_what_requests_share_is_what_each_would_get_alone(dialect, monkeypatch):
    """The caches of choices, completions and frames have all that these depend on."""
    probes = [
        replace(
            SUM,
            stream=stream,
            messages=(*SUM.messages[:-1], Message("user", text)),
            options=Options(max_tokens=most, stop=stop, logprobs=shown, usage=usage),
        )
        for text in (
            "What is 6 times 7?",
            "What is 2 plus 3?",
            "Hello. " * 9,
            "#random",
        )
        for stop in ((), ("is",))
        for stream in (False, True)
        for most in (1, 5, 600, 700)
        for shown, usage in ((None, False), (None, True), (2, True))
    ]
    requests = [build_request(one, profile(dialect), SERVED[0]) for one in probes]
    shared = MockProvider(dialect)
    warm = [shared.reply(one, n).body for n, one in enumerate(requests)]
    again = [shared.reply(one, n).body for n, one in enumerate(requests)]
    monkeypatch.setattr("contract.mock_server.engine._known", {})
    monkeypatch.setattr("contract.mock_server.engine._MOST_KNOWN_TOKENS", 0)
    cold = [MockProvider(dialect).reply(one, n).body for n, one in enumerate(requests)]

    assert warm == cold
    assert again == cold
    assert shared.reply(requests[0], 1).body != cold[0]
