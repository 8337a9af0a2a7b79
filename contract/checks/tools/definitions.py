"""Checks of the tool definitions in a request: their number and validity."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.exact import exact_prompts
from contract.checks.combined.prompts import TOOL_TURNS
from contract.checks.faults.rejection import acceptance_fault
from contract.checks.faults.usage import add_tokens
from contract.checks.judging.rejection import expect_rejected
from contract.checks.judging.usage import require_counter
from contract.checks.sources import MISTRAL_TOOLS
from contract.checks.tools.calls import TOOLS, reply_location, request_options
from contract.checks.tools.probes import BAD_NAME, BAD_SCHEMA, CLOCK, MANY, MAX_TOOLS
from contract.model.check import ANY, Finding, Findings, check, fault
from contract.model.dialect import Head
from contract.model.exchange import Exchange
from contract.model.probes import TOOL_WHOLE, WEATHER
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import JSON_TYPE, Frame, Reply, encode_json
from contract.model.rewrite import rewrite_usage
from contract.tokens import counting

MISTRAL_NAMES = "mistralai/mistral-common, validation of tools"


FIRST_OF_TWO = replace(
    TOOL_WHOLE,
    name="first-tool-whole",
    options=replace(TOOL_WHOLE.options, tools=(CLOCK,)),
)
TWO = replace(
    TOOL_WHOLE,
    name="two-tools-whole",
    options=replace(TOOL_WHOLE.options, tools=(CLOCK, WEATHER)),
)


@check(
    "tools.every-tool-is-read",
    "A second tool MUST be part of the prompt.",
    source=MISTRAL_TOOLS,
    sends=(FIRST_OF_TWO, TWO),
    combined=exact_prompts(TOOL_TURNS),
    needs=TOOLS,
)
def every_tool_is_read(one: Exchange, two: Exchange) -> Findings:
    less, more = (require_counter(x, "prompt_tokens") for x in (one, two))
    if more <= less:
        yield Finding(
            "the second tool is not part of the prompt",
            expected=f"more than the {less} prompt_tokens of the first tool alone",
            actual=f"prompt_tokens {more}",
            at=reply_location(two),
        )


@fault(breaks=every_tool_is_read, also=("tools", "combinations"))
def first_tool_passed_on(reply: Reply) -> Reply:
    """A gateway that knows the single function of old APIs passes on one tool."""
    probe = reply.probe
    if probe is None or len(probe.options.tools) <= 1:
        return reply
    alone = replace(
        probe, options=replace(probe.options, tools=probe.options.tools[:1])
    )
    less, more = (
        counting.prompt(reply.dialect.prepare(each)) for each in (alone, probe)
    )
    return rewrite_usage(
        reply, lambda usage: add_tokens(usage, "prompt_tokens", less - more)
    )


@check(
    "tools.many-are-taken",
    f"A request with {MAX_TOOLS} tools MUST be answered.",
    source=f"{MISTRAL_TOOLS} (at most {MAX_TOOLS} tools)",
    sends=MANY,
    needs=TOOLS,
)
def many_are_taken(exchange: Exchange) -> Findings:
    if not exchange.choices:
        yield Finding(
            "the request was not answered",
            "a choice",
            "none",
            at=reply_location(exchange),
        )


@fault(breaks=many_are_taken)
def few_tools_taken(reply: Reply) -> Reply:
    """A gateway rejects requests with more than 64 tools."""
    limit = 64
    count = len(request_options(reply).tools)
    if count <= limit or reply.streamed:
        return reply
    problem = Rejection(
        reason=RejectionReason.UNSUPPORTED,
        message=f"At most {limit} tools may be given, not {count}.",
        pointer="/tools",
        count=count,
        limit=limit,
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
    "A tool whose name contains blanks or punctuation SHOULD be rejected.",
    source=MISTRAL_NAMES,
    sends=BAD_NAME,
    needs=TOOLS,
    expects=ANY,
    unless="tool-name-unchecked",
)
def bad_name_is_refused(exchange: Exchange) -> Findings:
    yield from expect_rejected(exchange)


accepts_bad_name = acceptance_fault(
    bad_name_is_refused, "A tool is accepted with a name that no call can contain."
)


@check(
    "tools.bad-schema-is-refused",
    "A tool whose parameters are not a valid JSON Schema SHOULD be rejected.",
    source=MISTRAL_NAMES,
    sends=BAD_SCHEMA,
    needs=TOOLS,
    expects=ANY,
    unless="tool-schema-unchecked",
)
def bad_schema_is_refused(exchange: Exchange) -> Findings:
    yield from expect_rejected(exchange)


accepts_bad_schema = acceptance_fault(
    bad_schema_is_refused,
    "Parameters that nothing can satisfy are rendered into the prompt.",
)
