"""Checks (requirement, probes to send, judge), and the faults and quirks of replies."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from contract.errors import SpecError
from contract.model.dialect import Dialect
from contract.model.probe import Probe
from contract.model.profile import Capability, Profile
from contract.model.reply import Reply


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One departure from a requirement.

    Usage, in a judge: `yield Finding("no finish reason", "stop", "null")`.
    """

    # The departure as a clause without a full stop, such as "no finish reason".
    message: str
    # The conforming value, as text; empty where the message already states it.
    expected: str = ""
    # The observed value, as text of one line (see `shorten`).
    actual: str = ""
    # Location in the response: an event (see `event_location`) or a JSON Pointer.
    at: str = ""
    # The setting of the server that prevents the finding, where there is one.
    hint: str = ""

    @property
    def details(self) -> tuple[tuple[str, str], ...]:
        """The parts beside message and hint that are not empty, by name."""
        parts = (
            ("expected", self.expected),
            ("actual", self.actual),
            ("at", self.at),
        )
        return tuple((name, value) for name, value in parts if value)


Findings = Iterator[Finding]
Judge = Callable[..., Findings]
"""Yields the findings on the exchanges of a check's probes, one argument each."""

Measure = Callable[..., Mapping[str, float]]
"""Returns figures of the same exchanges by name, in seconds."""


class NotApplicable(Exception):  # noqa: N818  # a verdict, not an error
    """
    Raised by a judge that has nothing to judge; the check is then skipped.

    Usage: `raise NotApplicable("the model made no tool call")`. The message is the
    reason that reports give for the skip: a clause without a full stop.
    """


