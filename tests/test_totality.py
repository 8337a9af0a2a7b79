"""Nothing a provider sends makes a judge raise, and no reply is too odd for a fault."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.each import each

from contract.catalog import profiles
from contract.model.check import Check, Fault, Finding, NotApplicable, Quirk
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import Frame, Reply
from contract.model.wire import Request, build_request
from contract.plugins.discovery import find
from contract.run.explore import smallest
from contract.run.invariants import judge_replies, scopes_of
from contract.run.triage import triage
from contract.testing.strategies import wire_values

CHECKS = tuple(find("checks", Check).values())
CHANGES = (*find("checks", Fault).values(), *find("quirks", Quirk).values())
PROFILES = tuple(profiles.builtin().values())
EXAMPLES = 12  # each is judged by every check

words = st.sampled_from(
    ["stop", "length", "assistant", "", "\ud83d", "[THINK]", "é", "1", "{}", "\x00"]
)
# Where a member may hold anything, but mostly holds what was meant.
counts = st.integers(-1, 2**70) | wire_values
deltas = st.fixed_dictionaries(
    {},
    optional={
        "role": words | wire_values,
        "content": words | wire_values,
        "reasoning": words | wire_values,
        "reasoning_content": words | wire_values,
        "tool_calls": wire_values,
    },
)
choices = st.fixed_dictionaries(
    {"index": st.integers(-1, 2) | wire_values},
    optional={
        "delta": deltas | wire_values,
        "message": deltas | wire_values,
        "finish_reason": words | wire_values,
    },
)
usages = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": counts,
        "completion_tokens": counts,
        "total_tokens": counts,
        "prompt_tokens_details": wire_values,
        "completion_tokens_details": wire_values,
    },
)
objects = st.fixed_dictionaries(
    {"choices": st.lists(choices, max_size=3) | wire_values},
    optional={
        "id": words | wire_values,
        "object": st.just("chat.completion") | wire_values,
        "created": counts,
        "model": words | wire_values,
        "usage": usages | wire_values,
        "error": wire_values,
        "data": wire_values,
        "count": counts,
    },
)
texts = (objects | wire_values).map(json.dumps).map(str.encode)
events = st.one_of(
    texts.map(lambda text: b"data: " + text + b"\n\n"),
    st.sampled_from([b"data: [DONE]\n\n", b": hello\n\n", b"data:\r\n\r\n", b"retry"]),
    st.binary(max_size=12),
)
bodies = st.one_of(
    st.lists(events, max_size=6),
    st.lists(texts | st.binary(max_size=12), max_size=1),
)
types = st.sampled_from(
    [
        "text/event-stream",
        "application/json",
        "Text/Event-Stream; charset=x",
        "text/html",
    ]
)
names = st.sampled_from(
    [
        "x-request-id",
        "mistral-correlation-id",
        "x-ratelimit-tokens-query-cost",
        "x-ratelimit-limit-req-minute",
        "www-authenticate",
    ]
)
heads = st.builds(
    lambda kind, more: (("content-type", kind), *more),
    types,
    st.lists(st.tuples(names, st.text(max_size=6)), max_size=3),
)


def asked(check):
    """What a check sends; of what a property explores, the first it would send."""
    if check.explores is None:
        return check.sends
    first = []
    smallest(check.explores(PROFILES[0]), lambda p: bool(first.append(p)), most=1)
    return first[0]


SENDS = {check.id: asked(check) for check in CHECKS}
PROBES = [probe for probes in SENDS.values() for probe in probes]
STEP = 9  # every ninth probe is one that an invariant meets
NUMBERS = {id(probe): number for number, probe in enumerate(PROBES)}


@cache
def spelled(number, which):
    """The request of a probe by its number, as the profile *which* spells it."""
    return build_request(PROBES[number], PROFILES[which], "m", "sk-drawn")


@st.composite
def drawn(draw):
    """What came back, whatever was asked."""
    body = draw(bodies)
    return {
        "status": draw(st.sampled_from([200, 200, 400, 401, 404, 422, 500])),
        "headers": draw(heads),
        "arrivals": tuple(Arrival(0.1 * n, data) for n, data in enumerate(body)),
        "end": draw(st.sampled_from([End.COMPLETE, End.COMPLETE, End.RESET])),
        "elapsed": 0.1 * len(body),
    }


def exchange(parts, probe, which, check):
    status = parts["status"]
    if status not in check.expects:
        status = 200 if 200 in check.expects else 400
    return Exchange(
        probe=probe,
        profile=PROFILES[which],
        request=spelled(NUMBERS[id(probe)], which),
        **{**parts, "status": status},
    )


def judged(check, exchanges):
    """The findings of *check*, as far as the runner would have asked it."""
    if check.every is not None:
        scope = [one for one in exchanges if check.every in set(scopes_of(one))]
        return judge_replies(check, scope).findings
    if any(triage(check, one) for one in exchanges):
        return ()
    try:
        return tuple(check.judge(*exchanges))
    except NotApplicable:
        return ()


@settings(max_examples=EXAMPLES)
@given(st.lists(drawn(), min_size=1, max_size=3), st.sampled_from(range(len(PROFILES))))
def test_no_bytes_make_a_judge_raise(several, which):
    # An invariant meets what others send.
    every = [
        exchange(several[n % len(several)], probe, which, CHECKS[0])
        for n, probe in enumerate(PROBES[::STEP])
    ]
    for check in CHECKS:
        exchanges = [
            exchange(several[n % len(several)], probe, which, check)
            for n, probe in enumerate(SENDS[check.id])
        ]
        if check.every is not None:
            exchanges += every

        for finding in judged(check, exchanges):
            assert isinstance(finding, Finding)
            assert all(
                isinstance(text, str)
                for text in (finding.message, finding.expected, finding.actual)
            )


@st.composite
def replies(draw):
    """A reply of any provider to a request it understood, or did not."""
    profile = draw(st.sampled_from(PROFILES))
    probe = draw(st.sampled_from([SUM, SUM_WHOLE, None]))
    request = (
        Request("POST", profile.dialect.path, body=draw(st.binary(max_size=8)))
        if probe is None
        else build_request(probe, profile, "m")
    )
    return Reply(
        status=draw(st.sampled_from([200, 400, 401, 422, 500])),
        headers=draw(heads),
        frames=tuple(Frame(0.1 * n, data) for n, data in enumerate(draw(bodies))),
        end=draw(st.sampled_from(End)),
        dialect=profile.dialect,
        request=request,
        probe=probe,
        rejection=draw(
            st.sampled_from([None, Rejection(reason=RejectionReason.SCHEMA)])
        ),
    )


@settings(max_examples=3 * EXAMPLES)
@given(replies())
@pytest.mark.long
def test_faults_and_quirks_take_any_reply(reply):
    for change in CHANGES:
        after = change.apply(reply)

        assert isinstance(after, Reply), change.id


@each("change", CHANGES, ids=lambda change: change.id)
def test_changes_are_pure(change):
    """The same reply twice gives the same result: no state is left behind."""
    profile = profiles.named("vllm-0.16")
    body = b'{"object":"chat.completion","choices":[],"usage":{"total_tokens":3}}'
    reply = Reply(
        headers=(("content-type", "application/json"),),
        frames=(Frame(0.0, body),),
        dialect=profile.dialect,
        request=build_request(SUM_WHOLE, profile, "m"),
        probe=SUM_WHOLE,
    )
    before = replace(reply)

    assert change.apply(reply) == change.apply(reply)
    assert reply == before


# What a server without any content may still pass: its model list, its headers.
# A property compares answers; a separate property requires that there is one.
OFFERED = {"models", "headers", "schema", "properties", "transport"}
# An accepted image, an address that was not opened, and rejections that are missing:
# their own checks judge those, and rejections.no-key judges the absence.
TAKEN = {
    "multimodal.takes-a-hundred-images",
    "multimodal.takes-promised-images",
    "multimodal.opens-no-address-in-text",
    "rejections.asks-for-no-password",
    "rejections.key-refusal-has-shape",
    "rejections.key-is-not-echoed",
    "latency.samples-are-answered",
}


@each("check", CHECKS, ids=lambda check: check.id)
def test_a_reply_that_says_nothing_holds_no_requirement_about_replies(check):
    if check.family in OFFERED or check.id in TAKEN:
        return
    parts = {
        "status": 200,
        "headers": (("content-type", "application/json"),),
        "arrivals": (Arrival(0.1, b'{"hello":"world"}'),),
        "end": End.COMPLETE,
        "elapsed": 0.1,
    }
    asked_of = [exchange(parts, probe, 0, check) for probe in SENDS[check.id]]
    if any(200 not in check.expects or triage(check, one) for one in asked_of):
        return
    if check.every is not None:
        scope = [one for one in asked_of if check.every in set(scopes_of(one))]
        judgement = judge_replies(check, scope)
        assert len(judgement.broken) == judgement.judged, check.id
        return
    try:
        findings = tuple(check.judge(*asked_of))
    except NotApplicable:
        return

    assert findings, check.id
