"""How a reply with calls says that it is finished, or that it was cut."""

from __future__ import annotations

from contract.checks.judging.chunks import FINISH_REASONS
from contract.checks.sources import (
    MISTRAL_TOOLS,
    OPENAI_TOOLS,
    VLLM_TOOLS,
)
from contract.checks.tools.asking import (
    CUTS,
    NAMED,
    NAMED_WHOLE,
    REQUIRED,
)
from contract.checks.tools.asking import REQUIRED_WHOLE as REQUIRED_TOO
from contract.checks.tools.calls import (
    FORCED,
    STREAMED_TOOLS,
    asked,
    at,
    calling,
    calls,
    made,
    refinished,
    was_cut,
)
from contract.model.chat import PieceKind
from contract.model.check import (
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.probes import (
    TOOL,
    TOOL_WHOLE,
)
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply

CALLED = frozenset({"tool_calls"})
ENDED = frozenset({"tool_calls", "stop"})


def _finished(exchange: Exchange, by: frozenset[str]) -> Findings:
    made(exchange)
    _ended(exchange)
    if exchange.finish not in by:
        yield Finding(
            "a reply with a call finishes for another reason",
            expected=" or ".join(sorted(by)),
            actual=f"{exchange.finish}",
            at=at(exchange),
        )


def _ended(exchange: Exchange) -> None:
    """Raises `NotApplicable` unless a reply has one of the reasons that exist."""
    if exchange.finish not in FINISH_REASONS:
        raise NotApplicable(f"the reply ended with {exchange.finish}, judged elsewhere")


@check(
    "tools.call-finishes-as-tool-calls",
    "A reply that calls a tool of its own choice MUST finish with tool_calls.",
    source=f"{OPENAI_TOOLS} (finish_reason); {MISTRAL_TOOLS}",
    sends=(TOOL, TOOL_WHOLE),
    needs=STREAMED_TOOLS,
)
def call_finishes_as_tool_calls(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from _finished(exchange, CALLED)


@fault(breaks=call_finishes_as_tool_calls)
def call_finishes_as_stop(reply: Reply) -> Reply:
    """The call is there, but an agent that waits for tool_calls sees the turn end."""
    auto = asked(reply).tool_choice in {None, "auto"}
    return refinished(reply, CALLED, "stop") if auto and calling(reply) else reply


@check(
    "tools.forced-call-finishes-as-tool-calls",
    "A reply to tool_choice required (any) MUST finish with tool_calls.",
    source=f"{OPENAI_TOOLS} (finish_reason); {VLLM_TOOLS}",
    sends=(REQUIRED, REQUIRED_TOO),
    needs=FORCED,
)
def forced_call_finishes_as_tool_calls(*exchanges: Exchange) -> Findings:
    for exchange in exchanges:
        yield from _finished(exchange, CALLED)


@fault(breaks=forced_call_finishes_as_tool_calls)
def forced_call_finishes_as_stop(reply: Reply) -> Reply:
    """A forced call ends like an answer in words, with stop."""
    required = asked(reply).tool_choice == "required"
    return refinished(reply, CALLED, "stop") if required else reply


@check(
    "tools.named-call-finishes",
    "A reply with the call of a named tool MUST finish with tool_calls or stop.",
    source=f"{OPENAI_TOOLS} (finish_reason: stop where the function was named)",
    sends=(NAMED, NAMED_WHOLE),
    needs=STREAMED_TOOLS | {Capability.NAMED_TOOLS},
)
def named_call_finishes(*exchanges: Exchange) -> Findings:
    """OpenAI and vLLM say stop, Mistral and llama.cpp tool_calls."""
    for exchange in exchanges:
        yield from _finished(exchange, ENDED)


@fault(breaks=named_call_finishes, also=("schema.event", "schema.response"))
def named_call_finishes_as_before(reply: Reply) -> Reply:
    """A named call finishes with the function_call of the API before tools."""
    named = (asked(reply).tool_choice or "").startswith("=")
    return refinished(reply, ENDED, "function_call") if named else reply


@check(
    "tools.cut-call-finishes-with-length",
    "A reply whose call was cut by max_tokens MUST finish with length.",
    source=f"{OPENAI_TOOLS} (finish_reason); 0xPlaygrounds/rig#2337",
    sends=CUTS,
    needs=STREAMED_TOOLS,
)
def cut_call_finishes_with_length(*exchanges: Exchange) -> Findings:
    """Whoever hears tool_calls runs the tool with the half of its arguments."""
    cut = False
    for exchange in exchanges:
        _ended(exchange)
        broken = [one for one in calls(exchange) if not isinstance(one.value, dict)]
        cut = cut or bool(broken) or was_cut(exchange)
        if broken and not was_cut(exchange):
            yield Finding(
                "a call that was cut is called finished",
                expected="finish reason length",
                actual=f"{exchange.finish} with {shorten(broken[-1].arguments)!r}",
                at=at(exchange),
            )
    if not cut:
        raise NotApplicable("the model had finished before it could be cut")


@fault(breaks=cut_call_finishes_with_length)
def cut_call_called_finished(reply: Reply) -> Reply:
    """A reply with any call in it finishes with tool_calls, also when it was cut."""
    spoken = any(
        p.kind is PieceKind.TOOL and p.call for p in decode_reply(reply).pieces
    )
    cuts = frozenset({"length", "model_length"})
    return refinished(reply, cuts, "tool_calls") if spoken else reply
