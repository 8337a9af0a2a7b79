"""Tests of the comparison of a gateway with the server behind it, without a network."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.behind import (
    ASK,
    JSON,
    SSE,
    STREAM,
    Session,
    body,
    exchange,
    found,
    stream,
)

from contract.catalog.profiles import builtin
from contract.model.aspect import Aspect
from contract.model.chat import Options
from contract.model.exchange import Arrival, End
from contract.model.probe import KeyMode
from contract.run.altered import Verdict
from contract.run.behind import compare_replies


def compared(backend, gateway, *, may=(), theirs=(), mine=()):
    return compare_replies(
        Session(*gateway, again=mine), Session(*backend, again=theirs), may
    )


def test_equal_replies_are_unchanged():
    altered = compared([exchange()], [exchange()])

    assert (found(altered), altered.compared, altered.broken) == ([], 1, False)


@pytest.mark.parametrize(
    ("change", "aspect"),
    [
        ({"answer": "4"}, Aspect.ANSWER),
        ({"thought": "Hmm"}, Aspect.REASONING),
        ({"finish": "length"}, Aspect.FINISH),
        ({"completion": 4}, Aspect.USAGE),
    ],
)
def test_what_no_gateway_may_change_is_confirmed_by_asking_again(change, aspect):
    same, other = exchange(), exchange(value=body(**change))
    altered = compared([same], [other], theirs=[same, same], mine=[other, other])

    assert [(aspect, Verdict.NEVER)] == found(altered)
    assert altered.broken


def test_a_server_whose_own_replies_vary_accuses_no_gateway():
    other = exchange(value=body("4"))
    altered = compared([exchange()], [other], theirs=[exchange(), other])

    assert (found(altered), altered.varying) == ([], 1)


def test_a_difference_that_does_not_come_again_is_occasional():
    same, other = exchange(), exchange(value=body("4"))
    altered = compared([same], [other], theirs=[same, same], mine=[other, same])

    assert [(Aspect.ANSWER, Verdict.OCCASIONAL)] == found(altered)
    assert not altered.broken


def test_sampled_texts_are_not_compared():
    warm = replace(ASK, options=Options(temperature=1.0))
    altered = compared(
        [exchange(warm)], [exchange(warm, body("something else"))], theirs=[]
    )

    assert found(altered) == []


def test_a_text_that_is_only_divided_differently_is_the_same():
    whole = stream(0.1, 0.2)
    data = b"".join(arrival.data for arrival in whole.arrivals)
    merged = data.replace(b'"x"', b'"xx"', 1)
    second = b'data: {"model": "m", "choices": [{"index": 0, "delta": {"content": "x"}'
    place = merged.index(second)
    end = merged.index(b"\n\n", place) + 2
    one = replace(whole, arrivals=(Arrival(0.2, merged[:place] + merged[end:]),))

    altered = compared([whole], [one], may=[Aspect.CHUNKS])

    assert [(Aspect.CHUNKS, Verdict.ALLOWED)] == found(altered)


@pytest.mark.parametrize(
    ("status", "value", "aspect", "verdict"),
    [
        (422, {"error": {"message": "no"}}, Aspect.STATUS, Verdict.UNLISTED),
        (400, {"error": {"message": "NO"}}, Aspect.ERROR_TEXT, Verdict.UNLISTED),
        (500, {"error": {"message": "no"}}, Aspect.ERROR_CLASS, Verdict.NEVER),
        (429, {"error": {"message": "no"}}, Aspect.ERROR_CLASS, Verdict.NEVER),
        (401, {"error": {"message": "no"}}, Aspect.ERROR_CLASS, Verdict.NEVER),
        (200, {"error": {"message": "no"}}, Aspect.ERROR_CLASS, Verdict.NEVER),
    ],
)
def test_an_error_keeps_its_class(status, value, aspect, verdict):
    rejected = exchange(value={"error": {"message": "no"}}, status=400)
    altered = compared([rejected], [exchange(value=value, status=status)])

    assert [(aspect, verdict)] == found(altered)


def test_a_rejection_in_place_of_a_server_error_is_no_worse():
    failed = exchange(value={"error": {"message": "no"}}, status=500)
    rejected = exchange(value={"error": {"message": "no"}}, status=400)

    assert [(Aspect.STATUS, Verdict.ALLOWED)] == found(
        compared([failed], [rejected], may=[Aspect.STATUS])
    )
    assert (Aspect.ERROR_CLASS, Verdict.NEVER) in found(compared([rejected], [failed]))


def test_names_of_headers_and_members_are_listed_with_what_was_dropped_and_added():
    more = exchange(headers=(*JSON, ("x-gateway", "1")), value=body(extra=1, gone=None))
    altered = compared([exchange(value=body(own=2))], [more], may=[Aspect.HEADERS])
    texts = {one.aspect: (one.backend, one.gateway) for one in altered.alterations}

    assert texts == {
        Aspect.HEADERS: ("", "x-gateway"),
        Aspect.MEMBERS: ("own", "extra"),
        Aspect.NULLS: ("", "gone"),
    }


def test_a_renamed_member_is_known_by_its_text():
    renamed = body()
    message = renamed["choices"][0]["message"]
    message["reasoning_content"] = message.pop("reasoning")
    # The profile of this gateway reads the other name.
    profile = builtin()["vllm-0.11"]
    altered = compared(
        [exchange()], [replace(exchange(value=renamed), profile=profile)]
    )
    (one,) = altered.alterations

    path = "choices[].message.reasoning"
    assert (one.aspect, one.what) == (Aspect.MEMBERS, f"{path} → {path}_content")


def test_arguments_of_calls_are_compared_whatever_their_ids_and_division():
    def calls(*parts, id="abcdefghi"):
        first = {"index": 0, "id": id, "function": {"name": "f", "arguments": ""}}
        deltas = [{"tool_calls": [first]}] + [
            {"tool_calls": [{"index": 0, "function": {"arguments": part}}]}
            for part in parts
        ]
        events = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
        data = b"".join(b"data: %s\n\n" % json.dumps(one).encode() for one in events)
        return exchange(STREAM, data, headers=SSE)

    same = compared([calls('{"a":', "1}")], [calls('{"a":1}', id="other1234")])
    other = calls('{"a":2}')
    first = calls('{"a":1}')
    wrong = compared([first], [other], theirs=[first] * 2, mine=[other] * 2)

    assert Aspect.ARGUMENTS not in {one.aspect for one in same.alterations}
    assert (Aspect.ARGUMENTS, Verdict.NEVER) in found(wrong)


@pytest.mark.parametrize(
    ("gateway", "held"),
    [
        ((1.0, 1.0, 1.01), True),  # all at once, when the last was due
        ((0.1, 0.5, 1.0), False),
        ((0.01, 0.02, 0.03), False),  # it is faster, and begins as soon
        ((1.1, 1.5, 2.0), False),  # later, but as it is generated
    ],
)
def test_streams_that_arrive_at_once_and_late_were_held_back(gateway, held):
    probes = [replace(STREAM, sample=number) for number in range(6)]
    altered = compared(
        [stream(0.1, 0.5, 1.0, probe=one) for one in probes],
        [stream(*gateway, probe=one) for one in probes],
        may=[Aspect.CHUNKS],
    )

    assert ((Aspect.PACE, Verdict.NEVER) in found(altered)) is held


@pytest.mark.parametrize(
    "probe",
    [
        replace(ASK, key=KeyMode.NONE),
        replace(ASK, hang_up_after=1),
        replace(ASK, body=b'{"messages": []}'),
        replace(ASK, method="OPTIONS"),
        replace(ASK, model="no-such-model"),
    ],
)
def test_what_a_gateway_answers_itself_is_not_compared(probe):
    altered = compared([exchange(probe)], [exchange(probe, status=500)])

    assert (altered.alterations, altered.compared) == ((), 0)
    assert "No request was sent to both" in altered.notes[-1]


def test_requests_that_are_spelled_differently_are_counted():
    other = replace(ASK, options=Options(temperature=0.0, max_tokens=8))
    mine = replace(exchange(other), probe=ASK)
    altered = compared([exchange()], [mine])

    assert (altered.compared, altered.unequal) == (0, 1)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"null", b"[]", b"{", b'"x"', b"\xff\xfe", b'{"choices": 3}'),
        *(b'{"choices": [null]}', b'{"choices": [{"message": 3}]}'),
        b'{"choices": [{"message": {"tool_calls": [{"function": 3}, 4, null]}}]}',
        b'{"choices": [{"index": "a", "message": {"tool_calls": {"a": 1}}}]}',
        b'{"usage": {"prompt_tokens": "many"}, "choices": [{"index": []}]}',
    ],
)
@pytest.mark.parametrize("end", [End.COMPLETE, End.RESET, End.TIMEOUT])
def test_no_bytes_of_either_make_it_raise(raw, end):
    for headers in (JSON, SSE):
        hostile = exchange(
            value=raw or b"", headers=headers, end=end, arrivals=(Arrival(0.1, raw),)
        )
        compared([exchange()], [hostile], theirs=[hostile] * 99, mine=[hostile] * 99)
        compared([hostile], [exchange()], theirs=[hostile] * 99, mine=[hostile] * 99)
