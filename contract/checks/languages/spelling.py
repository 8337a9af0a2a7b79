"""JSON encoding checks: escapes and NUL characters in request text."""

from __future__ import annotations

import json
from dataclasses import replace
from http import HTTPStatus

from contract.checks.faults.usage import misread_texts, misreport_prompt
from contract.checks.judging.prompt_tokens import (
    PLAIN,
    TEKKEN,
    expect_unaltered,
    one_token_request,
    token_difference,
)
from contract.checks.judging.usage import require_counter, usage_location
from contract.model.chat import Json, Options
from contract.model.check import Combined, Finding, Findings, check, fault
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability
from contract.model.reply import Reply

_TEXT = 'Grüße aus 東京 👩🏽\u200d🚀: "a/b" \t\n𝄞'
HEAD = "Tell me about the sea"
TAIL = " and about the ships that cross it, the ports and the people in them"
NUL = one_token_request("nul-in-a-text", f"{HEAD}\x00{TAIL}")
HEAD_ONLY = one_token_request("text-before-a-nul", HEAD)


def _encoded(name: str, *, escaped: bool) -> Probe:
    body: Json = {
        "model": "{model}",
        "max_tokens": 1,
        "temperature": 0,
        "messages": [{"role": "user", "content": _TEXT}],
    }
    text = json.dumps(body, ensure_ascii=escaped)
    if escaped:
        text = text.replace("/", "\\/").replace("Gr", "\\u0047\\u0072")
    options = Options(max_tokens=1, temperature=0.0)
    return Probe(name=name, options=options, body=text.encode(), reasons=False)


RAW = _encoded("spelled-raw", escaped=False)
ESCAPED = _encoded("spelled-with-escapes", escaped=True)


def _as_in_utf8(plain: Exchange, escaped: Exchange) -> Findings:
    same = replace(escaped, probe=one_token_request(ESCAPED.name, _TEXT))
    yield from expect_unaltered(plain, (same,))


@check(
    "languages.escapes-mean-the-same",
    "A request with JSON escapes MUST be read like the same request in UTF-8.",
    source="RFC 8259 7 and 8.3",
    sends=(RAW, ESCAPED),
    combined=Combined(sends=(PLAIN, ESCAPED), judge=_as_in_utf8, needs=TEKKEN),
)
def escapes_mean_the_same(raw: Exchange, escaped: Exchange) -> Findings:
    """A character beyond U+FFFF is escaped as a surrogate pair."""
    expected, actual = (require_counter(one, "prompt_tokens") for one in (raw, escaped))
    if actual != expected:
        yield Finding(
            "the escaped request was read differently",
            expected=f"prompt_tokens {expected}, as for the request in UTF-8",
            actual=f"prompt_tokens {actual}",
            at=usage_location(escaped),
        )


@fault(breaks=escapes_mean_the_same)
def surrogates_read_apart(reply: Reply) -> Reply:
    """The JSON parser reads 👋 as two lone surrogates and replaces each with U+FFFD."""
    if b"\\ud8" not in reply.request.body.lower():
        return reply
    return misreport_prompt(reply, misread_texts(_split_pairs))


def _split_pairs(text: str) -> str:
    return "".join(
        "\ufffd\ufffd" if character > "\uffff" else character for character in text
    )


_READ_OR_REJECTED = frozenset(
    {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
)


def _nul_is_kept(base: Exchange, whole: Exchange) -> Findings:
    if whole.status == HTTPStatus.OK:
        yield from expect_unaltered(base, (whole,))


@check(
    "languages.nul-ends-nothing",
    "A NUL in a text MUST be rejected or kept, and never end the text.",
    source="RFC 8259 7; CWE-158",
    sends=(PLAIN, HEAD_ONLY, NUL),
    combined=Combined(
        sends=(PLAIN, NUL), judge=_nul_is_kept, needs=TEKKEN, expects=_READ_OR_REJECTED
    ),
    expects=_READ_OR_REJECTED,
)
def nul_ends_nothing(base: Exchange, head: Exchange, whole: Exchange) -> Findings:
    """
    Rejecting NUL is valid; dropping the text that follows it is not.

    The exchanges are of "Hello", of the text before the NUL, and of the whole text.
    """
    if whole.status != HTTPStatus.OK:  # rejected, which is valid
        return
    tail, _ = token_difference(whole, head)
    reported, exact = token_difference(whole, base)
    if Capability.TEKKEN in whole.profile.offers and reported != exact:
        yield Finding(
            "a text with NUL was not read as it was sent",
            expected=f"{exact} more prompt_tokens than for 'Hello'",
            actual=f"{reported} more",
            at=usage_location(whole),
        )
    elif tail < len(TAIL.split()):
        yield Finding(
            "the text was cut at the NUL",
            expected=f"{len(TAIL.split())} more prompt_tokens than without the rest",
            actual=f"{tail} more",
            at=usage_location(whole),
        )


@fault(breaks=nul_ends_nothing)
def nul_ends_the_text(reply: Reply) -> Reply:
    """The text is passed to the tokenizer as a NUL-terminated C string."""
    return misreport_prompt(
        reply, misread_texts(lambda text: text.partition("\x00")[0])
    )
