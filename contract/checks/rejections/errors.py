"""What an error must be: a document that clients can read, and harmless."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.judging.refusal import (
    answers,
    is_about_a_field,
    judged,
    misshapen,
    seen,
)
from contract.checks.rejections import mistakes
from contract.checks.rejections.documents import (
    is_html,
    repeated_status,
)
from contract.checks.rejections.options import max_tokens_wrong_type
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.probes import user
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.reply import (
    Frame,
    Reply,
)

API = "Mistral API reference and OpenAI API reference, errors"


@check(
    "rejections.never-5xx",
    "A mistake of the client MUST NOT be answered with a status of 500 or more.",
    source="RFC 9110 §15.5 and §15.6",
    sends=mistakes.EVERYWHERE,
    expects=ANY,
)
def never_5xx(*exchanges: Exchange) -> Findings:
    """Clients retry a 5xx: the same wrong request comes again and again."""
    for exchange in judged(exchanges):
        if (exchange.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            yield Finding(
                "a mistake of the client is called a failure of the server",
                expected="a status from 400 to 499",
                actual=seen(exchange),
                at=exchange.probe.name,
            )


@fault(
    breaks=never_5xx,
    also=(max_tokens_wrong_type, "rejections.body-repeats-status"),
)
def fails_on_a_wrong_type(reply: Reply) -> Reply:
    """An exception of the validation is caught by nobody but the framework."""
    if answers(reply, mistakes.MAX_TOKENS_WRONG_TYPE) and reply.rejection:
        return reply.with_status(500)
    return reply


@check(
    "rejections.never-html",
    "An error MUST NOT be an HTML page.",
    source=API,
    sends=mistakes.EVERYWHERE,
    expects=ANY,
)
def never_html(*exchanges: Exchange) -> Findings:
    """Pages come from proxies and frameworks, and no client can read them."""
    for exchange in judged(exchanges):
        if is_html(exchange):
            yield Finding(
                "the error is a page",
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
    """A proxy replaces the bodies of errors by its own page."""
    if not is_about_a_field(reply):
        return reply
    title = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    page = f"<html><head><title>{title}</title></head><body>{title}</body></html>\r\n"
    page_reply = reply.with_header("content-type", "text/html")
    return page_reply.with_frames((Frame(0.0, page.encode()),))


@check(
    "rejections.errors-are-json",
    "An error MUST be sent as application/json, and be JSON.",
    source=API,
    sends=mistakes.EVERYWHERE,
    expects=ANY,
)
def errors_are_json(*exchanges: Exchange) -> Findings:
    """A client reads the error with the decoder it reads answers with."""
    for exchange in judged(exchanges):
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
    """The body is JSON, but it is sent as text."""
    if is_about_a_field(reply):
        return reply.with_header("content-type", "text/plain; charset=utf-8")
    return reply


@check(
    "rejections.errors-have-shape",
    "Every error body MUST fit the error schema of the provider's dialect.",
    source=API,
    sends=mistakes.EVERYWHERE,
    expects=ANY,
)
def errors_have_shape(*exchanges: Exchange) -> Findings:
    """One provider has several shapes already; another one is a surprise."""
    for exchange in judged(exchanges):
        yield from misshapen(exchange)


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
    """The error is a number of the framework, with no words around it."""
    return reply.with_json({"errno": 22}) if is_about_a_field(reply) else reply


@check(
    "rejections.body-repeats-status",
    "The status that an error body repeats SHOULD be the status of the response.",
    source="house rule",
    sends=mistakes.EVERYWHERE,
    expects=ANY,
)
def body_repeats_status(*exchanges: Exchange) -> Findings:
    """Some clients read the one, some the other, and they must agree."""
    for exchange in judged(exchanges):
        repeated = repeated_status(exchange.json)
        if repeated not in {None, exchange.status}:
            yield Finding(
                "status and body disagree",
                expected=f"{exchange.status} in the body",
                actual=f"{repeated}, {shorten(exchange.text)}",
                at=exchange.probe.name,
            )


def _repeats_status(dialect: Dialect) -> bool:
    _, body = dialect.error(Rejection(reason=RejectionReason.SCHEMA))
    return repeated_status(body) is not None


@fault(
    breaks=body_repeats_status,
    where=_repeats_status,
)
def another_status_in_the_body(reply: Reply) -> Reply:
    """A gateway maps statuses but leaves the bodies as they are."""
    if is_about_a_field(reply) and repeated_status(reply.json) is not None:
        other = {400: 422, 422: 400}.get(reply.status, 400)
        return reply.with_status(other)
    return reply


AMONG = replace(
    mistakes.BRIEF, name="good-among-wrong", messages=(user("Say good evening."),)
)


@check(
    "rejections.disturb-nobody",
    "A good request MUST be answered among wrong ones.",
    source="RFC 9110 §15.5",
    sends=(*mistakes.EVERYWHERE, AMONG),
    expects=ANY,
)
def disturb_nobody(*exchanges: Exchange) -> Findings:
    """One client's mistake must not become everybody's outage."""
    good = exchanges[-1]
    if good.status == HTTPStatus.OK and not good.pieces:
        raise NotApplicable("the good request got status 200 but no answer")
    if good.status != HTTPStatus.OK:
        yield Finding(
            "a good request was refused among wrong ones",
            expected="status 200",
            actual=seen(good),
            at=good.probe.name,
        )


@fault(breaks=disturb_nobody)
def bans_the_client(reply: Reply) -> Reply:
    """A firewall bans a client after its first mistakes, with status 403."""
    if not answers(reply, AMONG):
        return reply
    return reply.with_status(403).with_json({"message": "You have been blocked."})
