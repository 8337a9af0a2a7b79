"""Combined requests whose prompts are counted to the token, for many checks at once."""

from __future__ import annotations

from contract.checks.judging.prompt_tokens import PLAIN, TEKKEN, expect_unaltered
from contract.model.check import Combined, Findings
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.profile import Capability


def exact_prompts(*probes: Probe, needs: frozenset[Capability] = TEKKEN) -> Combined:
    """
    Return the combined requests whose prompt counts are compared with Tekken's.

    Every text, part, turn or image that *probes* hold is then read as it was sent: if
    one is left out, altered or refused, the sum differs, or there is none. *needs* are
    the capabilities for an exact count.

    Usage: `check(…, combined=exact_prompts(EVERY_TEXT))`.
    """
    return Combined(sends=(PLAIN, *probes), judge=_unaltered, needs=needs)


def _unaltered(base: Exchange, *exchanges: Exchange) -> Findings:
    yield from expect_unaltered(base, exchanges)
