"""Checks that a reply has the requested number of choices and tokens."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from contract.checks.combined.requests import DOUBLE_TWIN
from contract.checks.combined.requests import ONE_TOKEN as SHORT
from contract.checks.faults.usage import add_tokens
from contract.checks.judging.chunks import requested_choices
from contract.checks.judging.usage import require_counter
from contract.checks.sources import OPENAI_CHAT
from contract.model.chat import Json, Options
from contract.model.check import (
    Combined,
    Finding,
    Findings,
    NotApplicable,
    Scope,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import SUM_WHOLE, TWO_CHOICES, user
from contract.model.profile import Capability
from contract.model.reply import Reply
from contract.model.rewrite import decode_reply, rewrite_usage

TWO_WHOLE = replace(TWO_CHOICES, name="two-choices-whole", stream=False)
ONE_TOKEN = Probe(
    name="one-token-of-count",
    messages=(user("Count from one to ten."),),
    options=Options(max_tokens=1, temperature=0.0, seed=7),
)


def _choices(value: Json) -> list[Json]:
    found = value.get("choices") if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _indexes_match(exchange: Exchange, wanted: int) -> Findings:
    """Yield a finding unless the choices are numbered from 0 to *wanted* - 1."""
    indexes = [choice.get("index") for _, choice in exchange.choices]
    found = f"indexes {', '.join(map(str, indexes))}" if indexes else "no choice"
    if indexes != list(range(wanted)):
        yield Finding(
            "choices are missing, superfluous or wrongly indexed",
            expected=f"indexes {', '.join(map(str, range(wanted)))}",
            actual=found,
            at="/choices",
        )


@check(
    "sampling.n-gives-as-many",
    "A request for n choices MUST get n, in order, with indexes from 0.",
    source=f"{OPENAI_CHAT}: n; 0xPlaygrounds/rig#2337",
    sends=TWO_WHOLE,
    needs={Capability.CHOICES},
    every=Scope.WHOLE,
    combined=Combined(sends=(DOUBLE_TWIN,)),
)
def n_gives_as_many(exchange: Exchange) -> Findings:
    wanted = requested_choices(exchange)
    if wanted == 1:
        raise NotApplicable("only one choice was requested")
    yield from _indexes_match(exchange, wanted)


@fault(
    breaks=n_gives_as_many,
    also=(
        "isolation.own-choices",
        "usage.choices-are-summed",
        "reasoning.in-every-choice",
    ),
)
def n_ignored(reply: Reply) -> Reply:
    """A gateway requests n choices but returns only the first."""

    def keep_first(value: Json) -> Json:
        if len(_choices(value)) > 1 and isinstance(value, dict):
            value["choices"] = _choices(value)[:1]
        return value

    return reply if reply.streamed else reply.change(keep_first)


@fault(
    breaks=n_gives_as_many,
    also=(
        "isolation.own-choices",
        "usage.choices-are-summed",
    ),
)
def indexes_all_zero(reply: Reply) -> Reply:
    """Every choice of a non-streamed response has index 0."""

    def zero_indexes(value: Json) -> Json:
        for choice in _choices(value):
            if isinstance(choice, dict):
                choice["index"] = 0
        return value

    return reply if reply.streamed else reply.change(zero_indexes)


@check(
    "sampling.one-choice-by-default",
    "A request without n MUST get exactly one choice, with index 0.",
    source=f"{OPENAI_CHAT}: n",
    sends=SUM_WHOLE,
    every=Scope.WHOLE,
    unless="no-such-member",
)
def one_choice_by_default(exchange: Exchange) -> Findings:
    if requested_choices(exchange) != 1:
        raise NotApplicable("several choices were requested")
    yield from _indexes_match(exchange, 1)


@fault(breaks=one_choice_by_default, also=("usage.completion-includes-thinking",))
def beams_shown(reply: Reply) -> Reply:
    """Beam search returns its second-best sequence as an additional choice."""

    def duplicate_choice(value: Json) -> Json:
        if len(choices := _choices(value)) == 1 and isinstance(choices[0], dict):
            choices.append({**deepcopy(choices[0]), "index": 1})
        return value

    requested = reply.probe.options if reply.probe is not None else Options()
    if reply.streamed or requested.n or requested.tools:
        return reply
    if decode_reply(reply).finish != "stop":
        return reply
    return reply.change(duplicate_choice)


@check(
    "sampling.one-token-is-one",
    "A max_tokens of 1 MUST give one token and the finish reason length.",
    source=f"{OPENAI_CHAT}: max_completion_tokens",
    sends=ONE_TOKEN,
    combined=Combined(sends=(SHORT,)),
)
def one_token_is_one(exchange: Exchange) -> Findings:
    completion = require_counter(exchange, "completion_tokens")
    if (completion, exchange.finish) != (1, "length"):
        yield Finding(
            "the reply was not cut off after one token",
            expected="completion_tokens 1, finish reason length",
            actual=f"completion_tokens {completion}, "
            f"finish reason {exchange.finish or 'null'}",
            at=exchange.probe.name,
        )


@fault(breaks=one_token_is_one, also=("usage.capped-by-max-tokens",))
def one_token_too_many(reply: Reply) -> Reply:
    """The limit is tested one token late, so a max_tokens of 1 yields two tokens."""
    if reply.probe is None or reply.probe.options.max_tokens != 1:
        return reply
    return rewrite_usage(reply, lambda usage: add_tokens(usage, "completion_tokens", 1))
