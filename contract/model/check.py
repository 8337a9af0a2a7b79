"""What a check is: a requirement, what to send, how to judge; and its faults."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contract.errors import SpecError
from contract.model.chat import Probe
from contract.model.dialect import Dialect
from contract.model.profile import (
    Capability,
    Profile,
)
from contract.model.reply import Reply


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One departure from a requirement: what was expected, what was seen, where.

    `hint` says what to do about it, where one setting of the server would do.
    """

    message: str
    expected: str = ""
    actual: str = ""
    at: str = ""
    hint: str = ""


Findings = Iterator[Finding]
Judge = Callable[..., Findings]
Measure = Callable[..., Mapping[str, float]]


class NotApplicable(Exception):  # noqa: N818  # a verdict, not an error
    """Raised by a judge that has nothing to judge; the check is skipped, with why."""


class Level(StrEnum):
    """The strength of a requirement, read from its RFC 2119 word."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


KEYWORD = re.compile(r"\b(MUST NOT|MUST|SHOULD NOT|SHOULD|MAY)\b")
OK = frozenset({200})
CLIENT_ERRORS = frozenset(range(400, 500))
ANY = frozenset(range(100, 600))


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """
    A requirement and the way to test it.

    `judge` receives one exchange per probe in `sends`, in order, and yields
    findings. `expects` are the statuses worth judging; another status is a finding
    by itself. `unless` names an entry of a profile's `tolerates` under which the
    check does not apply. `source` says who demands it: a document, an issue
    `owner/repo#n`, an RFC. `broken` lets the check see exchanges that broke off.
    `alone` sends its probes one by one and in order, after everything that may
    overlap. `budget` names the bound of the profile without which there is nothing
    to hold the provider to. `measures` are the figures that the same exchanges give
    the report, whatever the verdict: `ttft_p95` and the like, in seconds. A property
    has no `sends`: it `explores` what a Hypothesis strategy draws for a profile, and
    each draw is the probes of one judgement.
    """

    id: str
    requirement: str
    source: str
    sends: tuple[Probe, ...]
    judge: Judge
    needs: frozenset[Capability] = frozenset()
    expects: frozenset[int] = OK
    unless: str | None = None
    slow: bool = False
    broken: bool = False
    alone: bool = False
    budget: str | None = None
    measures: Measure | None = None
    explores: Callable[[Profile], Any] | None = None

    @property
    def family(self) -> str:
        """The part of the id before the dot; the module's name."""
        return self.id.partition(".")[0]

    @property
    def level(self) -> Level:
        """MUST, SHOULD or MAY, as the requirement says."""
        found = KEYWORD.search(self.requirement)
        return Level((found.group(1) if found else "MUST").removesuffix(" NOT"))


def check(  # noqa: PLR0913  # a check has this many parts
    id: str,  # the right name
    requirement: str,
    *,
    source: str,
    sends: Probe | tuple[Probe, ...] = (),
    needs: set[Capability] | frozenset[Capability] = frozenset(),
    expects: frozenset[int] = OK,
    unless: str | None = None,
    slow: bool = False,
    broken: bool = False,
    alone: bool = False,
    budget: str | None = None,
    measures: Measure | None = None,
    explores: Callable[[Profile], Any] | None = None,
) -> Callable[[Judge], Check]:
    """Make a generator function a check; refuses what could never fail."""

    def made(judge: Judge) -> Check:
        if not inspect.isgeneratorfunction(judge):
            raise SpecError(f"{id}: a judge must yield findings; this one cannot.")
        if len(KEYWORD.findall(requirement)) != 1 or not requirement.endswith("."):
            raise SpecError(
                f"{id}: the requirement must be a sentence with one RFC 2119 word."
            )
        if bool(sends) is (explores is not None):
            raise SpecError(f"{id}: a check sends probes or explores a strategy.")
        return Check(
            id=id,
            requirement=requirement,
            source=source,
            sends=sends if isinstance(sends, tuple) else (sends,),
            judge=judge,
            needs=frozenset(needs),
            expects=expects,
            unless=unless,
            slow=slow,
            broken=broken,
            alone=alone,
            budget=budget,
            measures=measures,
            explores=explores,
        )

    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    The counter-example of a check: makes a good reply break it.

    Total: a reply it cannot break is returned unchanged. `breaks` is the check it
    is made for, `also` those that cannot but fail with it. `where` says of a dialect
    whether this is a fault there at all; None: it is one in every dialect.
    """

    id: str
    breaks: Check
    apply: Callable[[Reply], Reply]
    also: frozenset[str] = frozenset()
    where: Callable[[Dialect], bool] | None = None
    story: str = ""

    def exists_in(self, dialect: Dialect) -> bool:
        """Whether this is a fault in *dialect*."""
        return self.where is None or self.where(dialect)


def fault(
    *,
    breaks: Check,
    also: tuple[Check | str, ...] = (),
    where: Callable[[Dialect], bool] | None = None,
) -> Callable[[Callable[[Reply], Reply]], Fault]:
    """Make a function a fault; its docstring is what `list --faults` prints."""

    def made(apply: Callable[[Reply], Reply]) -> Fault:
        return Fault(
            id=apply.__name__.replace("_", "-"),
            breaks=breaks,
            apply=apply,
            also=frozenset(c if isinstance(c, str) else c.id for c in also),
            where=where,
            story=" ".join((apply.__doc__ or "").split()),
        )

    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """A legal oddity that must trip nothing."""

    id: str
    apply: Callable[[Reply], Reply]
    story: str = ""


def quirk(apply: Callable[[Reply], Reply]) -> Quirk:
    """Make a function a quirk; its docstring says why it is legal."""
    return Quirk(
        id=apply.__name__.replace("_", "-"),
        apply=apply,
        story=" ".join((apply.__doc__ or "").split()),
    )


def shorten(value: Any, most: int = 80) -> str:  # whatever was seen
    """*value* as a finding prints it: one line, at most *most* characters."""
    text = value if isinstance(value, str) else repr(value)
    text = text.replace("\n", "\\n").replace("\r", "\\r")
    return text if len(text) <= most else text[: most - 1] + "…"


def event_location(event: int, at: float) -> str:
    """Where in a stream something was seen, as a finding prints it."""
    return f"event {event}, +{at:.3f} s"
