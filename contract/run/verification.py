"""One target, opened and found to answer: everything a surface needs to judge it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from contract._version import __version__
from contract.catalog.breakages import faults_by_name
from contract.catalog.profiles import builtin
from contract.client.credentials import (
    api_key,
    validate_key,
)
from contract.client.session import (
    NotRecorded,
    Session,
    Tick,
)
from contract.client.timeouts import Limits
from contract.detection.detect import (
    Detected,
    detect,
    why_endless,
    why_unauthorized,
    why_unreachable,
)
from contract.detection.error_message import error_message
from contract.errors import (
    SpecError,
    TargetError,
)
from contract.model.address import is_unencrypted
from contract.model.check import (
    Check,
    Quirk,
)
from contract.model.exchange import End
from contract.model.probes import (
    HELLO,
    NO_KEY,
)
from contract.model.profile import (
    Capability,
    Profile,
)
from contract.plugins.discovery import (
    find,
    suggestion,
)
from contract.run import (
    recording,
    runner,
)
from contract.run.plan import (
    RequestPlan,
    plan_requests,
)
from contract.run.report import (
    Header,
    Result,
)
from contract.targets.base import (
    ReplyChange,
    TargetKind,
    parse_target,
)

NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """
    A target that is ready to be judged, live or from a recording.

    *target* is what the user wrote, *command* the command line that verifies it
    again. Get one from `opened` or `replayed`.
    """

    target: str
    session: Session
    command: tuple[str, ...]
    made: Header
    requests: int = 0
    began: float = field(default_factory=time.perf_counter)

    @property
    def profile(self) -> Profile:
        """What the target is judged as."""
        return self.session.profile

    @property
    def header(self) -> Header:
        """What a report says about this target, with time and requests so far."""
        return replace(
            self.made,
            seconds=time.perf_counter() - self.began,
            requests=self.requests + self.session.sent,
            # A recording brings the notes of the run that made it.
            notes=tuple(dict.fromkeys((*self.made.notes, *self.session.notes))),
        )

    def plan(self, checks: Iterable[Check], *, slow: bool = False) -> RequestPlan:
        """What judging by *checks* will send."""
        return plan_requests(checks, self.profile, slow=slow)

    def verify(
        self, checks: Iterable[Check], *, slow: bool = False
    ) -> Iterator[Result]:
        """The result of every check, in order, as it becomes known."""
        checks = tuple(checks)
        self._time(checks, slow=slow)
        return runner.judge_all(
            checks, self.session, self.target, slow=slow, command=self.command
        )

    def run(self, check: Check, *, slow: bool = False) -> Result:
        """The result of one check."""
        self._time((check,), slow=slow)
        return runner.judge_check(
            check, self.session, self.target, slow=slow, command=self.command
        )

    def _time(self, checks: Iterable[Check], *, slow: bool) -> None:
        """Learn what this machine adds to latencies, if one of *checks* judges any."""
        timed = (check for check in checks if check.measures is not None)
        if self.plan(timed, slow=slow).alone:
            self.session.measure()

    def save(self, directory: Path) -> None:
        """Write what was exchanged so far, for `replayed`."""
        recording.save(directory, self.header, self.profile, self.session.exchanges())


@contextmanager
def open_target(  # noqa: PLR0913  # each is one option of the command line
    text: str,
    *,
    profile: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
    model: str | None = None,
    key_env: str | None = None,
    limits: Limits | None = None,
    concurrency: int | None = None,
    max_requests: int | None = None,
    context_window: int | None = None,
    budget: Mapping[str, float] | None = None,
    offers: frozenset[Capability] = frozenset(),
    tick: Tick | None = None,
    repeat: tuple[str, ...] = (),
    seed: int | None = None,
    max_examples: int | None = None,
) -> Iterator[Verification]:
    """
    Open the target *text* says, find out what it is, and see that it answers.

    *profiles* are all that may be chosen or detected (the built-in ones when not
    given), *key_env* the variable that holds the API key, *context_window* and
    *budget* what the profile is to say instead, *offers* what it is to promise as
    well, *repeat* further words of
    the command line that a result's `again` must say too, *seed* and *max_examples*
    what properties are explored with. Raises `UsageError` for
    what the user wrote and `TargetError` for a provider that cannot be judged.
    """
    known = builtin() if profiles is None else profiles
    target = parse_target(text, find("targets", TargetKind), reply_changes())
    # A variable that is named and empty is a mistake, also where no key is needed.
    given = api_key(key_env, os.environ)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    began = time.perf_counter()
    with target.open() as place:
        key, variable = place.key, "the target itself"
        if key is None:
            key, variable = given
        key = validate_key(key)
        detected = detect(
            place.url,
            known,
            key=key,
            variable=variable,
            limits=limits,
            profile=profile or place.profile,
            model=model or place.model,
        )
        _ensure_waivers(detected.profile)
        if place.scripted and not profile:
            own = replace(detected.profile, waivers={})
            detected = replace(detected, profile=own)
        own = _amended(detected.profile, context_window, budget or {}, offers)
        own = replace(own, max_examples=max_examples or own.max_examples)
        detected = replace(detected, profile=own)
        with Session(
            place.url,
            detected.profile,
            detected.model,
            key=key,
            limits=limits,
            concurrency=concurrency,
            allowance=max_requests,
            tick=tick,
            seed=seed,
        ) as session:
            _smoke_test(session, detected, variable, key=key is not None)
            _probe_auth(session, key=key is not None)
            why = detected.why
            if place.profile and not profile:
                why = "the target says so"
            yield Verification(
                target=target.text,
                session=session,
                command=(*_command(target.text, profile, model, key_env), *repeat),
                made=Header(
                    target=target.text,
                    url=place.url,
                    profile=detected.profile.id,
                    why=why,
                    model=detected.model,
                    version=__version__,
                    started=started,
                    notes=_notes(place.url, key=key is not None),
                ),
                requests=detected.requests,
                began=began,
            )


def open_recordings(
    directory: Path,
    *,
    profile: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
    budget: Mapping[str, float] | None = None,
    offers: frozenset[Capability] = frozenset(),
) -> tuple[Verification, ...]:
    """
    The recordings under *directory*, ready to be judged; nothing is sent.

    *budget* is what the profile is to bound instead, *offers* what it is to promise
    as well.
    """
    known = builtin() if profiles is None else profiles
    found = []
    recordings = recording.load(directory, known, profile)
    for saved in recordings:
        header = saved.header
        if len(recordings) > 1 and saved.name != recording.folder(header.target):
            # Whoever named the folders wants to read those names.
            header = replace(header, target=saved.name)
        own = _amended(saved.profile, None, budget or {}, offers)
        session = Session(header.url, own, header.model, saved=saved.exchanges)
        _probe_auth(session, key=True)
        command = ["magistral-contract", "replay", str(directory)]
        if profile:
            command += ["--profile", profile]
        made = replace(
            header,
            profile=saved.profile.id,
            why=f"recorded {header.started} with version {header.version}",
            version=__version__,
        )
        found.append(
            Verification(
                target=header.target,
                session=session,
                command=tuple(command),
                made=made,
            )
        )
    return tuple(found)


def reply_changes() -> Mapping[str, ReplyChange]:
    """Faults, breakages and quirks by name, for targets told to misbehave."""
    faults = {name: fault.apply for name, fault in faults_by_name().items()}
    quirks = {name: quirk.apply for name, quirk in find("quirks", Quirk).items()}
    return {**faults, **quirks}


def _amended(
    profile: Profile,
    window: int | None,
    budget: Mapping[str, float],
    offers: frozenset[Capability],
) -> Profile:
    """*profile* with window, bounds and promises that the user gave for this run."""
    return replace(
        profile,
        context_window=window or profile.context_window,
        budget=replace(profile.budget, **budget),
        offers=profile.offers | offers,
    )


def _command(
    text: str, profile: str | None, model: str | None, key_env: str | None
) -> tuple[str, ...]:
    command = [*runner.VERIFY, text]
    for option, value in (
        ("--profile", profile),
        ("--model", model),
        ("--api-key-env", key_env),
    ):
        if value:
            command += [option, value]
    return tuple(command)


def _notes(url: str, *, key: bool) -> tuple[str, ...]:
    if key and is_unencrypted(url):
        return ("the API key travelled unencrypted (http)",)
    return ()


def _ensure_waivers(profile: Profile) -> None:
    checks = find("checks", Check)
    for name in profile.waivers:
        if name not in checks:
            raise SpecError(
                f"profile {profile.id} waives an unknown check {name!r}"
                f"{suggestion(name, checks)}"
            )


def _probe_auth(session: Session, *, key: bool) -> None:
    """
    Learn whether the provider turns away who has no key, if there is one to hold back.

    Whether it does is how it was started, not what it is, so no profile knows. A
    provider that promises to demand a key is held to that only with a key at hand.
    """
    offers = session.profile.offers
    try:
        closed = key and session.send(NO_KEY).status in {401, 403}
    except NotRecorded:
        key = closed = False
    if not key:
        offers = offers - {Capability.KEY_REQUIRED}
    elif closed:
        offers = offers | {Capability.KEY_REQUIRED}
    session.profile = replace(session.profile, offers=offers)


def _smoke_test(
    session: Session, detected: Detected, variable: str, *, key: bool
) -> None:
    """One small request: better one sentence than forty failures with one cause."""
    exchange = session.send(HELLO)
    trouble = why_unreachable(exchange, session.url) or why_unauthorized(
        exchange, session.url, key=key, variable=variable
    )
    # A stream that says something and then stops is for the checks to judge.
    if not trouble and (exchange.end is End.TOO_LARGE or not exchange.choices):
        trouble = why_endless(exchange, session.url)
    if trouble:
        raise TargetError(trouble)
    if exchange.status == NOT_FOUND:
        listed = ", ".join(detected.models[:5])
        hint = f" It lists {listed}." if listed else ""
        raise TargetError(
            f"{session.url} does not serve {exchange.request.path} with the model "
            f"{detected.model} (404, {error_message(exchange)}). Check the URL, or name a "
            f"model with --model.{hint}"
        )
