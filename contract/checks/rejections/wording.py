"""Requirements on the text of an error: helpful, specific and free of internals."""

from __future__ import annotations

from contract.checks.judging.rejection import (
    error_document,
    field_of,
    is_schema_rejection,
    rejections_or_skip,
    status_and_body,
)
from contract.checks.rejections import invalid_requests
from contract.checks.rejections.documents import (
    error_message,
    mentions,
    replace_message,
    source_trace,
)
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
    Finding,
    Findings,
    Scope,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.reply import Reply

# NaN is a syntax error, so it is rejected before its field is known.
FIELDS = tuple(
    probe
    for probe in invalid_requests.EVERYWHERE
    if field_of(probe) and probe != invalid_requests.NAN_LITERAL
)


@check(
    "rejections.errors-show-no-insides",
    "An error MUST NOT contain stack frames, source files or template source.",
    source="CWE-209; CWE-497",
    sends=invalid_requests.EVERYWHERE,
    expects=ANY,
    every=Scope.ERRORS,
)
def errors_show_no_insides(exchange: Exchange) -> Findings:
    """Internals help an attacker and are useless to any other client."""
    trace = source_trace(exchange.text.replace('\\"', '"'))
    if trace is not None:
        yield Finding(
            "the error exposes server internals",
            expected="a description of what is wrong with the request",
            actual=shorten(trace),
            at=exchange.probe.name,
        )


@fault(breaks=errors_show_no_insides)
def traceback_in_the_message(reply: Reply) -> Reply:
    """The server runs in debug mode and sends tracebacks."""
    if not is_schema_rejection(reply):
        return reply
    pointer = reply.rejection.pointer if reply.rejection else ""
    trace = (
        f"ValueError: {pointer.replace('/', ' ').strip()} is wrong\n"
        "Traceback (most recent call last):\n"
        '  File "/srv/app/server.py", line 376, in create_chat_completion'
    )
    return reply.change(lambda body: replace_message(body, trace))


@check(
    "rejections.errors-say-what-is-wrong",
    "An error SHOULD describe what is wrong.",
    source="RFC 9110 §15.5",
    sends=invalid_requests.EVERYWHERE,
    expects=ANY,
    every=Scope.ERRORS,
)
def errors_say_what_is_wrong(exchange: Exchange) -> Findings:
    """A status phrase repeats the status and explains nothing."""
    phrases = {"", "internal server error", "bad request", "unprocessable entity"}
    text = error_message(exchange.json) if exchange.is_json else exchange.text
    if text.strip().lower().rstrip(".") in phrases:
        yield Finding(
            "the error does not describe what is wrong",
            expected="a sentence about the request",
            actual=shorten(exchange.text) or "no body",
            at=exchange.probe.name,
        )


@fault(breaks=errors_say_what_is_wrong, also=("rejections.names-the-field",))
def says_bad_request(reply: Reply) -> Reply:
    """A gateway replaces error messages with a generic one."""
    if not is_schema_rejection(reply):
        return reply
    return reply.change(lambda body: replace_message(body, "Bad Request"))


@check(
    "rejections.names-the-field",
    "The rejection of a value SHOULD name the field that it was sent in.",
    source="Mistral API specification, ValidationError.loc; OpenAI API, error.param",
    sends=FIELDS,
    expects=ANY,
)
def names_the_field(*exchanges: Exchange) -> Findings:
    """With thirty parameters in a request, "invalid value" does not locate the bug."""
    for exchange in rejections_or_skip(exchanges):
        field = field_of(exchange.probe)
        if field and (surface := exchange.profile.dialect.surface) is not None:
            field = surface.names.get(field, field)
        if exchange.status not in CLIENT_ERRORS:
            continue  # a server error: there is no rejection to read
        if field and not mentions(error_document(exchange), field):
            yield Finding(
                f"the rejection does not name {field}",
                expected=f"{field} somewhere in the error",
                actual=status_and_body(exchange),
                at=exchange.probe.name,
            )


@fault(breaks=names_the_field)
def names_nothing(reply: Reply) -> Reply:
    """Every invalid value gets the same error message."""
    if not is_schema_rejection(reply):
        return reply
    return reply.change(lambda body: replace_message(body, "The request is not valid."))
