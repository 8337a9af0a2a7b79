"""What the judges and faults of long prompts share: counts, refusals, and both ways."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from contract import sizing, spec, tokens
from contract.chat import Json, Probe
from contract.checks.base import Finding, Findings, NotApplicable, shorten
from contract.checks.rejections.refusal import ABOUT_THE_REQUEST, accepted
from contract.dialects.base import Problem, Trouble
from contract.exchange import Exchange
from contract.profile import Capability
from contract.reply import Frame, Reply, encode
from contract.retell import count

MISTRAL_CHAT = "https://docs.mistral.ai/api/endpoint/chat"
MODEL_CARD = "https://huggingface.co/mistralai/Magistral-Small-2509"
# Truncated without a word; the one sign is the count.
OLLAMA = "ollama/ollama#3839"
EXACT = frozenset({Capability.EXACT_TOKENS})
# Where templates spell what is around the words, they may cost so much more or less.
ROUGHLY = 0.1
LONG = 20_000  # bytes of a request that may fill a window


def counted(exchange: Exchange) -> int:
    """The prompt_tokens; without them there is nothing to compare."""
    found = exchange.count("prompt_tokens")
    if found is None:
        raise NotApplicable("the reply has no whole number as prompt_tokens")
    return found


def all_of_it(exchange: Exchange, *, roughly: bool = False) -> Findings:
    """A finding unless the prompt is counted as long as it was made."""
    told, wanted = counted(exchange), sizing.size(exchange)
    exact = Capability.EXACT_TOKENS in exchange.profile.offers or not roughly
    spare = 0 if exact else round(wanted * ROUGHLY)
    if abs(told - wanted) > spare:
        yield Finding(
            "the prompt was not read as it was sent",
            expected=f"prompt_tokens {wanted}" + (f" ± {spare}" if spare else ""),
            actual=f"prompt_tokens {told}",
            at=f"request {exchange.probe.name}, /usage",
        )


def prompt_of(exchange: Exchange) -> int:
    """Tokens of the prompt as Tekken v13 counts what was sent."""
    return tokens.prompt(exchange.profile.dialect.prepare(exchange.probe))


def refused(exchange: Exchange) -> Findings:
    """A finding unless the request was refused, in the dialect's shape of an error."""
    status = exchange.status or 0
    seen = f"status {status}, {shorten(exchange.text) or 'no body'}"
    if status not in ABOUT_THE_REQUEST:
        told = exchange.count("prompt_tokens")
        taken = f"; prompt_tokens {told}" if told is not None else ""
        failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        yield Finding(
            "the server failed where it should have refused"
            if failed
            else "a prompt that does not fit was not refused",
            expected="status 400, 413 or 422",
            actual=seen + taken,
            at=f"request {exchange.probe.name}",
        )
    elif not spec.accepts(exchange.profile.dialect.prefix + "Error", exchange.json):
        yield Finding(
            "the refusal is not in the shape of this provider's errors",
            expected=f"{exchange.profile.dialect.prefix}Error of openapi.yaml",
            actual=seen,
            at=f"request {exchange.probe.name}",
        )


def charged(reply: Reply) -> int:
    """The prompt_tokens of a whole reply; 0 where it tells none."""
    usage = reply.json.get("usage") if isinstance(reply.json, dict) else None
    told = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return told if isinstance(told, int) else 0


def charge(reply: Reply, prompt: int) -> Reply:
    """*reply* with so many prompt_tokens in its usage."""

    def changed(usage: dict[str, Json]) -> None:
        before, total = usage.get("prompt_tokens"), usage.get("total_tokens")
        if isinstance(before, int) and isinstance(total, int):
            usage.update(prompt_tokens=prompt, total_tokens=total - before + prompt)

    return count(reply, changed)


def excess(reply: Reply) -> int | None:
    """
    By how many tokens the prompt that *reply* refuses is too long; None for others.

    A prompt that fills the window to the last token is too long by none.
    """
    problem = reply.problem
    if problem is None or len(reply.request.body) < LONG:
        return None
    if problem.trouble is Trouble.OVERFLOW:
        return problem.count - problem.limit
    full = problem.trouble is Trouble.SCHEMA and problem.value == 0
    # A prompt and the one token asked for, refused for the sake of the latter.
    room = problem.trouble is Trouble.MAX_TOKENS and problem.value == 1
    return 0 if full or room else None


def taken(reply: Reply) -> Reply:
    """The opposite of a refusal for length: an answer to what is left of a prompt."""
    limit = reply.problem.limit if reply.problem is not None else 0
    return charge(accepted(reply), max(limit - 1, 1))


def refusal(reply: Reply, count: int, limit: int) -> Reply:
    """*reply* as the refusal of a prompt of *count* tokens by a window of *limit*."""
    problem = Problem(trouble=Trouble.OVERFLOW, count=count, limit=limit)
    status, body = reply.dialect.error(problem)
    data = body.encode() if isinstance(body, str) else encode(body)
    return replace(reply, status=status, frames=(Frame(0.0, data),), problem=problem)


def words(probe: Probe | None) -> int:
    """How much text a request holds, in characters."""
    return sum(len(message.text) for message in probe.messages) if probe else 0
