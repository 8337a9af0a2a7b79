"""Judging of requests that a server may either answer or reject."""

from __future__ import annotations

import json
from http import HTTPStatus

from contract.model.check import Finding, Findings, shorten
from contract.model.exchange import Exchange
from contract.model.token_limit import token_limit

# Statuses worth judging: redirects and server errors are findings, not errors.
ANSWERED_OR_REJECTED = frozenset(range(200, 600))


def expect_answered_or_rejected(exchange: Exchange) -> Findings:
    """Yield a finding unless the reply has a choice or a 4xx status, with any body."""
    status = exchange.status or 0
    location = f"request {exchange.probe.name}"
    if status == HTTPStatus.OK:
        if not exchange.choices:
            yield Finding(
                "the request was accepted but not answered",
                expected="a choice",
                actual="none",
                at=location,
            )
        return
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        yield Finding(
            "the request was neither answered nor rejected",
            expected="status 200 or 4xx",
            actual=f"status {status}, {shorten(exchange.text) or 'no body'}",
            at=location,
        )


def visible_text(exchange: Exchange) -> tuple[str, str]:
    """Return reasoning and answer without the outer white space some servers trim."""
    return exchange.reasoning.strip(), exchange.answer.strip()


def expect_answers(*exchanges: Exchange) -> Findings:
    """Yield a finding for each reply without a choice, whatever its status."""
    for exchange in exchanges:
        if not exchange.choices:
            yield Finding(
                "the request was accepted but not answered",
                expected="a choice",
                actual="none",
                at=exchange.probe.name,
            )


# Tokens that carry no text: two markers and the end of the sequence.
WITHOUT_TEXT = 3


def is_cut_off(exchange: Exchange) -> bool:
    """
    Return whether max_tokens or the context window ended the reply.

    Some servers state another finish reason after a call, which
    `tools.cut-call-finishes-with-length` judges: a reply with as many tokens as it may
    have is cut off all the same.
    """
    limit, spent = token_limit(exchange.sent), exchange.count("completion_tokens")
    full = limit is not None and spent is not None and spent >= limit
    return full or exchange.finish in {"length", "model_length"}


def generated_nothing(exchange: Exchange) -> bool:
    """Return whether the usage states no more tokens than a reply without text has."""
    spent = exchange.count("completion_tokens")
    return spent is not None and spent <= WITHOUT_TEXT


# Members of a body by which a stream differs from the same request for a whole answer.
_FORM = frozenset({"stream", "stream_options"})


# Members that change what is generated, and not what is read.
_SAMPLING = frozenset(
    {
        *("n", "stop", "max_tokens", "max_completion_tokens", "temperature", "top_p"),
        *("seed", "random_seed", "presence_penalty", "frequency_penalty"),
        *("logprobs", "top_logprobs", "logit_bias"),
    }
)


def question(exchange: Exchange) -> str:
    """Return what a request asks, the same text for a stream and a whole answer."""
    return _without(exchange, _FORM)


def prompt(exchange: Exchange) -> str:
    """Return what a request makes the model read, the same text for any sampling."""
    return _without(exchange, _FORM | _SAMPLING)


def _without(exchange: Exchange, names: frozenset[str]) -> str:
    kept = {name: value for name, value in exchange.sent.items() if name not in names}
    return json.dumps(kept, sort_keys=True)
