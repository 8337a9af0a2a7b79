"""The tools of a request: as many as documented, each one well defined."""

from __future__ import annotations

from contract.checks.faults.refusal import accepts
from contract.checks.judging.refusal import refused
from contract.checks.sources import MISTRAL_TOOLS
from contract.checks.tools.asking import (
    BAD_NAME,
    BAD_SCHEMA,
    MANY,
    MOST_TOOLS,
)
from contract.checks.tools.calls import (
    TOOLS,
    asked,
    at,
)
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.dialect import Head
from contract.model.exchange import Exchange
from contract.model.rejection import (
    Rejection,
    RejectionReason,
)
from contract.model.reply import (
    JSON_TYPE,
    Frame,
    Reply,
    encode_json,
)

MISTRAL_NAMES = "mistralai/mistral-common, validation of tools"


@check(
    "tools.many-are-taken",
    f"A request with {MOST_TOOLS} tools MUST be answered.",
    source=f"{MISTRAL_TOOLS} (at most {MOST_TOOLS} tools)",
    sends=MANY,
    needs=TOOLS,
)
def many_are_taken(exchange: Exchange) -> Findings:
    if not exchange.choices:
        yield Finding(
            "the request was not answered", "a choice", "none", at=at(exchange)
        )


@fault(breaks=many_are_taken)
def few_tools_taken(reply: Reply) -> Reply:
    """A gateway takes no more than 64 tools and refuses the rest."""
    most = 64
    given = len(asked(reply).tools)
    if given <= most or reply.streamed:
        return reply
    problem = Rejection(
        reason=RejectionReason.UNSUPPORTED,
        message=f"At most {most} tools may be given, not {given}.",
        pointer="/tools",
        count=given,
        limit=most,
    )
    status, body = reply.dialect.error(problem)
    frames = (Frame(0.0, encode_json(body)),)
    head = Head(id="refused", created=0, model="")
    headers = (JSON_TYPE, *reply.dialect.headers(head, None))
    return Reply(
        status=status,
        headers=headers,
        frames=frames,
        dialect=reply.dialect,
        request=reply.request,
        rejection=problem,
    )


@check(
    "tools.bad-name-is-refused",
    "A tool whose name holds blanks or signs SHOULD be refused.",
    source=MISTRAL_NAMES,
    sends=BAD_NAME,
    needs=TOOLS,
    expects=ANY,
    unless="tool-name-unchecked",
)
def bad_name_is_refused(exchange: Exchange) -> Findings:
    yield from refused(exchange)


accepts_bad_name = accepts(
    bad_name_is_refused, "A tool is taken under a name that no call can spell."
)


@check(
    "tools.bad-schema-is-refused",
    "A tool whose parameters are no valid JSON Schema SHOULD be refused.",
    source=MISTRAL_NAMES,
    sends=BAD_SCHEMA,
    needs=TOOLS,
    expects=ANY,
    unless="tool-schema-unchecked",
)
def bad_schema_is_refused(exchange: Exchange) -> Findings:
    yield from refused(exchange)


accepts_bad_schema = accepts(
    bad_schema_is_refused, "Parameters that nothing can fit are put into the prompt."
)