class Level(StrEnum):
    """The strength of a requirement, read from its RFC 2119 keyword."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Scope(StrEnum):
    """The exchanges of a run that an invariant is judged on, whatever they were for."""

    # Chats that were answered in full, streamed or whole.
    ANSWERS = "answers"
    # The answers to requests for a stream.
    STREAMS = "streams"
    # The answers to the other requests.
    WHOLE = "whole answers"
    # The bodies with status 200 to such requests, also if they are not JSON.
    BODIES = "bodies"
    # Chats with status 200, also if they broke off, are empty or hold an error.
    ATTEMPTS = "attempts"
    # Chats that were rejected or failed, but not for a busy server.
    ERRORS = "errors"
    # Every response with a status.
    RESPONSES = "responses"
    # The responses to requests that have to be answered, or rejected with a reason, and
    # whose failure fails no MUST by itself: combined requests, and those of SHOULDs.
    # Not those of a busy server.
    COMBINED = "combined requests"


KEYWORD = re.compile(r"\b(MUST NOT|MUST|SHOULD NOT|SHOULD|MAY)\b")
# Sets of HTTP statuses for `Check.expects`.
OK = frozenset({HTTPStatus.OK.value})
CLIENT_ERRORS = frozenset(range(400, 500))
ANY = frozenset(range(100, 600))


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """
    Requests that show that a check passes, so that its own need not be sent.

    Several checks share them: one prompt with 24 languages, counted to the token, or
    one request with every documented bound. If the reply is anything but a clear pass
    (a finding, a rejection, nothing to judge, not recorded), the requests of the check
    are sent and judged instead; so it fails only by its own, precise finding. Of an
    invariant, which is judged on every reply, the own requests are sent only if no
    reply of the run can be judged.

    Usage: `check(…, sends=SEEDS, combined=Combined(sends=SEEDS[:2]))`.
    """

    # The requests to send first, in order.
    sends: tuple[Probe, ...]
    # Receives one exchange per probe; None for the judge of the check. It must yield
    # a finding whenever the check would fail by its own requests.
    judge: Judge | None = None
    # Capabilities without which such a reply settles nothing.
    needs: frozenset[Capability] = frozenset()
    # Whether it suits a profile, for example one with a certain limit; None: any.
    where: Callable[[Profile], bool] | None = None
    # HTTP statuses of responses to judge; any other leaves the check open.
    expects: frozenset[int] = OK
    # Whether they are samples of what the own requests repeat: if there is nothing to
    # judge in them, the check is skipped.
    samples: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A requirement and the way to test it; made by the decorator `check`."""

    # FAMILY.NAME, such as "usage.sums-up"; unique among all checks.
    id: str
    # One sentence with exactly one RFC 2119 keyword.
    requirement: str
    # The authority for it: a document, an RFC, or an issue as owner/repo#n.
    source: str
    # The requests to send, in order; empty for a property (see `explores`).
    sends: tuple[Probe, ...]
    # Receives one exchange per probe, in the same order, and yields the findings.
    judge: Judge
    # Capabilities that the profile must offer; the check is skipped without them.
    needs: frozenset[Capability] = frozenset()
    # HTTP statuses of responses to judge; any other status is itself a finding.
    expects: frozenset[int] = OK
    # The entry of `Profile.tolerates` under which the check does not apply.
    unless: str | None = None
    # Whether the check takes long, so that it can be left out.
    slow: bool = False
    # Whether exchanges that ended early (reset, timeout) are judged as well.
    broken: bool = False
    # Whether the probes are sent one by one and in order, after all concurrent ones.
    alone: bool = False
    # The field of `Profile.budget` that is judged against; skipped where it is unset.
    budget: str | None = None
    # Computes figures for the report from the same exchanges, whatever the verdict:
    # `ttft_p95` and the like, in seconds.
    measures: Measure | None = None
    # For a property: returns a Hypothesis strategy for a profile, whose draws are
    # tuples of probes; each draw is sent and judged on its own.
    explores: Callable[[Profile], Any] | None = None
    # For an invariant: the exchanges of the whole run that it is judged on. Its judge
    # receives one exchange at a time; *sends* makes sure that there is one.
    every: Scope | None = None
    # For an invariant: whether its judge compares replies, and so receives all
    # exchanges in the scope at once. It begins `Finding.at` with "request NAME".
    across: bool = False
    # Whether requests that do not fit the context window are left out, and the others
    # judged; otherwise, the check is skipped if one of them does not fit.
    fitting: bool = False
    # Requests that several checks share and that are sent first; of several, the first
    # that suits the profile. `verify --thorough` does not use them.
    combined: tuple[Combined, ...] = ()

    @property
    def family(self) -> str:
        """The part of the id before the dot, which is the name of the module."""
        return self.id.partition(".")[0]

    @property
    def level(self) -> Level:
        """The level of the keyword in the requirement: MUST, SHOULD or MAY."""
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
    every: Scope | None = None,
    across: bool = False,
    fitting: bool = False,
    combined: Combined | tuple[Combined, ...] = (),
) -> Callable[[Judge], Check]:
    """
    Make a generator function a check.

    Usage::

        >>> from contract.model.check import Finding, Findings, check
        >>> from contract.model.exchange import Exchange
        >>> from contract.model.probes import SUM_WHOLE
        >>> @check(
        ...     "schema.has-choices",
        ...     "A response MUST hold at least one choice.",
        ...     source="OpenAI API reference, chat completions",
        ...     sends=SUM_WHOLE,
        ... )
        ... def has_choices(exchange: Exchange) -> Findings:
        ...     if not exchange.choices:
        ...         yield Finding("no choices", "a list of choices", exchange.text)
        >>> has_choices.family, has_choices.level.value
        ('schema', 'MUST')

    Args:
        id: FAMILY.NAME; the family is the name of the module.
        requirement: one sentence that ends with a full stop and has exactly one
            RFC 2119 keyword, which gives the level.
        source: a document, an RFC, or an issue as owner/repo#n.
        sends: one probe, or a tuple of probes in the order of the judge's arguments.
        needs: capabilities that the profile must offer.
        expects: HTTP statuses to judge; any other status is a finding.
        unless: the entry of `Profile.tolerates` that exempts a provider.
        slow: whether the check takes long.
        broken: whether exchanges that ended early are judged as well.
        alone: whether the probes are sent one by one, after all concurrent ones.
        budget: the field of `Profile.budget` to judge against.
        measures: returns figures, by name, of the same exchanges: seconds, or of the
            names in `contract.model.profile.SHARES` shares of 1.
        explores: returns a Hypothesis strategy of tuples of probes for a profile; it
            takes the place of *sends*.
        every: makes the check an invariant: its judge takes one exchange and is asked
            of every exchange of the run in this scope, whatever check sent it; *sends*
            are the requests that it adds to a run on its own.
        across: whether the judge of the invariant compares replies: it receives all of
            the scope at once, and begins `Finding.at` with "request NAME".
        fitting: whether requests that do not fit the context window are left out; the
            judge then takes any number of exchanges.
        combined: requests that it shares with other checks, and that spare its own if
            their replies are a clear pass.

    Raises:
        SpecError: when the decorated function cannot yield findings, when the
            requirement does not have exactly one keyword, or unless exactly one of
            *sends* and *explores* is given.

    """

    def decorate(judge: Judge) -> Check:
        if not inspect.isgeneratorfunction(judge):
            raise SpecError(
                f"{id}: a judge must be a generator function that yields findings."
            )
        if len(KEYWORD.findall(requirement)) != 1 or not requirement.endswith("."):
            raise SpecError(
                f"{id}: the requirement must be a sentence with exactly one RFC 2119 "
                "keyword."
            )
        if bool(sends) is (explores is not None):
            raise SpecError(f"{id}: pass either sends or explores, and not both.")
        if every is not None and (explores is not None or measures is not None):
            raise SpecError(f"{id}: an invariant neither explores nor measures.")
        if across and every is None:
            raise SpecError(f"{id}: across needs every, the exchanges to compare.")
        if combined and (explores or measures or slow):
            raise SpecError(
                f"{id}: a property, a measurement or a slow check sends its own "
                "requests; leave combined out."
            )
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
            every=every,
            across=across,
            fitting=fitting,
            combined=combined if isinstance(combined, tuple) else (combined,),
        )

    return decorate


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """The counter-example of a check; made by the decorator `fault`."""

    # The name of the function, with hyphens.
    id: str
    # The check that fails on a reply with this fault.
    breaks: Check
    # Returns a conforming reply with the fault in it, or the same reply where the
    # fault cannot occur; never raises.
    apply: Callable[[Reply], Reply]
    # Ids of further checks, or names of families, that cannot but fail as well.
    also: frozenset[str] = frozenset()
    # Returns whether the change is a fault in a dialect; None: in every dialect.
    where: Callable[[Dialect], bool] | None = None
    # One sentence for `list --faults`.
    description: str = ""

    def exists_in(self, dialect: Dialect) -> bool:
        """Return whether the change is a fault in *dialect*."""
        return self.where is None or self.where(dialect)


