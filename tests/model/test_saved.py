"""Saved exchanges: every byte is kept, no key, and damage is one sentence."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.errors import UsageError
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import KeyMode
from contract.model.probes import SUM
from contract.model.profile import Profile
from contract.model.saved import digest, dump, load
from contract.model.wire import Request, build_request
from contract.providers.vllm.dialect import VLLM_0_16
from contract.testing.strategies import wire_values

PROFILE = Profile(id="vllm-0.16", dialect=VLLM_0_16)
SECRET = "sk-0123456789"
REPLY = Exchange(
    probe=SUM,
    profile=PROFILE,
    request=build_request(SUM, PROFILE, "m", SECRET),
    status=200,
    headers=(("content-type", "text/event-stream"),),
    arrivals=(Arrival(0.2, b"data: {}\n\n"), Arrival(0.5, b"data: [DONE]\n\n")),
    elapsed=0.5,
)


@given(data=st.lists(st.binary(max_size=30), max_size=4))
@example(data=[b"\xff", "é".encode()[:1], "é".encode()[1:]])
def test_dump_loads_again_with_every_byte(data):
    arrivals = tuple(Arrival(float(at), part) for at, part in enumerate(data))
    ending = {"note": "odd", "end": End.RESET, "visits": ("GET /a",)}
    ending |= {"echoes": ("header x-debug", "body")}
    reply = replace(REPLY, arrivals=arrivals, **ending)
    saved = json.loads(json.dumps(dump(reply)))
    loaded = load(saved, PROFILE, SUM)

    assert reply.arrivals == loaded.arrivals
    assert reply.request.body == loaded.request.body
    assert reply.visits == loaded.visits
    assert reply.echoes == loaded.echoes
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
        *(
            pytest.param(
                lambda saved, at=at: {
                    **saved,
                    "response": {**saved["response"], "arrivals": [[at, "x"]]},
                },
                id=f"a time of {at:.3g}",
            )
            for at in (-1.0, 1e300, float("inf"))
        ),
        pytest.param(
            lambda saved: {**saved, "repeats": 10**400}, id="a number beyond floats"
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


def test_digest_distinguishes_requests_but_not_keys():
    sent = build_request(SUM, PROFILE, "m", SECRET)
    one = digest(sent, SUM)

    assert one == digest(build_request(SUM, PROFILE, "m", "another"), SUM)
    assert one != digest(sent, replace(SUM, sample=1))
    assert one != digest(sent, replace(SUM, key=KeyMode.NONE))
    assert one != digest(build_request(SUM, PROFILE, "n", SECRET), SUM)


def test_hanging_up_changes_the_digest():
    interrupted = replace(SUM, hang_up_after=1)
    request = build_request(SUM, PROFILE, "m")

    assert digest(request, interrupted) != digest(request, SUM)
