"""Checks of the turn after tool calls: results are validated, counted, answered."""

from __future__ import annotations

from dataclasses import replace

from contract.checks.combined.requests import RESULTS_WHOLE
from contract.checks.faults.rejection import acceptance_fault
from contract.checks.faults.usage import misreport_prompt
from contract.checks.judging.prompt_tokens import expect_exact_count
from contract.checks.judging.rejection import expect_rejected
from contract.checks.sources import MISTRAL_TOKENS, MISTRAL_TOOLS, OPENAI_TOOLS
from contract.checks.tools.calls import STREAMED_TOOLS, TOOLS, calls, reply_location
from contract.checks.tools.probes import MISMATCHED, RESULTS, TWICE
from contract.model.check import ANY, Finding, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import TOOL_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces

MISTRAL_ORDER = "mistralai/mistral-common, validation of tool results"


@check(
    "tools.results-are-answered",
    "The results of several calls MUST be answered with text or another call.",
    source=f"{MISTRAL_TOOLS}; {OPENAI_TOOLS}",
    sends=(RESULTS, RESULTS_WHOLE),
    needs=STREAMED_TOOLS,
)
def results_are_answered(*exchanges: Exchange) -> Findings:
    """Text of any kind counts; reasoning checks judge whether it is an answer."""
    for exchange in exchanges:
        if not calls(exchange) and not any(piece.text for piece in exchange.pieces):
            yield Finding(
                "the results were not answered",
                expected="an answer or a further call",
                actual="nothing",
                at=reply_location(exchange),
            )


@fault(breaks=results_are_answered, also=("reasoning", "conversation"))
def silent_after_results(reply: Reply) -> Reply:
    """The model ends its turn without output after two tool results."""
    messages = reply.probe.messages if reply.probe is not None else ()
    if sum(message.role == "tool" for message in messages) <= 1:
        return reply
    return rewrite_pieces(
        reply, lambda pieces: [replace(piece, text="") for piece in pieces]
    )


@check(
    "tools.mismatched-id-is-refused",
    "A result whose id belongs to no call SHOULD be rejected.",
    source=MISTRAL_ORDER,
    sends=MISMATCHED,
    needs=TOOLS,
    expects=ANY,
    unless="tool-ids-unchecked",
)
def mismatched_id_is_refused(exchange: Exchange) -> Findings:
    yield from expect_rejected(exchange)


accepts_mismatched_id = acceptance_fault(
    mismatched_id_is_refused,
    "A result with the id of another call is accepted for the call made.",
)


@check(
    "tools.second-result-is-refused",
    "A second result for the same call SHOULD be rejected.",
    source=MISTRAL_ORDER,
    sends=TWICE,
    needs=TOOLS,
    expects=ANY,
    unless="tool-ids-unchecked",
)
def second_result_is_refused(exchange: Exchange) -> Findings:
    yield from expect_rejected(exchange)


accepts_second_result = acceptance_fault(
    second_result_is_refused, "Both results of one call are rendered into the prompt."
)


@check(
    "tools.declared-tools-are-counted",
    "The prompt_tokens MUST include the tools as the prompt template renders them.",
    source=MISTRAL_TOKENS,
    sends=TOOL_WHOLE,
    needs=TOOLS | {Capability.EXACT_TOKENS},
)
def declared_tools_are_counted(exchange: Exchange) -> Findings:
    yield from expect_exact_count(exchange)


@fault(
    breaks=declared_tools_are_counted,
    also=(
        "languages.tools-are-read",
        "usage",
        "tools.results-are-counted",
        "tools.every-tool-is-read",
        "context",
    ),
)
def tools_not_counted(reply: Reply) -> Reply:
    """The tools are rendered into the prompt after its tokens are counted."""
    return misreport_prompt(
        reply, lambda probe: replace(probe, options=replace(probe.options, tools=()))
    )


@check(
    "tools.results-are-counted",
    "The prompt_tokens MUST include the calls and results of earlier turns.",
    source=MISTRAL_TOKENS,
    sends=RESULTS_WHOLE,
    needs=TOOLS | {Capability.EXACT_TOKENS},
)
def results_are_counted(exchange: Exchange) -> Findings:
    yield from expect_exact_count(exchange)


@fault(
    breaks=results_are_counted,
    also=(
        "usage",
        "conversation",
        "context",
        "multimodal.result-images-are-not-dropped",
    ),
)
def results_not_counted(reply: Reply) -> Reply:
    """A gateway drops tool results, so they do not reach the model."""

    def drop_results(probe: Probe) -> Probe:
        kept = tuple(message for message in probe.messages if message.role != "tool")
        return replace(probe, messages=kept)

    return misreport_prompt(reply, drop_results)