def fault(
    *,
    breaks: Check,
    also: tuple[Check | str, ...] = (),
    where: Callable[[Dialect], bool] | None = None,
) -> Callable[[Callable[[Reply], Reply]], Fault]:
    """
    Make a function a fault: the counter-example that proves a check can fail.

    The docstring of the function is its description in `list --faults`. The function
    must be total: it returns a reply that cannot have the fault unchanged.

    Usage::

        >>> from contract.checks.streaming.ending import ends_with_done
        >>> from contract.model.check import fault
        >>> from contract.model.reply import Reply, is_done
        >>> @fault(breaks=ends_with_done)
        ... def sentinel_dropped(reply: Reply) -> Reply:
        ...     '''Streams end without the [DONE] sentinel.'''
        ...     return reply.with_frames(f for f in reply.frames if not is_done(f))
        >>> sentinel_dropped.id
        'sentinel-dropped'

    Args:
        breaks: the check that must fail on the changed reply.
        also: checks, ids of checks or names of families that cannot but fail as well.
        where: returns whether the change is a fault in a dialect; None: in every one.

    Raises nothing.
    """

    def decorate(apply: Callable[[Reply], Reply]) -> Fault:
        return Fault(
            id=apply.__name__.replace("_", "-"),
            breaks=breaks,
            apply=apply,
            also=frozenset(c if isinstance(c, str) else c.id for c in also),
            where=where,
            description=" ".join((apply.__doc__ or "").split()),
        )

    return decorate


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """An unusual but legal change to a reply, which no check may report."""

    # The name of the function, with hyphens.
    id: str
    # Returns the changed reply, or the same reply where the change cannot occur.
    apply: Callable[[Reply], Reply]
    # One sentence that states why the change is legal.
    description: str = ""


def quirk(apply: Callable[[Reply], Reply]) -> Quirk:
    """
    Make a function a quirk; its docstring states why the change is legal.

    Usage::

        >>> from contract.model.check import quirk
        >>> from contract.model.reply import Reply
        >>> @quirk
        ... def proxy_header(reply: Reply) -> Reply:
        ...     '''Proxies may add a Via header (RFC 9110 7.6.3).'''
        ...     return reply.with_header("via", "1.1 proxy")
        >>> proxy_header.id
        'proxy-header'

    *apply* maps a reply to the changed one. Raises nothing.
    """
    return Quirk(
        id=apply.__name__.replace("_", "-"),
        apply=apply,
        description=" ".join((apply.__doc__ or "").split()),
    )


def spell(value: Any, *, escape: bool = False) -> str:  # whatever was observed
    """
    Return *value* as JSON spells it, for people who never see Python.

    Usage: `spell(None) == "null"`. Text gets quotation marks, bytes are read as UTF-8,
    tuples and sets are arrays; anything else that JSON lacks is its `str`. With
    *escape*, all but ASCII is escaped, so that characters that look alike differ.
    """
    return json.dumps(_plain(value), ensure_ascii=escape)


def _plain(value: Any) -> Any:  # whatever was observed
    if isinstance(value, bytes | bytearray):
        return value.decode(errors="backslashreplace")
    if isinstance(value, Mapping):
        return {
            key if isinstance(key, str) else spell(key): _plain(item)
            for key, item in value.items()
        }
    if isinstance(value, set | frozenset):
        return sorted(map(_plain, value), key=str)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)


def shorten(value: Any, most: int = 80) -> str:  # whatever was observed
    """
    Return *value* as text of one line with at most *most* characters.

    Text is as it is, anything else as `spell` spells it.
    """
    text = value if isinstance(value, str) else spell(value)
    text = text.replace("\n", "\\n").replace("\r", "\\r")
    return text if len(text) <= most else text[: most - 1] + "…"


def event_location(event: int, at: float) -> str:
    """
    Return the location of an event in a stream, for `Finding.at`.

    *event* is its number from 0, *at* seconds since the request was sent.
    """
    return f"event {event}, +{at:.3f} s"
