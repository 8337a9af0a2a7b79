"""Judging and saving of what passes a relay, one exchange after the other."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from contract._version import __version__
from contract.client.credentials import api_key, validate_key
from contract.client.route import Route
from contract.client.session import Session
from contract.detection.detect import detect, profile_named
from contract.errors import TargetError, UsageError
from contract.model.check import Check, Finding, Level
from contract.model.exchange import Exchange
from contract.model.profile import Capability, Profile
from contract.model.redaction import SECRETS
from contract.proxying.exchanges import Reader
from contract.proxying.ledger import Ledger
from contract.proxying.passed import Passed
from contract.run.recording import Growing
from contract.run.report import Header, Report
from contract.targets.base import Opened

MOST_BEHIND = 500  # exchanges that wait to be judged; of more, some are not
BEHIND = "more passed than can be judged; replay judges what was saved"
SHOWN = 5  # exchanges that are printed for each check
COMMIT = 1.0  # seconds between two lists of what was saved


@dataclass(frozen=True, slots=True)
class Setup:
    """What a proxy judges by."""

    # Sends nothing: it holds the profile, and what commands need.
    session: Session
    header: Header


@dataclass(frozen=True, slots=True)
class Line:
    """A line to print; the first word of the text is its label."""

    text: str
    style: str = ""


def prepare(  # noqa: PLR0913  # each is an option of the command line
    opened: Opened,
    target: str,
    *,
    profile: str | None,
    profiles: Mapping[str, Profile],
    key_env: str | None,
    route: Route,
    offers: frozenset[Capability] = frozenset(),
) -> Setup:
    """
    Return what the upstream is judged by: the named profile, or the recognised one.

    Args:
        opened: The upstream.
        target: The upstream as the user wrote it, without a key.
        profile: The id of the profile; with it nothing is sent.
        profiles: The known profiles by id.
        key_env: The variable of the key by which the upstream is recognised.
        route: Further headers, and the proxy in between.
        offers: Capabilities in addition to those of the profile.

    Raises `UsageError` for a mistake, and `TargetError` if the upstream is not
    recognised.
    """
    key, variable = api_key(key_env, os.environ)
    SECRETS.register(*route.secrets)
    for header in route.headers:
        if not header.is_public:
            SECRETS.register_header(header.value)
    named = profile or opened.profile
    chosen = None if named is None else profile_named(named, profiles)
    if chosen is not None:
        route = route.with_headers(chosen.headers, os.environ)
        why, model = "given", ""
    else:
        try:
            detected = detect(
                opened.url,
                profiles,
                key=validate_key(key),
                variable=variable,
                route=route,
            )
        except TargetError as error:
            raise TargetError(
                f"{error} To start the proxy all the same, name the profile of the "
                "upstream with --profile."
            ) from error
        chosen, why, model = detected.profile, detected.why, detected.model
    proxy = route.proxy_for(opened.url)
    judged_by = replace(
        chosen, offers=(chosen.offers | offers) - {Capability.KEY_REQUIRED}
    )
    session = Session(
        opened.url,
        judged_by,
        model,
        key_variable=variable,
        saved={},
        route=route,
    )
    return Setup(
        session,
        Header(
            target=target,
            url=opened.url,
            profile=judged_by.id,
            why=why,
            model="",
            version=__version__,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            notes=tuple(filter(None, (*route.notes, proxy.note))),
        ),
    )


class Judging:
    """
    Takes what passes: saves it, judges it, and says what was found.

    Usage::

        with Judging(checks, setup, Path("recording"), 2**30) as judging:
            for passed in relay:
                for line in judging.take(passed, relay.waiting): …
            report = judging.report(strict=False)
    """

    def __init__(
        self,
        checks: Sequence[Check],
        setup: Setup,
        directory: Path | None,
        most: int,
    ) -> None:
        """
        Write nothing yet.

        Args:
            checks: All checks; those that are invariants are judged.
            setup: What to judge by.
            directory: Where to save; None saves nothing.
            most: Bytes to save.
        """
        self.folder = directory
        self._setup = setup
        self._reader = Reader(self.profile)
        command: tuple[str, ...] = ()
        if directory is not None:
            command = ("magistral-contract", "replay", str(directory))
        self._ledger = Ledger(checks, setup.session, setup.header.target, command)
        self._growing = None if directory is None else Growing(directory, most)
        self._stack = ExitStack()
        self._shown: Counter[str] = Counter()
        self._committed = 0.0
        self.unsaved = 0
        self._unsaved_said = False

    def __enter__(self) -> Self:
        """Raise `UsageError` if nothing can be saved in the folder."""
        if self._growing is not None:
            self._stack.enter_context(self._growing)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def profile(self) -> Profile:
        """The profile that the upstream is judged by."""
        return self._setup.session.profile

    def take(self, passed: Passed, behind: int = 0) -> Iterator[Line]:
        """
        Save and judge *passed*; yield what there is to say about it.

        With more than `MOST_BEHIND` others *behind* it, it is saved and not judged.
        """
        exchange = self._reader.exchange(passed)
        ledger = self._ledger
        ledger.count(exchange)
        if passed.lost:
            ledger.unjudged[passed.lost] += 1
            return
        found: list[tuple[Check, tuple[Finding, ...]]] = []
        if behind > MOST_BEHIND:
            ledger.unjudged[BEHIND] += 1
        else:
            found = ledger.judge(exchange)
        name = ""
        for line in self._save(exchange, hold=bool(found)):
            if isinstance(line, Line):
                yield line
            else:
                name = line
        if exchange.status is None and exchange.note:
            yield from self._line("none", f"NONE {_request(exchange)}", exchange.note)
        for check, findings in found:
            if check.id in self.profile.waivers:
                continue  # a known defect of this server
            where = f"{_request(exchange)}{f', saved as {name}' if name else ''}"
            yield from self._line(
                check.id, f"{_label(check)} {check.id} {where}", _words(findings[0])
            )

    def _line(self, kind: str, begin: str, rest: str) -> Iterator[Line]:
        self._shown[kind] += 1
        if self._shown[kind] > SHOWN:
            return
        style = "bold red" if begin.startswith(("FAIL", "NONE")) else "yellow"
        more = "; further ones are counted" if self._shown[kind] == SHOWN else ""
        yield Line(f"{begin}: {rest}{more}", style)

    def _save(self, exchange: Exchange, *, hold: bool) -> Iterator[Line | str]:
        """Yield the name of the file of *exchange*, or what kept it from that."""
        if self._growing is None:
            return
        try:
            name = self._growing.add(exchange, hold=hold)
            now = time.monotonic()
            if now - self._committed >= COMMIT:
                self._commit()
                self._committed = now
        except UsageError as error:
            self.unsaved += 1
            if not self._unsaved_said:
                self._unsaved_said = True
                yield Line(
                    f"error: {error} What passes is judged all the same.", "bold red"
                )
            return
        if not name and not self._unsaved_said:
            self._unsaved_said = True
            yield Line(
                "note: the recording is full, and all in it broke a requirement; "
                "raise --keep to save more.",
                "yellow",
            )
        yield name

    def _commit(self) -> None:
        if self._growing is not None:
            self._growing.commit(
                replace(self._setup.header, model=self._ledger.model), self.profile
            )

    def report(
        self, *, strict: bool, trouble: str = "", baseline: Report | None = None
    ) -> Report:
        """
        Return the report on all that passed, once the rest is saved.

        *strict* has a failed SHOULD fail the run, *trouble* says why the proxy ended
        early, and *baseline* is an earlier run to compare with.
        """
        notes: list[str] = []
        growing = self._growing
        if growing is not None:
            try:
                if growing.count:
                    self._commit()
            except UsageError as error:
                self.unsaved += 1
                notes.append(f"not saved: {error}")
            kept = f"{growing.count} exchanges are saved in {self.folder}"
            if growing.removed:
                kept += f", {growing.removed} older ones made room"
            if self.unsaved:
                kept += f", {self.unsaved} could not be written"
            notes.append(kept)
        header = replace(
            self._setup.header,
            notes=(*self._setup.header.notes, *notes),
            trouble=trouble,
        )
        return replace(self._ledger.report(header, strict=strict), baseline=baseline)


def _label(check: Check) -> str:
    return "FAIL" if check.level is Level.MUST else "WARN"


def _request(exchange: Exchange) -> str:
    request = exchange.request
    return f"{exchange.probe.name} {request.method} {request.path}"


def _words(finding: Finding) -> str:
    parts = [finding.message]
    if finding.expected:
        parts.append(f"expected {finding.expected}")
    if finding.actual:
        parts.append(f"actual {finding.actual}")
    return ", ".join(parts)
