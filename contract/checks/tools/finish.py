"""Checks of the finish reason of replies with tool calls."""

from __future__ import annotations

from contract.checks.judging.chunks import FINISH_REASONS
from contract.checks.sources import MISTRAL_TOOLS, OPENAI_TOOLS, VLLM_TOOLS
from contract.checks.tools.calls import (
    CALLED,
    FORCED,
    STREAMED_TOOLS,
    calls,
    complete_calls,
    has_calls,
    replace_finish_reason,
    reply_location,
    request_options,
)
from contract.checks.tools.probes import (
    CUTS,
    NAMED,
    NAMED_WHOLE,
    REQUIRED,
    REQUIRED_WHOLE,
)
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.probes import TOOL, TOOL_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.portable.requirement import decided
from contract.portable.schemas import Schema, both, either, every, has, one_of

TOOL_CALLS = frozenset({"tool_calls"})
TOOL_CALLS_OR_STOP = frozenset({"tool_calls", "stop"})
CUT_OFF = frozenset({"length", "model_length"})
# The replies that `_require_known_reason` accepts.
KNOWN_REASON = has(
    finish=one_of(sorted(FINISH_REASONS)),
    finishReasons=every(one_of(sorted(FINISH_REASONS))),
)


def _finishes(*reasons: str) -> Schema:
    """Return the schema of replies whose choices with calls have one of *reasons*."""
    return has(choices=every(either(has(calls=0), has(finish=one_of(reasons)))))


def _has_finish_reason(exchange: Exchange, reasons: frozenset[str]) -> Findings:
    """Yield a finding unless a reply with calls has one of the finish *reasons*."""
    found = complete_calls(exchange)
    _require_known_reason(exchange)
    for choice in sorted({one.choice for one in found}):
        reason = (exchange.finishes.get(choice) or (None,))[-1]
        if reason not in reasons:
            yield Finding(
                "a reply with a call has another finish reason",
                expected=" or ".join(sorted(reasons)),
                actual=f"{reason}",
                at=reply_location(exchange),
            )


def _require_known_reason(exchange: Exchange) -> None:
    """Raise `NotApplicable` unless the API defines the finish reasons of the reply."""
    for reason in (exchange.finish, *sum(exchange.finishes.values(), ())):
        if reason not in FINISH_REASONS:
            raise NotApplicable(f"another check judges the finish reason {reason}")


@check(
    "tools.call-finishes-as-tool-calls",
    "A reply with an unforced call MUST have the finish reason tool_calls.",
    source=f"{OPENAI_TOOLS} (finish_reason); {MISTRAL_TOOLS}",
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS,
    every=Scope.ANSWERS,
    unless="no-such-member",
)
@decided(
    _finishes("tool_calls"),
    when=both(
        CALLED, KNOWN_REASON, has(request=has(toolChoice=one_of((None, "auto"))))
    ),
)
def call_finishes_as_tool_calls(exchange: Exchange) -> Findings:
    if exchange.sent.get("tool_choice") not in (None, "auto"):
        raise NotApplicable("tool_choice forces or forbids a call")
    yield from _has_finish_reason(exchange, TOOL_CALLS)


@fault(breaks=call_finishes_as_tool_calls)
def call_finishes_as_stop(reply: Reply) -> Reply:
    """The reply has a call but finishes with stop, so an agent ends its turn."""
    auto = request_options(reply).tool_choice in {None, "auto"}
    if not auto or not has_calls(reply):
        return reply
    return replace_finish_reason(reply, TOOL_CALLS, "stop")


@check(
    "tools.forced-call-finishes-as-tool-calls",
    "A reply to tool_choice required (any) MUST have the finish reason tool_calls.",
    source=f"{OPENAI_TOOLS} (finish_reason); {VLLM_TOOLS}",
    sends=(REQUIRED, REQUIRED_WHOLE),
    needs=FORCED,
    unless="no-such-member",
)
@decided(_finishes("tool_calls"), when=both(CALLED, KNOWN_REASON))
def forced_call_finishes_as_tool_calls(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from _has_finish_reason(exchange, TOOL_CALLS)


@fault(breaks=forced_call_finishes_as_tool_calls)
def forced_call_finishes_as_stop(reply: Reply) -> Reply:
    """A reply with a forced call finishes with stop, like a text answer."""
    required = request_options(reply).tool_choice == "required"
    return replace_finish_reason(reply, TOOL_CALLS, "stop") if required else reply


@check(
    "tools.named-call-finishes",
    "The finish reason of a reply with a named call MUST be tool_calls or stop.",
    source=f"{OPENAI_TOOLS} (finish_reason: stop where the function was named)",
    sends=(NAMED, NAMED_WHOLE),
    needs=STREAMED_TOOLS | {Capability.NAMED_TOOLS},
)
@decided(_finishes("tool_calls", "stop"), when=both(CALLED, KNOWN_REASON))
def named_call_finishes(*exchanges: Exchange) -> Findings:
    """OpenAI and vLLM use stop, Mistral and llama.cpp use tool_calls."""
    for exchange in exchanges:
        yield from _has_finish_reason(exchange, TOOL_CALLS_OR_STOP)


@fault(breaks=named_call_finishes, also=("schema.event", "schema.response"))
def named_call_finishes_as_before(reply: Reply) -> Reply:
    """A named call finishes with function_call, from the older functions API."""
    named = (request_options(reply).tool_choice or "").startswith("=")
    if not named:
        return reply
    return replace_finish_reason(reply, TOOL_CALLS_OR_STOP, "function_call")


@check(
    "tools.cut-call-finishes-with-length",
    "A reply whose call max_tokens cut off MUST have the finish reason length.",
    source=f"{OPENAI_TOOLS} (finish_reason); 0xPlaygrounds/rig#2337",
    sends=CUTS,
    # Another limit only helps where the model ends before this one.
    combined=Combined(sends=CUTS[::2]),
    needs=STREAMED_TOOLS,
)
def cut_call_finishes_with_length(*exchanges: Exchange) -> Findings:
    """With tool_calls, a client would run the tool with incomplete arguments."""
    cut = False
    for exchange in exchanges:
        _require_known_reason(exchange)
        broken = [one for one in calls(exchange) if not isinstance(one.value, dict)]
        cut = cut or bool(broken) or exchange.finish in CUT_OFF
        if broken and exchange.finish not in CUT_OFF:
            yield Finding(
                "the finish reason of a reply with an incomplete call is not length",
                expected="finish reason length",
                actual=f"{exchange.finish or 'null'} with "
                f"{spell(shorten(broken[-1].arguments))}",
                at=reply_location(exchange),
            )
    if not cut:
        raise NotApplicable("the model finished before the limit")


@fault(breaks=cut_call_finishes_with_length)
def cut_call_called_finished(reply: Reply) -> Reply:
    """Any reply with a call finishes with tool_calls, even if it was cut off."""
    if not has_calls(reply):
        return reply
    return replace_finish_reason(reply, CUT_OFF, "tool_calls")
