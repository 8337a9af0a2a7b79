"""What the answer of a server says, on a virtual clock: each state, and no other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import RECORDED

from contract.catalog.changes import changes_by_name
from contract.catalog.profiles import builtin
from contract.model.chat import Options, PieceKind
from contract.model.check import Quirk
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import Probe
from contract.model.probes import user
from contract.model.reply import rehearse
from contract.model.wire import Request, build_request
from contract.plugins.discovery import find
from contract.probing.question import Question
from contract.probing.result import State
from contract.probing.verdict import Access, judge_answer, no_response
from contract.run.recording import load
from contract.testing.rehearsal import EPOCH, Rehearsal, clean
from contract.testing.strategies import wire_values

PROFILES = builtin()
QUESTION = Question.of(374, 642)
PROBE = Probe(
    name="readiness",
    messages=(user(QUESTION.text),),
    options=Options(max_tokens=1_024, temperature=0.0),
    stream=True,
)
ACCESS = Access(url="http://127.0.0.1:8000", variable="MISTRAL_API_KEY")
CHANGES = changes_by_name()


def judged(exchange, question=QUESTION):
    named = exchange.profile.model or "magistral-small-2509"
    listed = () if exchange.profile.id == "transformers" else {named}
    return judge_answer(exchange, question, ACCESS, listed)


def changed(profile, change):
    return Rehearsal(clean(profile).profile, clean(profile), change).send(PROBE)


@pytest.mark.parametrize("name", PROFILES)
def test_each_dialect_is_ready(name):
    verdict = judged(clean(name).send(PROBE))

    assert verdict.state is State.READY
    assert verdict.message == "answered 374 + 268 = 642 after reasoning"


@pytest.mark.parametrize("name", PROFILES)
def test_a_quirk_is_no_failure(name):
    quirks = find("quirks", Quirk)
    states = {q: judged(changed(name, CHANGES[q])).state for q in quirks}

    assert states == dict.fromkeys(quirks, State.READY)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("exclamation-marks", State.GIBBERISH),
        ("one-token-repeated", State.GIBBERISH),
        ("out-of-memory", State.OUT_OF_MEMORY),
        ("silent", State.STUCK),
        ("cut-off", State.CUT_OFF),
        ("connection-reset", State.CUT_OFF),
        ("http-500", State.FAILING),
        ("error-in-the-stream", State.FAILING),
        ("http-502", State.STARTING),
        ("http-503", State.STARTING),
        ("http-429", State.RATE_LIMITED),
        ("stream-of-no-bytes", State.EMPTY),
        ("text-swallowed", State.EMPTY),
        ("thought-dropped", State.PARSER_OFF),
        ("answer-filed-as-thought", State.ANSWER_IN_REASONING),
        ("thought-sent-twice", State.REASONING_IN_ANSWER),
        ("closing-marker-shown", State.MARKERS),
        ("template-of-another-model", State.MARKERS),
        ("redirected-to-a-slash", State.REDIRECTED),
        ("stream-called-json", State.MALFORMED),
        ("greedy-drifts", State.WRONG_ANSWER),
    ],
)
def test_each_fault_is_named(name, fault, state):
    verdict = judged(changed(name, CHANGES[fault]))

    assert verdict.state is state
    assert verdict.message


def test_another_model_is_named():
    verdict = judged(changed("vllm-0.32", CHANGES["replica-named-as-model"]))

    assert verdict.state is State.WRONG_MODEL
    assert "engine-0" in verdict.message


def test_a_parser_for_another_release_is_named_with_what_to_do():
    verdict = judged(changed("vllm-0.32", CHANGES["field-renamed"]))

    assert verdict.state is State.PARSER_OFF
    assert "name its profile with --profile" in verdict.message


@pytest.mark.parametrize("end", [End.COMPLETE, End.TIMEOUT])
def test_a_dead_parser_is_named_with_its_flag_even_before_the_end(end):
    reply = clean("inline").reply(PROBE)
    frames = reply.frames if end is End.COMPLETE else reply.frames[:9]
    exchange = rehearse(
        replace(reply, frames=frames, end=end), PROBE, PROFILES["vllm-0.32"]
    )

    assert judged(exchange).state is State.PARSER_OFF
    assert "--reasoning-parser mistral" in judged(exchange).message


def partial(name="vllm-0.32", *, count=12, elapsed=2.0, last=1.95):
    """The beginning of an answer; its last text came at *last* seconds."""
    whole = clean(name).send(PROBE)
    step = last / (count - 1)
    arrivals = tuple(
        Arrival(step * n, one.data) for n, one in enumerate(whole.arrivals[:count])
    )
    return replace(whole, arrivals=arrivals, end=End.TIMEOUT, elapsed=elapsed)


def test_text_that_still_arrives_is_slow_and_older_text_is_stuck():
    assert judged(partial()).state is State.SLOW
    assert judged(partial(last=0.2)).state is State.STUCK
    assert "none in the last 1.8 s" in judged(partial(last=0.2)).message


def test_gibberish_is_named_before_it_ends():
    whole = changed("vllm-0.32", CHANGES["exclamation-marks"])
    cut = replace(whole, arrivals=whole.arrivals[:9], end=End.TIMEOUT, elapsed=2.0)

    assert judged(cut).state is State.GIBBERISH


def test_events_without_text_are_stuck():
    whole = clean("vllm-0.32").send(PROBE)
    role = replace(whole, arrivals=whole.arrivals[:1], end=End.TIMEOUT, elapsed=2.0)

    assert judged(role).state is State.STUCK
    assert "events without text" in judged(role).message


def test_a_reply_to_an_earlier_question_is_named():
    verdict = judged(clean("vllm-0.32").send(PROBE), Question.of(101, 333))

    assert verdict.state is State.WRONG_ANSWER
    assert 'is not 333, but "The answer is 642"; a cached reply' in verdict.message


@pytest.mark.parametrize(
    ("later", "state"),
    [(0.0, State.READY), (50.0, State.READY), (3_600.0, State.CACHED)],
)
def test_a_reply_that_is_older_than_the_question_is_from_a_cache(later, state):
    exchange = replace(clean("vllm-0.32").send(PROBE), sent_at=EPOCH + later)

    assert judged(exchange).state is state


def test_reasoning_without_end_is_no_answer():
    long = replace(
        PROBE,
        messages=(user("Think #long"),),
        options=Options(max_tokens=40, temperature=0.0),
    )
    states = {name: judged(clean(name).send(long)).state for name in PROFILES}

    # Where the end is missing, a tagged dialect and the others agree.
    assert set(states.values()) <= {State.NO_ANSWER, State.GIBBERISH}


def answered(status, body, kind="application/json", end=End.COMPLETE, note=""):
    profile = PROFILES["vllm-0.32"]
    return Exchange(
        probe=PROBE,
        profile=profile,
        request=build_request(PROBE, profile, "m"),
        status=status,
        headers=(("content-type", kind),),
        arrivals=(Arrival(0.1, body),) if body else (),
        end=end,
        note=note,
        elapsed=2.0,
    )


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (401, b'{"error":"invalid api key"}', State.UNAUTHORISED),
        (403, b"", State.UNAUTHORISED),
        (404, b'{"error":{"message":"The model `m` does not exist."}}', "wrong-model"),
        (404, b'{"detail":"Not Found"}', State.WRONG_PATH),
        (405, b"", State.WRONG_PATH),
        (400, b'{"error":{"message":"max_tokens is too large"}}', State.MALFORMED),
        (400, b'{"error":{"message":"unknown model m"}}', State.WRONG_MODEL),
        (429, b"", State.RATE_LIMITED),
        (500, b"Internal Server Error", State.FAILING),
        (500, b"torch.OutOfMemoryError: CUDA out of memory.", State.OUT_OF_MEMORY),
        (500, b'{"error":"failed to find a memory slot for batch"}', "out-of-memory"),
        (500, b"HIP out of memory", State.OUT_OF_MEMORY),
        (500, b"ggml: failed to allocate buffer", State.OUT_OF_MEMORY),
        (500, b"the zoom room is out of order", State.FAILING),
        (503, b'{"error":{"message":"Loading model"}}', State.STARTING),
        (504, b"<html>", State.STARTING),
        (200, b"", State.EMPTY),
        (200, b'{"object":"error","message":"CUDA out of memory"}', "out-of-memory"),
        (200, b"hello", State.MALFORMED),
        (200, b"[1]", State.MALFORMED),
        (200, b'{"choices":[{"message":{"content":"642"}}]}', State.MALFORMED),
    ],
)
def test_responses_without_an_answer(status, body, state):
    assert judged(answered(status, body)).state == state


def test_a_web_page_is_a_wrong_path():
    verdict = judged(answered(200, b"<html>hi</html>", "text/html"))

    assert verdict.state is State.WRONG_PATH


@pytest.mark.parametrize(
    ("end", "note", "state"),
    [
        (End.REFUSED, "nothing listens on h (connection refused)", State.STARTING),
        (End.REFUSED, "the host name of h cannot be resolved", State.UNREACHABLE),
        (
            End.REFUSED,
            "nothing listens on the proxy p (connection refused)",
            "unreachable",
        ),
        (End.TIMEOUT, "h did not accept a connection in time", State.UNREACHABLE),
        (End.TIMEOUT, "h did not finish the TLS handshake in time", "unreachable"),
        (End.TIMEOUT, "the response was not complete after 2 s", State.STUCK),
        (End.RESET, "the connection was closed before the response", State.CUT_OFF),
    ],
)
def test_no_response_at_all(end, note, state):
    found = no_response(answered(None, b"", end=end, note=note), ACCESS)

    assert found.state == state


@pytest.mark.parametrize(
    ("engine", "state"),
    [
        ("llamacpp-b11549", State.READY),
        ("transformers-5.23.0", State.READY),
        ("vllm-0.32.0", State.READY),
        ("llamacpp-b11549-reasoning-format-none", State.PARSER_OFF),
        ("vllm-0.32.0-no-reasoning-parser", State.PARSER_OFF),
    ],
)
def test_recorded_answers_of_real_engines(engine, state):
    question = Question("What is 6 times 7?", "42")
    found = {
        judge_answer(real, question, ACCESS).state
        for real in load(RECORDED / engine, PROFILES)[0].exchanges.values()
        if real.probe.name == "sum-streamed"
    }

    assert found == {state}


texts = st.sampled_from(["[THINK]", "642", "!", " the", "é", "\ud83d", "model"])
bodies = st.lists(
    st.one_of(
        wire_values.map(lambda v: f"data: {v!r}\n\n".encode(errors="replace")),
        texts.map(
            lambda t: (
                b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n'
                % t.encode(errors="replace")
            )
        ),
        st.binary(max_size=20),
    ),
    max_size=6,
)


@given(
    bodies,
    st.sampled_from([None, 200, 200, 302, 404, 500]),
    st.sampled_from(End),
    st.sampled_from(["text/event-stream", "application/json", "text/html"]),
)
def test_no_bytes_of_a_server_make_it_raise(body, status, end, kind):
    exchange = replace(
        answered(status, b"", kind, end),
        arrivals=tuple(Arrival(0.1 * n, data) for n, data in enumerate(body)),
    )

    assert isinstance(judged(exchange).state, State)


def test_the_kinds_of_text_are_those_of_the_model():
    # A reply of a call alone is no answer to a sum.
    called = replace(
        answered(
            200,
            b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a",'
            b'"type":"function","function":{"name":"f","arguments":"{}"}}]}}]}\n\n',
            "text/event-stream",
        ),
        request=Request("POST", "/v1/chat/completions"),
    )

    assert [piece.kind for piece in called.pieces] == [PieceKind.TOOL]
    assert judged(called).state is State.WRONG_ANSWER
