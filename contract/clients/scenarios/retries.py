"""Retries: what is repeated, when, and how often."""

from __future__ import annotations

from contract.clients import changes
from contract.clients.expectations import (
    SLACK,
    attempts,
    repeats,
    reports_error,
    same_answer,
)
from contract.clients.scenario import Run, Scenario, requirement
from contract.clients.task import Task
from contract.model.check import Finding, Findings, NotApplicable

MOST_ATTEMPTS = 8
"""Chat requests for one answer of a server that fails for ever."""

BUSY = Scenario(
    id="busy-then-well",
    title="The first reply is a 429 with Retry-After: 2, the second an answer.",
    changes=(changes.status(429, retry_after=2), None),
)
BUSY_STREAM = Scenario(
    id="busy-then-well-stream",
    title="The first reply to a request for a stream is a 429 with Retry-After: 2.",
    task=Task(stream=True),
    changes=(changes.status(429, retry_after=2), None),
)
BUSY_UNTIL = Scenario(
    id="busy-until-a-date",
    title="The first reply is a 429 whose Retry-After is a date.",
    changes=(changes.busy_until(1), None),
)
DOWN = Scenario(
    id="down-then-well",
    title="The first reply is a 503, the second an answer.",
    changes=(changes.status(503), None),
)
DOWN_PAGE = Scenario(
    id="gateway-page-then-well",
    title="The first reply is a 502 with a page of nginx, the second an answer.",
    changes=(changes.page(502, "<html><h1>502 Bad Gateway</h1></html>"), None),
)
ALWAYS_BUSY = Scenario(
    id="always-busy",
    title="Every reply is a 429 with Retry-After: 1.",
    changes=(changes.status(429, retry_after=1),),
    fails=True,
)
ALWAYS_BROKEN = Scenario(
    id="always-broken",
    title="Every reply is a 500.",
    changes=(changes.status(500),),
    fails=True,
)
REFUSED = Scenario(
    id="bad-request",
    title="Every reply is a 400.",
    changes=(changes.status(400, message="The temperature is too high."),),
    fails=True,
)
UNPROCESSABLE = Scenario(
    id="unprocessable-request",
    title="Every reply is a 422.",
    changes=(changes.status(422, message="The tools are not unique."),),
    fails=True,
)
DENIED = Scenario(
    id="wrong-key",
    title="The key is one that the server does not accept.",
    wrong_key=True,
    fails=True,
)
_RFC = "RFC 9110 10.2.3; RFC 6585 4"


@requirement(
    "client.waits-for-retry-after",
    "A client MUST NOT repeat a request before the time of Retry-After has passed.",
    source=_RFC,
    on=(BUSY, BUSY_STREAM, ALWAYS_BUSY),
)
def waits_for_retry_after(run: Run) -> Findings:
    seen = False
    for before, after in repeats(run):
        headers = dict(before.reply.headers)
        if (wanted := headers.get("retry-after")) is None:
            continue
        seen = True
        waited = after.at - before.at
        if waited < int(wanted) - SLACK:
            yield Finding(
                "the request is repeated too soon",
                expected=f"after {wanted} s, as Retry-After says",
                actual=f"after {waited:.2f} s",
                at=run.scenario.id,
            )
    if not seen:
        raise NotApplicable("the client does not repeat the request")


@requirement(
    "client.waits-until-the-date",
    "A client SHOULD NOT repeat a request before the date of Retry-After.",
    source=_RFC,
    on=BUSY_UNTIL,
)
def waits_until_the_date(run: Run) -> Findings:
    pairs = list(repeats(run))
    if not pairs:
        raise NotApplicable("the client does not repeat the request")
    waited = pairs[0][1].at - pairs[0][0].at
    if waited < 1 - SLACK:
        yield Finding(
            "the request is repeated before the date",
            expected="after 1 s or more",
            actual=f"after {waited:.2f} s",
            at=run.scenario.id,
        )


@requirement(
    "client.tries-again-when-busy",
    "A client SHOULD repeat a request that was answered with 429 and Retry-After.",
    source=_RFC,
    on=(BUSY, BUSY_STREAM),
)
def tries_again_when_busy(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.tries-again-when-down",
    "A client SHOULD repeat a request that was answered with 503 or 502.",
    source="RFC 9110 15.6.4",
    on=(DOWN, DOWN_PAGE),
)
def tries_again_when_down(run: Run) -> Findings:
    yield from same_answer(run)


@requirement(
    "client.gives-up",
    "A client MUST give up on a server that fails again and again.",
    source="AWS, Exponential backoff and jitter: cap the retries",
    on=(ALWAYS_BUSY, ALWAYS_BROKEN),
)
def gives_up(run: Run) -> Findings:
    if len(attempts(run)) > MOST_ATTEMPTS:
        yield Finding(
            "the request is repeated again and again",
            expected=f"at most {MOST_ATTEMPTS} requests",
            actual=str(len(run.chats)),
            at=run.scenario.id,
        )


@requirement(
    "client.reports-failing-servers",
    "A client MUST report an error if every attempt failed.",
    source="RFC 9110 15.6",
    on=(ALWAYS_BUSY, ALWAYS_BROKEN),
)
def reports_failing_servers(run: Run) -> Findings:
    yield from reports_error(run)


@requirement(
    "client.does-not-repeat-bad-requests",
    "A client MUST NOT repeat a request that was answered with 400 or 422.",
    source="RFC 9110 15.5.1: due to something that is perceived to be a client error",
    on=(REFUSED, UNPROCESSABLE),
)
def does_not_repeat_bad_requests(run: Run) -> Findings:
    yield from _sent_once(run)


@requirement(
    "client.does-not-repeat-denied-requests",
    "A client MUST NOT repeat a request that was answered with 401, with the same key.",
    source="RFC 9110 15.5.2",
    on=DENIED,
)
def does_not_repeat_denied_requests(run: Run) -> Findings:
    yield from _sent_once(run)


def _sent_once(run: Run) -> Findings:
    bodies = [one.request.body for one in attempts(run)]
    if len(bodies) > len(set(bodies)):
        yield Finding(
            "the same request is sent again",
            expected="one request",
            actual=f"{len(bodies)} requests",
            at=run.scenario.id,
        )
