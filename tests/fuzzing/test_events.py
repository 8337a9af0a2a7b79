"""Events of a Schemathesis run become requests, checks and failures."""

from __future__ import annotations

import base64
import json

import pytest
from support.spellings import SPELLINGS, readings

from contract.fuzzing.events import read_events
from contract.model.redaction import SECRETS, register_secret
from contract.model.wire import Request

URI = "http://127.0.0.1:8000/v1/chat/completions?a=b"


def encoded(data):
    return {"$base64": base64.b64encode(data).decode()}


def interaction(body=b"{}", status=500, content=b"oops", uri=URI):
    request = {
        "method": "POST",
        "uri": uri,
        "headers": {"Content-Type": ["application/json"], "X-A": ["1", "2"]},
        "body": encoded(body),
    }
    response = {"status_code": status, "content": encoded(content)}
    return {"request": request, "response": response}


def check(name="not_a_server_error", title="Server error", message="too  \n bad"):
    failure = {"title": title, "message": message}
    return {
        "name": name,
        "status": "failure",
        "failure_info": {"failure": failure},
    }


def scenario(label="POST /v1/chat/completions", *, interactions, checks):
    recorder = {"label": label, "interactions": interactions, "checks": checks}
    return {"ScenarioFinished": {"recorder": recorder}}


def only(summary):
    ((failure,),) = (found.values() for found in summary.failures.values())
    return failure


def test_a_run_without_events_is_empty():
    summary = read_events([])

    assert (0, None, set(), {}, []) == (
        summary.requests,
        summary.seed,
        summary.judged,
        summary.failures,
        summary.errors,
    )


def test_requests_of_all_scenarios_are_counted_and_checks_noted():
    good = {"name": "status_code_conformance", "status": "success"}
    first = scenario(interactions={"1": interaction()}, checks={"1": [good, check()]})
    second = scenario(interactions={"2": {}, "3": {}}, checks={})
    summary = read_events([{"Initialize": {"seed": 7}}, first, second, {"Other": {}}])

    assert (3, 7) == (summary.requests, summary.seed)
    assert {"status_code_conformance", "not_a_server_error"} == summary.judged
    assert ["not_a_server_error"] == list(summary.failures)


def test_a_failure_has_the_request_and_the_response():
    events = [scenario(interactions={"1": interaction()}, checks={"1": [check()]})]
    failure = only(read_events(events))

    assert ("server error", "too bad") == (failure.message, failure.expected)
    assert (500, "oops") == (failure.status, failure.body)
    assert failure.request == Request(
        "POST",
        "/v1/chat/completions?a=b",
        (("content-type", "application/json"), ("x-a", "1"), ("x-a", "2")),
        b"{}",
    )


def test_a_failure_without_a_response_has_no_status():
    cut = {**interaction(), "response": None}
    failure = only(
        read_events([scenario(interactions={"1": cut}, checks={"1": [check()]})])
    )

    assert (None, "") == (failure.status, failure.body)


def test_long_texts_are_shortened():
    long = interaction(content=b"x" * 900)
    failure = only(
        read_events(
            [
                scenario(
                    interactions={"1": long},
                    checks={"1": [check(message="y" * 900)]},
                )
            ]
        )
    )

    assert len(failure.expected) <= 160
    assert len(failure.body) <= 160


def test_the_shortest_of_equal_failures_is_kept():
    bodies = (b'{"a": 1}', b"{}", b'{"a": 1, "b": 2}')
    interactions = {str(n): interaction(body) for n, body in enumerate(bodies)}
    checks = {str(n): [check()] for n in range(3)}
    summary = read_events([scenario(interactions=interactions, checks=checks)])

    assert b"{}" == only(summary).request.body


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"label": "GET /v1/models"}, id="operation"),
        pytest.param({"title": "Other"}, id="message"),
        pytest.param({"status": 502}, id="status"),
    ],
)
def test_failures_that_differ_in_more_than_the_request_are_kept(other):
    events = [
        scenario(
            more.get("label", "POST /v1/chat/completions"),
            interactions={"1": interaction(status=more.get("status", 500))},
            checks={"1": [check(title=more.get("title", "Server error"))]},
        )
        for more in ({}, other)
    ]

    (found,) = read_events(events).failures.values()
    assert 2 == len(found)


def test_a_failure_without_its_request_is_left_out():
    summary = read_events([scenario(interactions={}, checks={"1": [check()]})])

    assert {} == summary.failures
    assert {"not_a_server_error"} == summary.judged


@pytest.mark.parametrize("kind", ["NonFatalError", "FatalError"])
def test_errors_of_schemathesis_are_shortened(kind):
    (error,) = read_events([{kind: {"message": "x" * 900}}]).errors

    assert "xxx" in error
    assert len(error) <= 200


def test_an_error_is_a_clause_with_its_operation():
    value = {"type": "ConnectionError", "message": "the body is too large"}
    known = {"NonFatalError": {"id": "1", "value": value, "label": "POST /x"}}
    other = {"FatalError": {"id": "2", "exception": "odd"}}

    assert read_events([known, other]).errors == [
        "POST /x: the body is too large",
        '{"id": "2", "exception": "odd"}',
    ]


KEY = 'sk-Example/7f+1"9=a&b_c'


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_secret_is_in_nothing_that_is_kept(name):
    """Schemathesis writes the bytes of a response, and quotes it in its messages."""
    spelled = SPELLINGS[name](KEY)
    body = json.dumps({"error": f"cannot handle {spelled}" + "x" * 200}).encode()
    found = interaction(body, content=body, uri=f"{URI}&key={spelled}".strip())
    found["request"]["headers"] |= {
        "Authorization": [f"Bearer {KEY}"],
        "X-Echo": [spelled],
    }
    failed = check(title=f"Bad {spelled}", message=f"expected {spelled}")
    events = [
        scenario(interactions={"1": found}, checks={"1": [failed]}),
        {"NonFatalError": {"info": f"{'x' * 150}{spelled}"}},
    ]
    with SECRETS.scope():
        register_secret(KEY)
        summary = read_events(events)
    kept = only(summary)
    texts = [
        *(kept.message, kept.expected, kept.body, kept.request.path),
        kept.request.body.decode(),
        *(value for _, value in kept.request.headers),
        *summary.errors,
    ]

    assert "***" in kept.body
    for text in texts:
        assert not any(KEY in one for one in readings(text, 2)), text
        assert KEY[:12] not in text
