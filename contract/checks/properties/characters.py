"""Property: unknown characters reach the prompt unchanged."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from typing import Any

from contract.checks.faults.usage import misread_texts, misreport_prompt
from contract.checks.judging.prompt_tokens import (
    PLAIN,
    one_token_request,
    token_difference,
)
from contract.checks.judging.usage import require_counter, usage_location
from contract.model.check import Finding, Findings, check, fault, shorten, spell
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability, Profile
from contract.model.reply import Reply
from contract.strategies.texts import unusual_characters

# The general categories of unassigned and of private use characters.
UNKNOWN = frozenset({"Cn", "Co"})


def raw_and_escaped(profile: Profile) -> Any:  # a strategy
    """Return a strategy: a greeting, unusual characters in UTF-8, the same escaped."""
    dialect = profile.dialect

    def probes(text: str) -> tuple[Probe, ...]:
        raw = one_token_request("drawn", text)
        body = dialect.request(dialect.prepare(raw), "{model}")
        escaped = json.dumps(body, ensure_ascii=True).encode()
        return (PLAIN, raw, replace(raw, name="drawn-escaped", body=escaped))

    return unusual_characters().map(probes)


@check(
    "properties.unknown-characters-survive",
    "Unknown characters MUST be read unchanged, in UTF-8 and in JSON escapes.",
    source="Unicode Standard, conformance C7 and C10; RFC 8259, section 7",
    explores=raw_and_escaped,
    slow=True,
)
def unknown_characters_survive(
    plain: Exchange, raw: Exchange, escaped: Exchange
) -> Findings:
    """Characters that are dropped, replaced or composed change the token count."""
    text = shorten(spell(raw.probe.messages[-1].text, escape=True))
    utf8, escapes = (require_counter(one, "prompt_tokens") for one in (raw, escaped))
    if utf8 != escapes:
        yield Finding(
            f"{text} is read differently when JSON escapes it",
            expected=f"prompt_tokens {utf8}, as in UTF-8",
            actual=f"prompt_tokens {escapes}",
            at=usage_location(escaped),
        )
    if Capability.TEKKEN in raw.profile.offers:
        reported, exact = token_difference(raw, plain)
        if reported != exact:
            yield Finding(
                f"{text} was altered or counted wrongly",
                expected=f"{exact} prompt_tokens more than for 'Hello'",
                actual=f"{reported} more",
                at=usage_location(raw),
            )


@fault(
    breaks=unknown_characters_survive,
    also=("properties", "languages"),
)
def unknown_escapes_left_out(reply: Reply) -> Reply:
    """A JSON parser drops escaped characters that its Unicode tables do not contain."""
    if b"\\u" not in reply.request.body:
        return reply
    return misreport_prompt(reply, misread_texts(_without_unknown))


def _without_unknown(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) not in UNKNOWN)
