"""A check of answers to a corpus of schemas, and the rate of valid ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from contract.checks.corpus import corpus
from contract.checks.judging.answered import ANSWERED_OR_REJECTED
from contract.checks.judging.corpus import all_valid, figures
from contract.checks.sources import MISTRAL_JSON, OPENAI_JSON, VLLM_JSON
from contract.checks.structured.document import (
    STREAMED_SCHEMAS,
    document,
    requested_schema,
    rewrite_answer,
    schema_name,
)
from contract.checks.structured.probes import formatted, schema_format
from contract.model.chat import Json
from contract.model.check import Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import user
from contract.model.reply import Reply
from contract.schema.validate import mismatch

NAME = "corpus"  # of every schema, in the request


def _asked(number: int, name: str, schema: Json) -> Probe:
    """Return the request for *schema*: every second streamed, half with reasoning."""
    probe = formatted(f"corpus-answer-{name}", schema_format(NAME, schema))
    return replace(
        probe,
        messages=(user("Invent a short example. Answer in JSON."),),
        stream=number % 2 == 1,
        reasons=number // 2 % 2 == 0,
    )


PROBES = tuple(
    _asked(number, name, schema)
    for number, (name, schema) in enumerate(corpus().items())
)


def _reason(exchange: Exchange) -> str:
    return mismatch(requested_schema(exchange), document(exchange)) or ""


def _figures(*exchanges: Exchange) -> Mapping[str, float]:
    return figures("valid_documents", exchanges, _reason)


@check(
    "structured.corpus-is-satisfied",
    f"Answers to {len(PROBES)} strict schemas MUST satisfy them, where accepted.",
    source=f"{MISTRAL_JSON}; {OPENAI_JSON}; {VLLM_JSON}",
    sends=PROBES,
    needs=STREAMED_SCHEMAS,
    expects=ANSWERED_OR_REJECTED,
    slow=True,
    measures=_figures,
)
def corpus_is_satisfied(*exchanges: Exchange) -> Findings:
    """Whole and streamed, with and without reasoning, one request for each schema."""
    yield from all_valid(exchanges, _reason)


@fault(breaks=corpus_is_satisfied)
def tuples_ignored(reply: Reply) -> Reply:
    """The grammar does not know prefixItems, so a pair has one entry."""
    options = reply.probe.options if reply.probe is not None else None
    form = (options.response_format or "") if options is not None else ""
    if schema_name(reply) != NAME or '"prefixItems"' not in form:
        return reply
    return rewrite_answer(reply, lambda _: '{"pair":[1]}')
