"""What a gateway changed in the replies of the server behind it, aspect by aspect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contract.model.aspect import Aspect


class Verdict(StrEnum):
    """How a change is judged, worst first."""

    NEVER = "never"  # no gateway may change it
    UNLISTED = "unlisted"  # the profile of the gateway does not permit it
    OCCASIONAL = "occasional"  # not in every reply to the same request
    ALLOWED = "allowed"  # the profile of the gateway permits it


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """One aspect that the gateway changed, over all replies of both runs."""

    aspect: Aspect
    verdict: Verdict
    # What changed, in words: `reasoning → reasoning_content`.
    what: str
    # What the server behind it sent, and what the gateway sent, of one example.
    backend: str
    gateway: str
    # The name of the request of that example; empty if all replies are the example.
    request: str
    # The number of replies that changed, and of those that were compared.
    changed: int
    compared: int
    # Which replies changed, in words ("all streamed, with tools").
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Altered:
    """The comparison of the replies of a gateway with those of the server behind it."""

    # The changes, the worst first.
    alterations: tuple[Alteration, ...] = ()
    # The number of requests that both were sent, byte for byte but for the model.
    compared: int = 0
    # The number of requests that the dialects of the two spell differently.
    unequal: int = 0
    # The number of replies whose text differs, but also from that of the backend to
    # the same request.
    varying: int = 0
    # Remarks on what could not be compared, one sentence each.
    notes: tuple[str, ...] = ()

    @property
    def never(self) -> int:
        """The number of changes that no gateway may make."""
        return sum(one.verdict is Verdict.NEVER for one in self.alterations)

    @property
    def broken(self) -> bool:
        """Whether the gateway changed what no gateway may."""
        return self.never > 0

    @property
    def unlisted(self) -> bool:
        """Whether it changed what its profile does not permit."""
        return any(one.verdict is Verdict.UNLISTED for one in self.alterations)
