"""The turn after the calls: results are taken, counted and answered."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.faults.refusal import accepts
from contract.checks.judging.refusal import refused
from contract.checks.judging.usage import counted
from contract.checks.sources import (
    MISTRAL_TOKENS,
    MISTRAL_TOOLS,
    OPENAI_TOOLS,
)
from contract.checks.tools.asking import (
    MISMATCHED,
    RESULTS,
    RESULTS_WHOLE,
    TWICE,
)
from contract.checks.tools.calls import (
    STREAMED_TOOLS,
    TOOLS,
    asked,
    at,
    calls,
)
from contract.model.chat import Probe
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probes import TOOL_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import (
    rewrite_pieces,
    rewrite_usage,
)
from contract.tokens import counting

MISTRAL_ORDER = "mistralai/mistral-common, validation of tool results"


@check(
    "tools.results-are-answered",
    "The results of several calls MUST be taken and answered, in words or by a call.",
    source=f"{MISTRAL_TOOLS}; {OPENAI_TOOLS}",
    sends=(RESULTS, RESULTS_WHOLE),
    needs=STREAMED_TOOLS,
)
def results_are_answered(*exchanges: Exchange) -> Findings:
    """Whether the answer is filed as one is judged with the reasoning."""
    for exchange in exchanges:
        if not calls(exchange) and not any(piece.text for piece in exchange.pieces):
            yield Finding(
                "the results were not answered",
                expected="an answer or a further call",
                actual="nothing",
                at=at(exchange),
            )


@fault(breaks=results_are_answered, also=("reasoning", "conversation"))
def silent_after_results(reply: Reply) -> Reply:
    """After two results the turn ends without a word."""
    asked = reply.probe.messages if reply.probe is not None else ()
    if sum(message.role == "tool" for message in asked) < 2:  # noqa: PLR2004  # one result is another story
        return reply
    return rewrite_pieces(
        reply, lambda said: [replace(piece, text="") for piece in said]
    )


@check(
    "tools.mismatched-id-is-refused",
    "A result whose id is that of no call SHOULD be refused.",
    source=MISTRAL_ORDER,
    sends=MISMATCHED,
    needs=TOOLS,
    expects=ANY,
    unless="tool-ids-unchecked",
)
def mismatched_id_is_refused(exchange: Exchange) -> Findings:
    yield from refused(exchange)


accepts_mismatched_id = accepts(
    mismatched_id_is_refused, "The result of another call is taken for the one made."
)


@check(
    "tools.second-result-is-refused",
    "A second result for the same call SHOULD be refused.",
    source=MISTRAL_ORDER,
    sends=TWICE,
    needs=TOOLS,
    expects=ANY,
    unless="tool-ids-unchecked",
)
def second_result_is_refused(exchange: Exchange) -> Findings:
    yield from refused(exchange)


accepts_second_result = accepts(
    second_result_is_refused, "Two results of one call are both put into the prompt."
)


def _prompt(probe: Probe, exchange: Exchange) -> int:
    return counting.prompt(exchange.profile.dialect.prepare(probe))


def _exact(exchange: Exchange) -> Findings:
    told = counted(exchange, "prompt_tokens")
    wanted = _prompt(exchange.probe, exchange)
    if told != wanted:
        yield Finding(
            f"the prompt {exchange.probe.name} is counted wrongly",
            expected=f"prompt_tokens {wanted} (Tekken v13)",
            actual=f"prompt_tokens {told}",
            at=at(exchange),
        )


@check(
    "tools.declared-tools-are-counted",
    "The prompt_tokens MUST count the tools as the template spells them.",
    source=MISTRAL_TOKENS,
    sends=TOOL_WHOLE,
    needs=TOOLS | {Capability.EXACT_TOKENS},
)
def declared_tools_are_counted(exchange: Exchange) -> Findings:
    yield from _exact(exchange)


@fault(
    breaks=declared_tools_are_counted,
    also=("languages.tools-are-read", "usage", "tools.results-are-counted", "context"),
)
def tools_not_counted(reply: Reply) -> Reply:
    """The tools are put into the prompt after it was counted."""
    probe = reply.probe
    if probe is None or not asked(reply).tools:
        return reply
    bare = replace(probe, options=replace(probe.options, tools=()))
    return _charged_less(reply, counting.prompt(probe) - counting.prompt(bare))


@check(
    "tools.results-are-counted",
    "The prompt_tokens MUST count the calls and the results of earlier turns.",
    source=MISTRAL_TOKENS,
    sends=RESULTS_WHOLE,
    needs=TOOLS | {Capability.EXACT_TOKENS},
)
def results_are_counted(exchange: Exchange) -> Findings:
    yield from _exact(exchange)


@fault(breaks=results_are_counted, also=("usage", "conversation", "context"))
def results_not_counted(reply: Reply) -> Reply:
    """A gateway drops the results of tools, so the model never sees them."""
    probe = reply.probe
    if probe is None or all(m.role != "tool" for m in probe.messages):
        return reply
    kept = tuple(m for m in probe.messages if m.role != "tool")
    without = counting.prompt(replace(probe, messages=kept))
    return _charged_less(reply, counting.prompt(probe) - without)


def _charged_less(reply: Reply, saved: int) -> Reply:
    def less(usage: dict[str, object]) -> None:
        for name in ("prompt_tokens", "total_tokens"):
            told = usage.get(name)
            if isinstance(told, int):
                usage[name] = told - saved

    return rewrite_usage(reply, less)  # type: ignore[arg-type]  # only numbers are put in
