"""Checks of the status of a response, and of references to earlier responses."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.faults.rejection import accept_request
from contract.checks.judging.rejection import expect_rejected
from contract.checks.responses.events import (
    ENDS,
    RESPONSES,
    STREAMS,
    Event,
    change_body,
    change_events,
    place,
    response_of,
    typed,
)
from contract.checks.sources import RESPONSES_OBJECT, RESPONSES_STREAMING
from contract.model.chat import Options
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probe import Patch, Probe
from contract.model.probes import SUM, SUM_WHOLE, user
from contract.model.reply import Reply

CUT = Probe(
    name="response-cut",
    messages=(user("Count from 1 to 200."),),
    options=Options(max_tokens=12, temperature=0.0),
)
CUT_STREAMED = replace(CUT, name="response-cut-streamed", stream=True)
UNKNOWN_ID = "resp_00000000000000000000000000000000"
CONTINUED = replace(
    SUM_WHOLE,
    name="previous-response-unknown",
    patches=(Patch("unknown-id", "/previous_response_id", f'"{UNKNOWN_ID}"'),),
)


@check(
    "responses.cut-is-incomplete",
    "A response that max_output_tokens cuts off MUST be incomplete for that reason.",
    source=f"{RESPONSES_OBJECT}: status, incomplete_details",
    sends=(CUT, CUT_STREAMED),
    needs=STREAMS,
)
def cut_is_incomplete(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        response = response_of(exchange)
        if response is None:
            raise NotApplicable(f"{exchange.probe.name} has no last response")
        used = exchange.count("completion_tokens")
        limit = CUT.options.max_tokens
        if used is not None and limit is not None and used < limit:
            raise NotApplicable(f"the answer has only {used} tokens")
        details = response.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        found = {"status": response.get("status"), "reason": reason}
        if found != {"status": "incomplete", "reason": "max_output_tokens"}:
            yield Finding(
                "the response does not say that it was cut off",
                expected='status "incomplete", reason "max_output_tokens"',
                actual=shorten(found),
                at=exchange.probe.name,
            )


@fault(breaks=cut_is_incomplete, also=("responses.event-matches-status",))
def reason_left_out(reply: Reply) -> Reply:
    """A gateway forwards the status of a response, and not its details."""

    def change(response: Event) -> Event | None:
        if response.get("incomplete_details") is None:
            return None
        return {**response, "incomplete_details": None}

    return change_body(reply, change)


@check(
    "responses.event-matches-status",
    "The type of the last event SHOULD be the status of its response.",
    source=RESPONSES_STREAMING,
    sends=(SUM, CUT_STREAMED),
    needs=STREAMS,
    every=Scope.STREAMS,
)
def event_matches_status(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        chunk, event = typed(exchange)[-1]
        response = event.get("response")
        if event["type"] not in ENDS or not isinstance(response, dict):
            raise NotApplicable("the stream has no last event")
        status = event["type"].rpartition(".")[2]
        if response.get("status") != status:
            yield Finding(
                "the last event and its response do not have the same status",
                expected=f"status {status}",
                actual=f"status {shorten(response.get('status'))}",
                at=f"{exchange.probe.name}, {place(chunk)}",
            )
            return


@fault(breaks=event_matches_status)
def every_end_is_completed(reply: Reply) -> Reply:
    """The server ends every stream with response.completed (vLLM 0.32)."""

    def change(events: list[Event]) -> list[Event] | None:
        if not events or events[-1].get("type") != "response.incomplete":
            return None
        events[-1]["type"] = "response.completed"
        return events

    return change_events(reply, change)


@check(
    "responses.unknown-previous-is-refused",
    "A previous_response_id that the server does not know SHOULD be rejected.",
    source="mistralai 3.7.0, client/responses.py: responses are not stored; "
    f"{RESPONSES_OBJECT}: previous_response_id",
    sends=CONTINUED,
    needs=RESPONSES,
    expects=ANY,
)
def unknown_previous_is_refused(exchange: Exchange) -> Findings:
    """Without the earlier turns, the answer is one to another conversation."""
    yield from expect_rejected(exchange, frozenset({400, 404, 422}))


@fault(breaks=unknown_previous_is_refused)
def previous_ignored(reply: Reply) -> Reply:
    """A gateway drops previous_response_id, and the model knows of no earlier turn."""
    asked = reply.asked.get("previous_response_id") == UNKNOWN_ID
    if not asked or reply.status not in CLIENT_ERRORS:
        return reply
    return accept_request(reply)
