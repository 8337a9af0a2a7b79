"""That characters nobody has met before are read as they were sent."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from typing import Any

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
from contract.model.chat import Probe
from contract.model.check import (
    Finding,
    Findings,
    check,
    fault,
    shorten,
)
from contract.model.exchange import Exchange
from contract.model.profile import (
    Capability,
    Profile,
)
from contract.model.reply import Reply
from contract.strategies.texts import strange

# No character yet, and characters that mean what their users agree upon.
UNKNOWN = frozenset({"Cn", "Co"})


def raw_and_escaped(profile: Profile) -> Any:  # a strategy
    """A short greeting; strange characters in UTF-8; the same in JSON's escapes."""
    dialect = profile.dialect

    def spelled(text: str) -> tuple[Probe, ...]:
        raw = one_token_request("drawn", text)
        body = dialect.request(dialect.prepare(raw), "{model}")
        escaped = json.dumps(body, ensure_ascii=True).encode()
        return (PLAIN, raw, replace(raw, name="drawn-escaped", body=escaped))

    return strange().map(spelled)


@check(
    "properties.unknown-characters-survive",
    "Characters that are not known MUST be read as they are, however JSON spells them.",
    source="Unicode Standard, conformance C7 and C10; RFC 8259, section 7",
    explores=raw_and_escaped,
    slow=True,
)
def unknown_characters_survive(
    plain: Exchange, raw: Exchange, escaped: Exchange
) -> Findings:
    """What was left out, replaced or composed costs other tokens than it has."""
    text = shorten(ascii(raw.probe.messages[-1].text))
    utf8, escapes = (counted(one, "prompt_tokens") for one in (raw, escaped))
    if utf8 != escapes:
        yield Finding(
            f"{text} is read otherwise when JSON escapes it",
            expected=f"prompt_tokens {utf8} as in UTF-8",
            actual=f"prompt_tokens {escapes}",
            at=usage_location(escaped),
        )
    if Capability.TEKKEN in raw.profile.offers:
        told, exact = token_difference(raw, plain)
        if told != exact:
            yield Finding(
                f"{text} was not read as it was sent",
                expected=f"{exact} prompt_tokens more than for 'Hello'",
                actual=f"{told} more",
                at=usage_location(raw),
            )


@fault(
    breaks=unknown_characters_survive,
    also=("properties", "languages"),
)
def unknown_escapes_left_out(reply: Reply) -> Reply:
    """A reader of escapes asks its tables, and leaves out what they do not hold."""
    if b"\\u" not in reply.request.body:
        return reply
    return misreport_prompt(reply, misread_texts(_known))


def _known(text: str) -> str:
    return "".join(one for one in text if unicodedata.category(one) not in UNKNOWN)
