"""That a request means the same however JSON spells its characters."""

from __future__ import annotations

import json

from contract.checks.faults.usage import (
    misread_texts,
    misreport_prompt,
)
from contract.checks.judging.prompt_tokens import (
    PLAIN,
    one_token_request,
    token_difference,
)
from contract.checks.judging.usage import (
    counted,
    usage_location,
)
from contract.model.chat import (
    Json,
    Options,
    Probe,
)
from contract.model.check import (
    Finding,
    Findings,
    check,
    fault,
)
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.reply import Reply

_WORDS = 'Grüße aus 東京 👩🏽\u200d🚀: "a/b" \t\n𝄞'
HEAD = "Tell me about the sea"
TAIL = " and about the ships that cross it, the ports and the people in them"
NUL = one_token_request("nul-in-a-text", f"{HEAD}\x00{TAIL}")
HEAD_ONLY = one_token_request("text-before-a-nul", HEAD)


def _spelled(name: str, *, escaped: bool) -> Probe:
    body: Json = {
        "model": "{model}",
        "max_tokens": 1,
        "temperature": 0,
        "messages": [{"role": "user", "content": _WORDS}],
    }
    text = json.dumps(body, ensure_ascii=escaped)
    if escaped:
        text = text.replace("/", "\\/").replace("Gr", "\\u0047\\u0072")
    options = Options(max_tokens=1, temperature=0.0)
    return Probe(name=name, options=options, body=text.encode(), reasons=False)


RAW = _spelled("spelled-raw", escaped=False)
ESCAPED = _spelled("spelled-with-escapes", escaped=True)


@check(
    "languages.escapes-mean-the-same",
    "A request spelled with JSON escapes MUST be read like the same in UTF-8.",
    source="RFC 8259 7 and 8.3",
    sends=(RAW, ESCAPED),
)
def escapes_mean_the_same(raw: Exchange, escaped: Exchange) -> Findings:
    """Characters beyond U+FFFF are two escapes, which make one character."""
    wanted, told = (counted(one, "prompt_tokens") for one in (raw, escaped))
    if told != wanted:
        yield Finding(
            "the escaped request was read otherwise",
            expected=f"prompt_tokens {wanted} as for the raw one",
            actual=f"prompt_tokens {told}",
            at=usage_location(escaped),
        )


@fault(breaks=escapes_mean_the_same)
def surrogates_read_apart(reply: Reply) -> Reply:
    r"""The reader makes of 👋 two characters, and U+FFFD of each."""
    if b"\\ud8" not in reply.request.body.lower():
        return reply
    return misreport_prompt(reply, misread_texts(_torn))


def _torn(text: str) -> str:
    return "".join(
        "\ufffd\ufffd" if character > "\uffff" else character for character in text
    )


@check(
    "languages.nul-ends-nothing",
    "A NUL in a text MUST be refused or kept, and never end the text.",
    source="RFC 8259 7; CWE-158",
    sends=(PLAIN, HEAD_ONLY, NUL),
    expects=frozenset({200, 400, 422}),
)
def nul_ends_nothing(base: Exchange, head: Exchange, whole: Exchange) -> Findings:
    """A server that refuses NUL is right; one that drops what follows it is not."""
    if whole.status != 200:  # noqa: PLR2004  # refused, which is as good
        return
    told, _ = token_difference(whole, head)
    exact = token_difference(whole, base)
    if Capability.TEKKEN in whole.profile.offers and exact[0] != exact[1]:
        yield Finding(
            "a text with NUL was not read as it was sent",
            expected=f"{exact[1]} prompt_tokens more than for 'Hello'",
            actual=f"{exact[0]} more",
            at=usage_location(whole),
        )
    elif told < len(TAIL.split()):
        yield Finding(
            "the text ends where the NUL stands",
            expected=f"{len(TAIL.split())} prompt_tokens more than without the rest",
            actual=f"{told} more",
            at=usage_location(whole),
        )


@fault(breaks=nul_ends_nothing)
def nul_ends_the_text(reply: Reply) -> Reply:
    """The tokenizer is handed a C string."""
    return misreport_prompt(
        reply, misread_texts(lambda text: text.partition("\x00")[0])
    )
