"""What an error tells people: what is wrong, where, and nothing else."""

from __future__ import annotations

from contract.checks.judging.refusal import (
    error_document,
    field_of,
    is_about_a_field,
    judged,
    seen,
)
from contract.checks.rejections import mistakes
from contract.checks.rejections.documents import (
    insides,
    names,
    reworded,
    sentence,
)
from contract.model.check import (
    ANY,
    CLIENT_ERRORS,
    Finding,
    Findings,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.reply import Reply

# A literal that JSON does not have is refused before anybody knows its field.
FIELDS = tuple(
    probe
    for probe in mistakes.EVERYWHERE
    if field_of(probe) and probe != mistakes.NAN_LITERAL
)


@check(
    "rejections.errors-show-no-insides",
    "An error MUST NOT show stack frames, source files or template source.",
    source="CWE-209; CWE-497",
    sends=mistakes.EVERYWHERE,
    expects=ANY,
)
def errors_show_no_insides(*exchanges: Exchange) -> Findings:
    """They tell an attacker where to look and everybody else nothing."""
    for exchange in judged(exchanges):
        trace = insides(exchange.text.replace('\\"', '"'))
        if trace is not None:
            yield Finding(
                "the error shows the inside of the server",
                expected="what is wrong with the request",
                actual=shorten(trace),
                at=exchange.probe.name,
            )


@fault(breaks=errors_show_no_insides)
def traceback_in_the_message(reply: Reply) -> Reply:
    """The server was started with debugging on."""
    if not is_about_a_field(reply):
        return reply
    pointer = reply.rejection.pointer if reply.rejection else ""
    trace = (
        f"ValueError: {pointer.replace('/', ' ').strip()} is wrong\n"
        "Traceback (most recent call last):\n"
        '  File "/srv/app/server.py", line 376, in create_chat_completion'
    )
    return reply.change(lambda body: reworded(body, trace))


@check(
    "rejections.errors-say-what-is-wrong",
    "An error SHOULD say in words what is wrong.",
    source="RFC 9110 §15.5",
    sends=mistakes.EVERYWHERE,
    expects=ANY,
)
def errors_say_what_is_wrong(*exchanges: Exchange) -> Findings:
    """A status phrase repeats the status; it explains nothing."""
    phrases = {"", "internal server error", "bad request", "unprocessable entity"}
    for exchange in judged(exchanges):
        told = sentence(exchange.json) if exchange.is_json else exchange.text
        if told.strip().lower().rstrip(".") in phrases:
            yield Finding(
                "the error does not explain itself",
                expected="a sentence about the request",
                actual=shorten(exchange.text) or "no body",
                at=exchange.probe.name,
            )


@fault(breaks=errors_say_what_is_wrong, also=("rejections.names-the-field",))
def says_bad_request(reply: Reply) -> Reply:
    """A gateway hides the reasons of errors from clients."""
    if not is_about_a_field(reply):
        return reply
    return reply.change(lambda body: reworded(body, "Bad Request"))


@check(
    "rejections.names-the-field",
    "The refusal of a value SHOULD name the field it was sent in.",
    source="Mistral API specification, ValidationError.loc; OpenAI API, error.param",
    sends=FIELDS,
    expects=ANY,
)
def names_the_field(*exchanges: Exchange) -> Findings:
    """With thirty options in a request, "invalid value" starts a search."""
    for exchange in judged(exchanges):
        field = field_of(exchange.probe)
        if exchange.status not in CLIENT_ERRORS:
            continue  # a failure of the server: there is no refusal to read
        if field and not names(error_document(exchange), field):
            yield Finding(
                f"the refusal does not name {field}",
                expected=f"{field} somewhere in the error",
                actual=seen(exchange),
                at=exchange.probe.name,
            )


@fault(breaks=names_the_field)
def names_nothing(reply: Reply) -> Reply:
    """Every wrong value gets the same words."""
    if not is_about_a_field(reply):
        return reply
    return reply.change(lambda body: reworded(body, "The request is not valid."))
