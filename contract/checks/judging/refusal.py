"""Whether a request was refused, and checks that demand a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus

from contract.model.chat import (
    Json,
    KeyMode,
    Probe,
)
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
    Check,
    Finding,
    Findings,
    NotApplicable,
    check,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.profile import (
    Capability,
    Profile,
)
from contract.model.rejection import RejectionReason
from contract.model.reply import Reply
from contract.model.wire import (
    WRONG_KEY,
    Request,
    build_request,
)
from contract.schema.openapi import schema_errors

# Refusals of who asks, where, or how often say nothing about what was asked.
ABOUT_THE_REQUEST = CLIENT_ERRORS - {401, 402, 403, 404, 405, 407, 408, 429}
# Too large, forbidden, not to be fetched: many ways to refuse an image are right.
ABOUT_AN_IMAGE = ABOUT_THE_REQUEST | {403, 404}


def refused(
    exchange: Exchange, by: frozenset[int] = ABOUT_THE_REQUEST, wanted: str = ""
) -> Findings:
    """
    A finding unless the status is one of *by*; *wanted* says those in words.

    A refusal for another reason (no key, no route) proves nothing about the
    request, so it is a finding too.
    """
    status = exchange.status or 0
    if status in by:
        return
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message = "the server failed where it should have refused"
    elif status >= HTTPStatus.BAD_REQUEST:
        message = "the request was refused for another reason"
    else:
        message = "the request was accepted"
    yield Finding(
        message,
        expected=wanted or "status 400 or 422",
        actual=seen(exchange),
        at=exchange.probe.name,
    )


def seen(exchange: Exchange) -> str:
    """Status and the beginning of the body, for a finding."""
    return f"status {exchange.status}, {shorten(exchange.text) or 'no body'}"


def refusals(exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """Those that were refused; what a provider accepts is judged elsewhere."""
    return tuple(x for x in exchanges if (x.status or 0) >= HTTPStatus.BAD_REQUEST)


def judged(exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """The refusals among *exchanges*; requests that were taken have no error."""
    found = refusals(exchanges)
    if not found:
        raise NotApplicable("no wrong request was refused")
    return found


def is_about_a_field(reply: Reply) -> bool:
    """Whether a reply refuses a value of the body, which clients see most often."""
    return (
        reply.status >= HTTPStatus.BAD_REQUEST
        and reply.rejection is not None
        and reply.rejection.reason is RejectionReason.SCHEMA
    )


def field_of(probe: Probe) -> str | None:
    """The member a patched probe has wrong; None when it is no member."""
    steps = [
        step
        for patch in probe.patches
        for step in patch.pointer.split("/")
        if step and not step.isdigit()
    ]
    return steps[-1] if steps else None


def answers(reply: Reply, probe: Probe) -> bool:
    """Whether *reply* answers *probe*, spelled by the dialect of the reply."""
    wanted = build_request(
        probe, Profile(id="any", dialect=reply.dialect), requested_model(reply)
    )
    if _essence(wanted) != _essence(reply.request):
        return False
    key = _key(reply.request)
    # Whoever needs no key is sent none, so a given key may be absent.
    return key is not KeyMode.WRONG if probe.key is KeyMode.GIVEN else key is probe.key


def _essence(request: Request) -> tuple[str, str, bytes, str | None]:
    return request.method, request.path, request.body, request.header("content-type")


def _key(request: Request) -> KeyMode:
    value = request.header("authorization")
    if value is None:
        return KeyMode.NONE
    return KeyMode.WRONG if value == f"Bearer {WRONG_KEY}" else KeyMode.GIVEN


def requested_model(reply: Reply) -> str:
    """The model that was asked for, as far as the request says."""
    try:
        sent = json.loads(reply.request.body)
    except (ValueError, RecursionError):
        return ""
    model = sent.get("model") if isinstance(sent, dict) else None
    return model if isinstance(model, str) else ""


def rejects(  # noqa: PLR0913  # what differs between the checks of this family
    sends: Probe,
    requirement: str,
    *,
    source: str,
    needs: Iterable[Capability] = (),
    unless: str | None = None,
    by: frozenset[int] = ABOUT_THE_REQUEST,
    wanted: str = "",
) -> Check:
    """
    The check, named like its wrong request, that this is refused with one of *by*.

    A provider that documents that it takes the request has `unless` in `tolerates`.
    """

    def judge(exchange: Exchange) -> Findings:
        yield from refused(exchange, by, wanted)

    judge.__name__ = judge.__qualname__ = sends.name.replace("-", "_")
    return check(
        f"rejections.{sends.name}",
        requirement,
        source=source,
        sends=sends,
        needs=frozenset(needs),
        expects=ANY,
        unless=unless,
    )(judge)


def error_document(exchange: Exchange) -> Json:
    """The body as a schema sees it: JSON, or the text of anything else."""
    return exchange.json if exchange.is_json else exchange.text


def misshapen(exchange: Exchange) -> Findings:
    """The places where an error body departs from the schema of its dialect."""
    name = exchange.profile.dialect.prefix + "Error"
    for wrong in schema_errors(name, error_document(exchange), most=1):
        yield Finding(
            f"the error is no {name}: {wrong.message}",
            expected=wrong.expected,
            actual=shorten(exchange.text) or "no body",
            at=f"{exchange.probe.name} {wrong.pointer}".strip(),
        )
