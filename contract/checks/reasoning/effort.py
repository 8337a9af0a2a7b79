"""Checks of `reasoning_effort`: its default and its values."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract.checks.faults.rejection import reject, request_body
from contract.checks.judging.rejection import status_and_body
from contract.checks.reasoning.reasoning_text import NO_TEXT, without_reasoning
from contract.checks.sources import MISTRAL_REASONING
from contract.model.chat import Options
from contract.model.check import (
    ANY,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.dialect import Dialect
from contract.model.exchange import Exchange
from contract.model.probe import Patch, Probe
from contract.model.probes import SUM_WHOLE
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces
from contract.portable.requirement import decided
from contract.portable.schemas import SAID, TEXT, has

MEMBER = "reasoning_effort"
# The values that mistralai 3.7.0 and mistral-common 1.13.1 know.
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
DEFAULT_EFFORT = replace(
    SUM_WHOLE,
    name="default-effort",
    patches=(Patch("no effort", f"/{MEMBER}", None),),
)


def with_effort(effort: str) -> Probe:
    """Return a small request with this effort."""
    return replace(
        SUM_WHOLE,
        name=f"effort-{effort}",
        options=Options(max_tokens=8, seed=7, reasoning_effort=effort),
        reasons=effort != "none",
    )


def _names_an_effort(dialect: Dialect) -> bool:
    """Whether requests of *dialect* name an effort even to disable reasoning."""
    return MEMBER in dialect.request(replace(SUM_WHOLE, reasons=False), "model")


@check(
    "reasoning.on-by-default",
    "A model that reasons by default SHOULD reason in reply to a request without an "
    "effort.",
    source=f"{MISTRAL_REASONING}; https://docs.mistral.ai/models/mistral-large-4-0",
    sends=DEFAULT_EFFORT,
    needs={Capability.REASONING, Capability.THINKING_DEFAULT},
)
@decided(has(reasoning=TEXT), when=SAID)
def on_by_default(exchange: Exchange) -> Findings:
    """A client that sends no effort gets worse answers after a changed default."""
    if not exchange.answer and not exchange.reasoning:
        raise NotApplicable(NO_TEXT)
    if not exchange.reasoning.strip():
        yield Finding(
            "the reply to a request without an effort has no reasoning",
            expected="reasoning text",
            actual=f"answer {spell(shorten(exchange.answer))}",
            at="the whole message",
        )


@fault(breaks=on_by_default, where=_names_an_effort)
def default_effort_lowered(reply: Reply) -> Reply:
    """The default effort was changed to none, and nothing else shows it."""
    body = request_body(reply)
    if not body.get("messages") or body.get(MEMBER) is not None:
        return reply
    return rewrite_pieces(reply, without_reasoning)


@check(
    "reasoning.efforts-are-served",
    "Each effort that is documented for the model SHOULD be accepted.",
    source=f"{MISTRAL_REASONING}; mistralai 3.7.0, ReasoningEffort",
    sends=tuple(map(with_effort, EFFORTS)),
    needs={Capability.EFFORTS},
    expects=ANY,
)
def efforts_are_served(*exchanges: Exchange) -> Findings:
    """Only efforts in the profile's list of the model are judged."""
    known = exchanges[0].profile.model_named(str(exchanges[0].sent.get("model")))
    if known is None or not known.efforts:
        raise NotApplicable("the profile lists no efforts of this model")
    for exchange in exchanges:
        effort = exchange.sent.get(MEMBER)
        if effort in known.efforts and exchange.status != HTTPStatus.OK:
            yield Finding(
                f"the effort {effort} is not accepted",
                expected="status 200",
                actual=status_and_body(exchange),
                at=f"request {exchange.probe.name}",
            )


@fault(breaks=efforts_are_served, where=_names_an_effort)
def efforts_of_a_smaller_model(reply: Reply) -> Reply:
    """A router accepts only the efforts of the smallest model behind it."""
    effort = request_body(reply).get(MEMBER)
    if effort in {None, "none", "high"} or reply.status != HTTPStatus.OK:
        return reply
    said = "this reasoning_effort is not supported for this model"
    return reject(reply, f"/{MEMBER}", effort, said)
