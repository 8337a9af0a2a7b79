"""Opens targets and recordings: profile, access, smoke test, ready to be judged."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

from contract._version import __version__
from contract.catalog.changes import changes_by_name
from contract.catalog.profiles import builtin
from contract.client.credentials import api_key, validate_key
from contract.client.route import DIRECT, Route
from contract.client.session import NotRecorded, Session, Tick
from contract.client.throttle import Throttle
from contract.client.timeouts import RETRY_BUDGET, Limits
from contract.detection.denied import access_denied_reason
from contract.detection.detect import (
    Detected,
    detect,
    endless_reason,
    redirect_reason,
    unreachable_reason,
)
from contract.detection.error_message import error_message
from contract.errors import EndpointError, SpecError, TargetError
from contract.model.address import is_unencrypted
from contract.model.check import Check
from contract.model.exchange import End
from contract.model.features import FEATURES
from contract.model.probes import HELLO, NO_KEY
from contract.model.profile import Capability, Profile
from contract.plugins.discovery import find, suggestion
from contract.run import recording, runner
from contract.run.arguments import ensure_budget, ensure_offers, ensure_whole
from contract.run.bounded import JUDGING
from contract.run.content_coding import decoded
from contract.run.report import Header
from contract.run.verification import Verification
from contract.targets.base import Opened, ReplyChange, TargetKind, parse_target

# The share of a bounded time that waiting for rate limits may take.
WAITING = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Overrides:
    """The parts of a profile that the user set for this run; None or empty keeps it."""

    context_window: int | None = None  # tokens
    # Latency bounds in seconds and rates in tokens per second, by field of `Budget`.
    budget: Mapping[str, float] | None = None
    offers: frozenset[Capability] = frozenset()  # in addition to the profile's
    max_examples: int | None = None  # generated examples per property

    def __post_init__(self) -> None:
        """Raise `UsageError` for a value that no profile may have."""
        ensure_whole(context_window=self.context_window, max_examples=self.max_examples)
        ensure_budget(self.budget)
        ensure_offers(self.offers)

    def apply(self, profile: Profile) -> Profile:
        """Return *profile* with these overrides."""
        return replace(
            profile,
            context_window=self.context_window or profile.context_window,
            budget=replace(profile.budget, **(self.budget or {})),
            offers=profile.offers | self.offers,
            max_examples=self.max_examples or profile.max_examples,
        )


@contextmanager
def open_target(  # noqa: PLR0913  # each parameter is an option of the command line
    text: str,
    *,
    profile: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
    model: str | None = None,
    key_env: str | None = None,
    limits: Limits | None = None,
    retry_budget: float = RETRY_BUDGET,
    concurrency: int | None = None,
    max_requests: int | None = None,
    within: float | None = None,
    context_window: int | None = None,
    budget: Mapping[str, float] | None = None,
    offers: frozenset[Capability] = frozenset(),
    tick: Tick | None = None,
    repeat: tuple[str, ...] = (),
    seed: int | None = None,
    max_examples: int | None = None,
    route: Route = DIRECT,
    notes: tuple[str, ...] = (),
    thorough: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Verification]:
    """
    Open a target, detect its profile and check that it answers; close it on exit.

    Args:
        text: The target as on the command line: `mock:vllm?ttft=80ms`, a URL.
        profile: The id of the profile to judge by; detected if not given.
        profiles: The profiles that may be chosen or detected, by id; the built-in
            ones if not given.
        model: The name of the model to request; detected if not given.
        key_env: The environment variable that holds the API key; MISTRAL_API_KEY,
            then OPENAI_API_KEY if not given.
        limits: Time-outs in seconds and the size limit of a response.
        retry_budget: The seconds to wait for in all where the server limits the rate
            of requests; 0 repeats none.
        concurrency: The number of concurrent requests; the profile's if not given.
        max_requests: The number of requests after which no more are sent; the
            profile's if not given.
        within: The seconds that a run may take once the target is open: what finds
            most is asked first, and what does not fit is not asked; None asks all.
        context_window: The context window in tokens, instead of the detected one.
        budget: Latency bounds in seconds and rates in tokens per second, by field
            of `Budget`; they replace those of the profile.
        offers: Capabilities that the profile is to promise in addition to its own.
        tick: Called with the number of requests sent and planned, from any thread.
        repeat: Further words of the command line that verifies the target again.
        seed: The seed of the generated examples of properties.
        max_examples: The number of generated examples per property; the profile's if
            not given.
        route: Further headers of every request, and the proxy.
        notes: Sentences for the header of the report.
        thorough: Whether to send the own requests of each check, instead of those that
            it shares with others.
        environ: The environment to read the API key from; that of the process if not
            given.

    Raises `UsageError` if an argument is wrong, `SpecError` if the profile is wrong,
    `TargetError` if the target cannot be judged, and `EndpointError`, which is one, if
    that is a failure of the target.
    """
    target = parse_target(text, find("targets", TargetKind), reply_changes())
    # Checked for every target, because a named but empty variable is always a mistake.
    environment_key = api_key(key_env, os.environ if environ is None else environ)
    ensure_whole(concurrency=concurrency, max_requests=max_requests)
    if within is not None:
        # Waiting for a rate limit must not use up the time.
        retry_budget = min(retry_budget, within * WAITING)
    throttle = Throttle(retry_budget)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    opened_at = time.perf_counter()
    overrides = _Overrides(
        context_window=context_window,
        budget=budget,
        offers=offers,
        max_examples=max_examples,
    )
    known = builtin() if profiles is None else profiles
    with target.open() as opened:
        deadline = None
        if within is not None:
            deadline = time.monotonic() + within * (1 - JUDGING)
        key, key_source = _key(opened, environment_key)
        if (named := known.get(profile or opened.profile or "")) is not None:
            route = route.with_headers(named.headers, os.environ)
        route.ensure_one_key(key_source if key else None)
        detected = detect(
            opened.url,
            known,
            key=key,
            variable=key_source,
            limits=limits,
            throttle=throttle,
            profile=profile or opened.profile,
            model=model or opened.model,
            route=route,
        )
        _ensure_known_waivers(detected.profile)
        judged_by = overrides.apply(
            _without_waivers(detected.profile)
            if opened.is_mock and not profile
            else detected.profile
        )
        with Session(
            opened.url,
            judged_by,
            detected.model,
            key=key,
            key_variable=environment_key[1],
            limits=limits,
            throttle=throttle,
            concurrency=concurrency,
            allowance=max_requests,
            tick=tick,
            seed=seed,
            route=route,
            thorough=thorough,
        ) as session:
            _smoke_test(session, detected, key_source)
            session.set_offers(_offers_with_auth(session, key=key is not None))
            declared = opened.profile is not None and not profile
            yield Verification(
                target=target.text,
                session=session,
                command=(
                    *_command(target.text, profile, model, key_env),
                    *route.words,
                    *repeat,
                ),
                initial_header=Header(
                    target=target.text,
                    url=opened.url,
                    profile=judged_by.id,
                    why="declared by the target" if declared else detected.why,
                    model=detected.model,
                    version=__version__,
                    started=started,
                    notes=(
                        *notes,
                        *_notes(opened.url, route, key=key is not None),
                    ),
                ),
                detection_requests=detected.requests,
                deadline=deadline,
                opened_at=opened_at,
            )


def open_recordings(  # noqa: PLR0913  # each parameter is an option of `replay`
    directory: Path,
    *,
    profile: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
    budget: Mapping[str, float] | None = None,
    offers: frozenset[Capability] = frozenset(),
    repeat: tuple[str, ...] = (),
) -> tuple[Verification, ...]:
    """
    Return the recordings in *directory*, ready to be judged; nothing is sent.

    Args:
        directory: The folder of one recording, or of one folder per recording.
        profile: The id of the profile to judge by, instead of the recorded one.
        profiles: The profiles that may be chosen, by id; the built-in ones if not
            given.
        budget: Latency bounds in seconds and rates in tokens per second, by field
            of `Budget`; they replace those of the profile.
        offers: Capabilities that the profile is to promise in addition to its own.
        repeat: Further words of the command line that judges them again.

    Raises `UsageError` if there is no recording or if one is damaged.
    """
    known = builtin() if profiles is None else profiles
    overrides = _Overrides(budget=budget, offers=offers)
    saved = recording.load(directory, known, profile)
    command = ["magistral-contract", "replay", str(directory)]
    if profile:
        command += ["--profile", profile]
    command += repeat
    return tuple(
        _open_recording(one, overrides, tuple(command), alone=len(saved) == 1)
        for one in saved
    )


def _open_recording(
    saved: recording.Recording,
    overrides: _Overrides,
    command: tuple[str, ...],
    *,
    alone: bool,
) -> Verification:
    """Return *saved* ready to be judged; *alone* if no other is judged with it."""
    header = saved.header
    if not alone and saved.name != recording.folder(header.target):
        # A folder that the user named tells recordings of the same target apart.
        header = replace(header, target=saved.name)
    session = Session(
        header.url,
        overrides.apply(saved.profile),
        header.model,
        saved=saved.exchanges,
        loose=map(decoded, saved.exchanges.values()) if saved.loose else (),
    )
    session.set_offers(_offers_with_auth(session, key=True))
    return Verification(
        target=header.target,
        session=session,
        command=command,
        initial_header=replace(
            header,
            profile=saved.profile.id,
            why=f"recorded {header.started} with version {header.version}",
            version=__version__,
        ),
    )


def reply_changes() -> Mapping[str, ReplyChange]:
    """Return all changes by name, for targets that misbehave."""
    return changes_by_name()


def _key(
    opened: Opened, environment_key: tuple[str | None, str]
) -> tuple[str | None, str]:
    """Return the validated API key and its origin for error messages."""
    if opened.key is not None:
        return validate_key(opened.key), "the target itself"
    key, variable = environment_key
    return validate_key(key), variable


def _without_waivers(profile: Profile) -> Profile:
    """Return *profile* as the mock implements it: it has none of the known bugs."""
    return replace(profile, waivers={})


def _command(
    text: str, profile: str | None, model: str | None, key_env: str | None
) -> tuple[str, ...]:
    """Return the command line that verifies the target *text* with these options."""
    command = [*runner.VERIFY, text]
    for option, value in (
        ("--profile", profile),
        ("--model", model),
        ("--api-key-env", key_env),
    ):
        if value:
            command += [option, value]
    return tuple(command)


def _notes(url: str, route: Route, *, key: bool) -> tuple[str, ...]:
    """Return notes on the way to *url*: headers, proxy, a *key* without encryption."""
    found = [*route.notes, route.proxy_for(url).note]
    if is_unencrypted(url):
        found += ["the API key was sent unencrypted (http)"] if key else []
        found += (
            f"the header {header.name} was sent unencrypted (http)"
            for header in route.headers
            if not header.is_public
        )
    return tuple(filter(None, found))


def _ensure_known_waivers(profile: Profile) -> None:
    """Raise `SpecError` if *profile* waives a check that does not exist."""
    checks = find("checks", Check)
    for key in profile.waivers:
        name, at, feature = key.partition("@")
        if name not in checks:
            raise SpecError(
                f"profile {profile.id} waives an unknown check {name!r}"
                f"{suggestion(name, checks, what='check')}"
            )
        if at and feature not in FEATURES:
            raise SpecError(
                f"profile {profile.id} waives {name} for an unknown feature "
                f"{feature!r}{suggestion(feature, FEATURES)}"
            )
        if at and checks[name].every is None:
            raise SpecError(
                f"profile {profile.id} waives {name} for {feature}, but it is no "
                f"invariant; waive {name!r} as a whole."
            )


def _offers_with_auth(session: Session, *, key: bool) -> frozenset[Capability]:
    """
    Return the capabilities of the profile, with `KEY_REQUIRED` as the server behaves.

    Whether a server requires a key depends on how it was started, so no profile can
    know it: a request without a key shows it. Without a *key* to leave out, or
    without that request in a recording, the capability is not tested.
    """
    offers = session.profile.offers
    if not key:
        return offers - {Capability.KEY_REQUIRED}
    try:
        status = session.send(NO_KEY).status
    except NotRecorded:
        return offers - {Capability.KEY_REQUIRED}
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return offers | {Capability.KEY_REQUIRED}
    return offers


def _smoke_test(session: Session, detected: Detected, key_source: str) -> None:
    """
    Send one small request, so that a broken setup is one error instead of many.

    Raises `TargetError` if the server cannot be reached, rejects the key, does not end
    its response or does not serve the model, and `EndpointError` if it redirects the
    request. *key_source* names the origin of the key in that message.
    """
    exchange = session.send(HELLO)
    trouble = unreachable_reason(exchange, session.url) or access_denied_reason(
        exchange,
        session.url,
        key=session.key is not None,
        variable=key_source,
        route=session.route,
    )
    # A stream that contains text and then stops is left for the checks to judge.
    if not trouble and (exchange.end is End.TOO_LARGE or not exchange.choices):
        trouble = endless_reason(exchange, session.url)
    if trouble:
        raise TargetError(trouble)
    if redirected := redirect_reason(exchange, session.url):
        raise EndpointError(redirected)
    if exchange.status == HTTPStatus.NOT_FOUND:
        listed = ", ".join(detected.models[:5])
        hint = f" It lists {listed or 'no model'}."
        raise TargetError(
            f"{session.url} does not serve {exchange.request.path} with the model "
            f"{detected.model} (404, {error_message(exchange)}). Check the URL, or "
            f"name a model with --model.{hint}"
        )
