"""Errors: what a client reports of a request that failed."""

from __future__ import annotations

from contract.clients import changes
from contract.clients.expectations import reports_error
from contract.clients.scenario import Run, Scenario, requirement
from contract.clients.scenarios.retries import DENIED, REFUSED, UNPROCESSABLE
from contract.model.check import Finding, Findings, NotApplicable, shorten, spell

PAGE = Scenario(
    id="error-page",
    title="Every reply is a 400 with a page of HTML.",
    changes=(changes.page(400, "<html><h1>400 Bad Request</h1></html>"),),
    fails=True,
)
EMPTY = Scenario(
    id="error-without-a-body",
    title="Every reply is a 403 without a body.",
    changes=(changes.empty(403),),
    fails=True,
)
CUT = Scenario(
    id="cut-response",
    title="The connection is reset within every whole response.",
    changes=(changes.cut,),
    fails=True,
)


@requirement(
    "client.reports-errors",
    "A client MUST report an error for a request that the server rejects.",
    source="RFC 9110 15.5",
    on=(REFUSED, UNPROCESSABLE, DENIED, PAGE, EMPTY),
)
def reports_errors(run: Run) -> Findings:
    yield from reports_error(run)


@requirement(
    "client.reports-cut-responses",
    "A client MUST report a response whose connection was reset.",
    source="RFC 9112 8: an incomplete message",
    on=CUT,
)
def reports_cut_responses(run: Run) -> Findings:
    yield from reports_error(run)


@requirement(
    "client.reports-the-status",
    "A client SHOULD report the HTTP status of an error.",
    source="RFC 9110 15",
    on=(REFUSED, UNPROCESSABLE, DENIED, PAGE, EMPTY),
)
def tells_the_status(run: Run) -> Findings:
    found = list(reports_error(run))
    if found:
        raise NotApplicable("the program reports no error")
    error = run.output.error or {}
    status = run.chats[-1].reply.status if run.chats else None
    if status is None:
        raise NotApplicable("the program sent no chat request")
    reported = error.get("status")
    if str(reported) != str(status) and str(status) not in str(error.get("message")):
        yield Finding(
            "the status of the error is not reported",
            expected=str(status),
            actual=shorten(spell(dict(error)), 160),
            at=run.scenario.id,
        )


@requirement(
    "client.reports-the-reason",
    "A client SHOULD report in which words the server rejected a request.",
    source="openai: error.message is only a code for bodies with detail",
    on=(REFUSED, UNPROCESSABLE),
)
def tells_the_reason(run: Run) -> Findings:
    found = list(reports_error(run))
    if found:
        raise NotApplicable("the program reports no error")
    error = run.output.error or {}
    change = run.chats[-1].reply if run.chats else None
    if change is None or change.rejection is None or not change.rejection.message:
        raise NotApplicable("the reply has no words of its own")
    words = change.rejection.message
    if words not in change.body.decode(errors="replace"):
        raise NotApplicable("the dialect does not quote the reason")
    if words not in str(error.get("message")):
        yield Finding(
            "the words of the server are not reported",
            expected=words,
            actual=shorten(spell(error.get("message")), 160),
            at=run.scenario.id,
        )
