"""Requirements on every error: status, media type, schema and isolation."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.judging.rejection import (
    error_violations,
    is_reply_to,
    is_schema_rejection,
    rejections_or_skip,
    status_and_body,
)
from contract.checks.rejections import invalid_requests
from contract.checks.rejections.documents import is_html
from contract.checks.rejections.options import max_tokens_wrong_type
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.probes import user
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import Frame, Reply
from contract.portable.assembly import status_in
from contract.portable.requirement import decided
from contract.portable.schemas import has

API = "Mistral API reference and OpenAI API reference, errors"


@check(
    "rejections.never-5xx",
    "An invalid request MUST NOT be answered with a status of 500 or more.",
    source="RFC 9110 §15.5 and §15.6",
    sends=invalid_requests.EVERYWHERE,
    expects=ANY,
)
def never_5xx(*exchanges: Exchange) -> Findings:
    """Clients retry a 5xx, so they send the same invalid request again and again."""
    for exchange in rejections_or_skip(exchanges):
        if (exchange.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            yield Finding(
                "a client error is reported as a server error",
                expected="a status from 400 to 499",
                actual=status_and_body(exchange),
                at=exchange.probe.name,
            )


@fault(
    breaks=never_5xx,
    also=(max_tokens_wrong_type, "rejections.body-repeats-status"),
)
def fails_on_a_wrong_type(reply: Reply) -> Reply:
    """A validation error is not handled and becomes the framework's status 500."""
    if is_reply_to(reply, invalid_requests.MAX_TOKENS_WRONG_TYPE) and reply.rejection:
        return reply.with_status(HTTPStatus.INTERNAL_SERVER_ERROR)
    return reply


@check(
    "rejections.never-html",
    "An error MUST NOT be an HTML page.",
    source=API,
    sends=invalid_requests.EVERYWHERE,
    expects=ANY,
    every=Scope.ERRORS,
)
@decided(has(isHtml=False))
def never_html(exchange: Exchange) -> Findings:
    """HTML pages come from proxies and frameworks, and API clients cannot read them."""
    if is_html(exchange):
        yield Finding(
            "the error is an HTML page",
            expected="JSON",
            actual=f"{exchange.media_type}, {shorten(exchange.text)}",
            at=exchange.probe.name,
        )


@fault(
    breaks=never_html,
    also=(
        "rejections.errors-are-json",
        "rejections.errors-have-shape",
        "rejections.names-the-field",
        "rejections.errors-say-what-is-wrong",
        "schema.error",
        "context",
    ),
)
def page_of_a_proxy(reply: Reply) -> Reply:
    """A proxy replaces error bodies with its own HTML page."""
    if not is_schema_rejection(reply):
        return reply
    title = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    page = f"<html><head><title>{title}</title></head><body>{title}</body></html>\r\n"
    page_reply = reply.with_header("content-type", "text/html")
    return page_reply.with_frames((Frame(0.0, page.encode()),))


@check(
    "rejections.errors-are-json",
    "An error MUST be JSON and be sent as application/json.",
    source=API,
    sends=invalid_requests.EVERYWHERE,
    expects=ANY,
    every=Scope.ERRORS,
)
@decided(has(contentType=has(type="application/json"), isJson=True))
def errors_are_json(exchange: Exchange) -> Findings:
    """Clients decode errors with the decoder that they use for answers."""
    if exchange.media_type != "application/json" or not exchange.is_json:
        kind = exchange.media_type or "no content type"
        yield Finding(
            "the error is not JSON",
            expected="application/json",
            actual=f"{kind}, {shorten(exchange.text)}",
            at=exchange.probe.name,
        )


@fault(breaks=errors_are_json)
def json_by_another_name(reply: Reply) -> Reply:
    """The body is JSON but is sent as text/plain."""
    if is_schema_rejection(reply):
        return reply.with_header("content-type", "text/plain; charset=utf-8")
    return reply


@check(
    "rejections.errors-have-shape",
    "Every error body MUST match the error schema of the dialect.",
    source=API,
    sends=invalid_requests.EVERYWHERE,
    expects=ANY,
    every=Scope.ERRORS,
)
def errors_have_shape(exchange: Exchange) -> Findings:
    """Some APIs document several error shapes; clients do not expect another one."""
    yield from error_violations(exchange)


@fault(
    breaks=errors_have_shape,
    also=(
        "rejections.errors-say-what-is-wrong",
        "rejections.names-the-field",
        "schema.error",
        "context",
    ),
)
def bare_code(reply: Reply) -> Reply:
    """The error is only an internal error number, without a message."""
    return reply.with_json({"errno": 22}) if is_schema_rejection(reply) else reply


@check(
    "rejections.body-repeats-status",
    "A status code in an error body SHOULD be the status code of the response.",
    source="house rule",
    sends=invalid_requests.EVERYWHERE,
    expects=ANY,
    every=Scope.ERRORS,
)
@decided(has(bodyDisagrees=False))
def body_repeats_status(exchange: Exchange) -> Findings:
    """Some clients read the status line and others the body, so the two must agree."""
    repeated = status_in(exchange.json)
    if repeated not in {None, exchange.status}:
        yield Finding(
            "the status line and the body disagree",
            expected=f"{exchange.status} in the body",
            actual=f"{repeated}, {shorten(exchange.text)}",
            at=exchange.probe.name,
        )


def _repeats_status(dialect: Dialect) -> bool:
    _, body = dialect.error(Rejection(reason=RejectionReason.SCHEMA))
    return status_in(body) is not None


@fault(
    breaks=body_repeats_status,
    where=_repeats_status,
)
def another_status_in_the_body(reply: Reply) -> Reply:
    """A gateway maps status codes but leaves the bodies unchanged."""
    if not is_schema_rejection(reply) or status_in(reply.json) is None:
        return reply
    if reply.status == HTTPStatus.BAD_REQUEST:
        return reply.with_status(HTTPStatus.UNPROCESSABLE_ENTITY)
    return reply.with_status(HTTPStatus.BAD_REQUEST)


VALID_REQUEST = replace(
    invalid_requests.BRIEF,
    name="good-among-wrong",
    messages=(user("Say good evening."),),
)


@check(
    "rejections.disturb-nobody",
    "A valid request MUST be answered while other requests are being rejected.",
    source="RFC 9110 §15.5",
    sends=(*invalid_requests.EVERYWHERE, VALID_REQUEST),
    expects=ANY,
)
def disturb_nobody(*exchanges: Exchange) -> Findings:
    """An invalid request of one client must not cause an outage for others."""
    valid = exchanges[-1]
    if valid.status == HTTPStatus.OK and not valid.pieces:
        raise NotApplicable("the valid request got status 200 but no answer")
    if valid.status != HTTPStatus.OK:
        yield Finding(
            "a valid request was rejected along with the invalid ones",
            expected="status 200",
            actual=status_and_body(valid),
            at=valid.probe.name,
        )


@fault(breaks=disturb_nobody)
def bans_the_client(reply: Reply) -> Reply:
    """A firewall blocks a client with status 403 after its first invalid requests."""
    if not is_reply_to(reply, VALID_REQUEST):
        return reply
    blocked = reply.with_status(HTTPStatus.FORBIDDEN)
    return blocked.with_json({"message": "You have been blocked."})
