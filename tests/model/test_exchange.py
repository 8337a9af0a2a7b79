"""Exchanges keep the received bytes, and every property of them is total."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.strategies import wire_values

from contract.catalog.profiles import builtin
from contract.catalog.providers import dialects
from contract.errors import UsageError
from contract.model.chat import MODELS, Piece, PieceKind
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import KeyMode, Patch, Probe
from contract.model.probes import MODEL_CARD, SUM, SUM_WHOLE
from contract.model.profile import Profile
from contract.model.redaction import redact_headers, redact_text
from contract.model.saved import digest, dump, load
from contract.model.strict_json import MISSING, read_json
from contract.model.wire import WRONG_KEY, Request, build_request
from contract.providers.inline.dialect import INLINE
from contract.providers.vllm.dialect import VLLM_0_16

PROFILE = Profile(id="vllm-0.16", dialect=VLLM_0_16)
JSON = (("content-type", "application/json"),)
SSE = (("content-type", "Text/Event-Stream; charset=utf-8"),)
SECRET = "sk-0123456789"


def exchange(*arrivals, headers=SSE, profile=PROFILE, **more):
    return Exchange(
        probe=SUM,
        profile=profile,
        request=build_request(SUM, profile, "m", SECRET),
        status=200,
        headers=headers,
        arrivals=tuple(Arrival(at, data) for at, data in arrivals),
        elapsed=arrivals[-1][0] if arrivals else 0.0,
        **more,
    )


def chunk(index=0, finish=None, **delta):
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


USAGE = b'data: {"choices":[],"usage":{"completion_tokens":5,"prompt_tokens":true}}\n\n'
REPLY = exchange(
    (0.2, chunk(role="assistant", content="")),
    (0.5, chunk(reasoning="Hm")),
    (0.7, chunk(reasoning=".") + chunk(content="4")),
    (1.0, chunk(content="2", finish="stop")),
    (1.1, USAGE + b"data: [DONE]\n\n"),
)


def test_pieces_are_the_generated_text():
    assert (
        Piece(PieceKind.REASONING, "Hm."),
        Piece(PieceKind.ANSWER, "42"),
    ) == REPLY.pieces
    assert ("Hm.", "42", "stop") == (REPLY.reasoning, REPLY.answer, REPLY.finish)


def test_timing_follows_the_arrivals():
    timing = REPLY.timing

    assert (0.2, 0.5, 0.7, 1.1) == (timing.ttfb, timing.ttft, timing.ttfo, timing.e2e)
    assert pytest.approx((0.2, 0.0, 0.3)) == timing.icl
    assert pytest.approx(0.125) == timing.tpot


def test_counters_are_whole_numbers_or_nothing():
    assert 5 == REPLY.count("completion_tokens")
    assert REPLY.count("prompt_tokens") is None
    assert REPLY.count("total_tokens") is None


def test_chunks_are_numbered_as_events_and_leave_out_the_sentinel():
    assert [0, 1, 2, 3, 4, 5] == [chunk.event for chunk in REPLY.chunks]
    assert 7 == len(REPLY.events)
    assert () == REPLY.flaws


def test_choices_are_kept_apart():
    reply = exchange(
        (0.1, chunk(0, content="a") + chunk(1, content="x")),
        (0.2, chunk(0, content="b", finish="stop") + chunk(1, finish="length")),
    )

    assert ("ab", "x") == (
        reply.text_of(PieceKind.ANSWER),
        reply.text_of(PieceKind.ANSWER, 1),
    )
    assert {0: ("stop",), 1: ("length",)} == reply.finishes


def test_markers_are_split_across_chunks_and_choices():
    profile = Profile(id="inline", dialect=INLINE)
    reply = exchange(
        (0.1, chunk(0, content="[TH") + chunk(1, content="[")),
        (0.2, chunk(0, content="INK]Hm[/THINK]42[") + chunk(1, content="x")),
        profile=profile,
    )

    assert ("Hm", "42[") == (reply.reasoning, reply.answer)
    assert "[x" == reply.text_of(PieceKind.ANSWER, 1)


def test_text_of_a_whole_body_arrives_with_its_last_byte():
    message = {"role": "assistant", "content": "42", "reasoning": "Hm"}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    reply = exchange((0.4, json.dumps(body).encode()), headers=JSON)

    assert ("Hm", "42", "stop") == (reply.reasoning, reply.answer, reply.finish)
    assert () == reply.events
    assert (0.4, 0.4) == (reply.timing.ttft, reply.timing.ttfo)


def test_exchange_without_a_response_is_empty():
    nothing = replace(exchange(headers=()), status=None, end=End.REFUSED)

    assert (b"", (), {}, None) == (
        nothing.body,
        nothing.pieces,
        nothing.finishes,
        nothing.finish,
    )
    assert nothing.timing.ttfb is None
    assert not nothing.is_json


def _read_all(reply):
    """Read every property and method of the exchange."""
    names = [name for name in dir(Exchange) if not name.startswith("__")]
    values = [getattr(reply, name) for name in names]
    assert reply.timing.icl is not None
    return values


DIALECTS = dialects()
profiles = st.sampled_from([Profile(id=i, dialect=d) for i, d in DIALECTS.items()])
bodies = st.binary(max_size=80) | wire_values.map(
    lambda value: b"data: " + json.dumps(value).encode() + b"\n\n"
)


@given(
    data=st.lists(bodies, max_size=4),
    headers=st.sampled_from([JSON, SSE, ()]),
    profile=profiles,
)
@example(data=[b'data: "\\ud800"\n\n'], headers=SSE, profile=PROFILE)
@example(data=[b"[" * 5_000], headers=JSON, profile=PROFILE)
@example(data=[b'{"a": NaN}', b""], headers=JSON, profile=PROFILE)
@example(data=[b"1" * 5_000], headers=JSON, profile=PROFILE)
def test_no_bytes_make_a_property_raise(data, headers, profile):
    reply = exchange(*enumerate(data), headers=headers, profile=profile)

    assert _read_all(reply)


@given(value=wire_values, profile=profiles)
def test_no_choice_makes_a_property_raise(value, profile):
    body = json.dumps({"choices": [{"delta": value, "message": value}, value]})
    for headers, data in ((JSON, body), (SSE, f"data: {body}\n\n")):
        received = exchange((0.1, data.encode()), headers=headers, profile=profile)
        assert _read_all(received)


@given(value=wire_values)
def test_no_body_makes_a_property_raise(value):
    data = json.dumps(value).encode()

    assert _read_all(exchange((0.1, data), headers=JSON))
    assert _read_all(exchange((0.1, b"data: " + data + b"\n\n")))


@given(data=st.lists(st.binary(max_size=30), max_size=4))
@example(data=[b"\xff", "é".encode()[:1], "é".encode()[1:]])
def test_dump_loads_again_with_every_byte(data):
    reply = exchange(*enumerate(data), note="odd", end=End.RESET)
    saved = json.loads(json.dumps(dump(reply)))
    loaded = load(saved, PROFILE, SUM)

    assert reply.arrivals == loaded.arrivals
    assert reply.request.body == loaded.request.body
    assert (reply.status, reply.headers, reply.end, reply.note, reply.elapsed) == (
        loaded.status,
        loaded.headers,
        loaded.end,
        loaded.note,
        loaded.elapsed,
    )


@given(body=st.binary(max_size=40) | wire_values.map(lambda v: json.dumps(v).encode()))
@example(body=b'{"a": 1}')
@example(body=b'"\\ud800"')
@example(body=b'{"a":1,"a":2}')
@example(body=b"1.0")
@example(body=b"\xff")
@example(body=b"null")
def test_dump_loads_any_request_body(body):
    sent = Request("POST", "/", (), body)
    saved = json.loads(json.dumps(dump(replace(REPLY, request=sent))))

    assert body == load(saved, PROFILE).request.body


def test_no_key_is_in_a_dump():
    text = json.dumps(dump(REPLY))

    assert f"Bearer {SECRET}" == REPLY.request.header("authorization")
    assert SECRET not in text
    assert ["authorization", "***"] in json.loads(text)["request"]["headers"]


def test_secrets_are_redacted_in_headers_too():
    headers = (
        ("authorization", "Bearer x"),
        ("set-cookie", "a=b"),
        ("x-echo", f"you sent {SECRET}"),
        ("x-ok", "fine"),
    )

    assert (
        ("authorization", "***"),
        ("set-cookie", "***"),
        ("x-echo", "you sent ***"),
        ("x-ok", "fine"),
    ) == redact_headers(headers, (SECRET,))
    assert "a *** b" == redact_text("a x b", ("", "x"))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda _: [], id="a list"),
        pytest.param(lambda saved: {**saved, "format": "har"}, id="another format"),
        pytest.param(lambda _: {"format": "exchange-v1"}, id="only the format"),
        pytest.param(lambda saved: {**saved, "response": []}, id="no response"),
        pytest.param(
            lambda saved: {**saved, "response": {**saved["response"], "end": "odd"}},
            id="an unknown end",
        ),
        pytest.param(
            lambda saved: {
                **saved,
                "response": {**saved["response"], "arrivals": [["soon", "x"]]},
            },
            id="no time",
        ),
        pytest.param(
            lambda saved: {
                **saved,
                "response": {**saved["response"], "arrivals": [[0, {"base64": "@"}]]},
            },
            id="bad base64",
        ),
        pytest.param(
            lambda saved: {
                **saved,
                "response": {**saved["response"], "headers": ["x"]},
            },
            id="a header without a value",
        ),
    ],
)
def test_damaged_files_are_rejected_with_a_sentence(damage):
    with pytest.raises(UsageError, match=r"saved exchange"):
        load(damage(dump(REPLY)), PROFILE)


def test_placeholder_probe_has_name_stream_and_path_of_the_saved_one():
    loaded = load(dump(REPLY), PROFILE)

    assert ("sum-streamed", True, "/v1/chat/completions") == (
        loaded.probe.name,
        loaded.probe.stream,
        loaded.probe.path,
    )


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"", MISSING),
        (b"NaN", MISSING),
        (b"[Infinity]", MISSING),
        (b"[" * 100_000, MISSING),
        (b"\xff", MISSING),
        (b"null", None),
    ],
    ids=["object", "nothing", "NaN", "Infinity", "deep", "bytes", "null"],
)
def test_json_is_parsed_strictly(raw, value):
    assert value == read_json(raw)


def test_request_has_path_headers_and_model():
    sent = build_request(SUM, PROFILE, "m", SECRET)

    assert ("POST", "/v1/chat/completions") == (sent.method, sent.path)
    assert "application/json" == sent.header("content-type")
    assert "identity" == sent.header("accept-encoding")
    assert "m" == json.loads(sent.body)["model"]


@pytest.mark.parametrize(
    ("key", "header"),
    [
        (KeyMode.GIVEN, f"Bearer {SECRET}"),
        (KeyMode.WRONG, f"Bearer {WRONG_KEY}"),
        (KeyMode.NONE, None),
    ],
)
def test_key_is_the_one_the_probe_asks_for(key, header):
    sent = build_request(replace(SUM, key=key), PROFILE, "m", SECRET)

    assert header == sent.header("authorization")


def test_without_a_key_none_is_sent():
    assert build_request(SUM, PROFILE, "m").header("authorization") is None


def test_headers_of_a_probe_replace_and_empty_ones_remove():
    probe = replace(SUM, headers=(("Content-Type", "text/plain"), ("X-A", "1")))
    bare = replace(SUM, headers=(("content-type", ""),))

    assert "text/plain" == build_request(probe, PROFILE, "m").header("content-type")
    assert "1" == build_request(probe, PROFILE, "m").header("x-a")
    assert build_request(bare, PROFILE, "m").header("content-type") is None


def test_raw_bodies_and_patches_reach_the_wire():
    raw = replace(SUM, body=b"\xff")
    wrong = replace(SUM_WHOLE, patches=(Patch("no model", "/model"),))

    assert b"\xff" == build_request(raw, PROFILE, "m").body
    assert "model" not in json.loads(build_request(wrong, PROFILE, "m").body)


def test_get_request_has_no_body_and_the_model_in_its_path():
    sent = build_request(MODEL_CARD, PROFILE, "m")

    assert ("GET", f"{MODELS}/m", b"") == (sent.method, sent.path, sent.body)


def test_request_body_can_be_read():
    assert "m" == REPLY.sent["model"]
    assert {} == replace(REPLY, request=Request("POST", "/", (), b"[")).sent


def test_digest_distinguishes_requests_but_not_keys():
    sent = build_request(SUM, PROFILE, "m", SECRET)
    one = digest(sent, SUM)

    assert one == digest(build_request(SUM, PROFILE, "m", "another"), SUM)
    assert one != digest(sent, replace(SUM, sample=1))
    assert one != digest(sent, replace(SUM, key=KeyMode.NONE))
    assert one != digest(build_request(SUM, PROFILE, "n", SECRET), SUM)


@pytest.mark.parametrize("name", builtin())
def test_every_built_in_profile_encodes_the_sum(name):
    sent = build_request(SUM, builtin()[name], "m")

    assert isinstance(json.loads(sent.body), dict)
    assert isinstance(Probe(name="x"), Probe)


@pytest.mark.parametrize(
    ("key", "path", "header"),
    [
        pytest.param(KeyMode.GIVEN, "/v1/models", f"Bearer {SECRET}", id="given"),
        pytest.param(KeyMode.LOWER, "/v1/models", f"bearer {SECRET}", id="lower"),
        pytest.param(KeyMode.BARE, "/v1/models", SECRET, id="bare"),
        pytest.param(
            KeyMode.BASIC, "/v1/models", "Basic a2V5OnNrLTAxMjM0NTY3ODk=", id="basic"
        ),
        pytest.param(KeyMode.QUERY, f"/v1/models?api_key={SECRET}", None, id="query"),
        pytest.param(KeyMode.NONE, "/v1/models", None, id="none"),
    ],
)
def test_key_is_sent_in_the_form_the_probe_asks_for(key, path, header):
    probe = Probe(name="access", method="GET", path=MODELS, key=key)

    request = build_request(probe, PROFILE, "m", SECRET)

    assert (request.path, request.header("authorization")) == (path, header)


@pytest.mark.parametrize("key", [key for key in KeyMode if key is not KeyMode.WRONG])
def test_without_a_key_no_form_sends_one(key):
    probe = Probe(name="access", method="GET", path=MODELS, key=key)

    request = build_request(probe, PROFILE, "m")

    assert (request.path, request.header("authorization")) == (MODELS, None)


def test_hanging_up_changes_the_digest():
    interrupted = replace(SUM, hang_up_after=1)
    request = build_request(SUM, PROFILE, "m")

    assert digest(request, interrupted) != digest(request, SUM)
