"""Asks a provider what it is, so that nobody has to name its profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from contract.catalog.profiles import named
from contract.catalog.providers import fingerprints
from contract.client.recorder import Recorder
from contract.client.timeouts import Limits
from contract.detection.error_message import (
    BUSY,
    error_message,
)
from contract.detection.evidence import ServerEvidence
from contract.errors import (
    TargetError,
    UsageError,
)
from contract.model.chat import MODELS
from contract.model.exchange import (
    End,
    Exchange,
)
from contract.model.profile import Profile
from contract.model.provider import (
    Evidence,
    Match,
)

# A page of the list answers at once or not at all.
PATIENCE = 30.0


REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Detected:
    """
    What a provider was taken for, and why in words a report can print.

    *model* is the one to ask for, *models* what the provider lists, *requests* how
    many were sent to find out.
    """

    profile: Profile
    why: str
    model: str
    models: tuple[str, ...] = ()
    requests: int = 0


def detect(  # noqa: PLR0913  # each is one option of the command line
    url: str,
    profiles: Mapping[str, Profile],
    *,
    key: str | None = None,
    variable: str = "",
    limits: Limits | None = None,
    profile: str | None = None,
    model: str | None = None,
) -> Detected:
    """
    The profile and the model of the provider at *url*; at most four GET requests.

    A *profile* or *model* that is given is taken as it is; with both, nothing is
    asked. A detected profile has the context window that the provider lists. Raises
    `TargetError` when nobody answers there, `UsageError` when nothing fits;
    *variable* is the name of the variable the *key* came from.
    """
    chosen = None if profile is None else profile_named(profile, profiles)
    if chosen is not None and model is not None:
        return Detected(chosen, "as told", model)
    bounds = limits or Limits()
    bounds = replace(
        bounds,
        first_byte=min(bounds.first_byte, PATIENCE),
        total=min(bounds.total, PATIENCE),
    )
    with Recorder(url, bounds, key) as recorder:
        seen = ServerEvidence(recorder, chosen or next(iter(profiles.values())), key)
        _ensure_api(seen.models, url, key=bool(key), variable=variable)
        if chosen is not None:
            asked = model or _model(seen.names, chosen)
            return Detected(chosen, "as told", asked, seen.names, seen.requests)
        guess = recognise(seen)
        if guess is None:
            raise UsageError(
                f"Nothing tells what the provider at {url} is ({seen}); choose one "
                f"with --profile: {', '.join(sorted(profiles))}."
            )
        found, why = profile_named(guess.profile, profiles), guess.why
        asked = model or _model(seen.names, found)
        window = seen.window(asked)
        if window is not None and window != found.context_window:
            why += (
                f"; its window is {window} tokens, as it lists, not "
                f"{found.context_window}"
            )
            found = replace(found, context_window=window)
        return Detected(found, why, asked, seen.names, seen.requests)


def recognise(evidence: Evidence) -> Match | None:
    """The first match of any provider's fingerprint; None when none matches."""
    matches = (one.recognise(evidence) for one in fingerprints())
    return next(filter(None, matches), None)


def profile_named(name: str, profiles: Mapping[str, Profile]) -> Profile:
    """The profile of that id or alias; `UsageError` with near names otherwise."""
    return named(name, profiles)


def _model(names: tuple[str, ...], profile: Profile) -> str:
    if profile.model and (profile.model in names or not names):
        return profile.model
    for name in names:
        if "magistral" in name.lower():
            return name
    if names:
        return names[0]
    raise UsageError("Which model? The provider lists none; name one with --model.")


def why_unreachable(exchange: Exchange, url: str) -> str | None:
    """Why nobody can be judged at *url*: no HTTP response came, and why."""
    if exchange.status is not None:
        return None
    hint = {
        End.REFUSED: "Is it running, and is the address right?",
        End.RESET: "Does it speak HTTP?",
        End.TIMEOUT: "Is it still starting, or behind a firewall?",
    }.get(exchange.end, "")
    if ";" in exchange.note:  # it says already what to do
        hint = ""
    return f"{url} cannot be reached: {exchange.note}. {hint}".rstrip()


def why_endless(exchange: Exchange, url: str) -> str | None:
    """
    Why nobody can be judged at *url*: a small request gets more than can be waited for.

    What breaks off is told at once, and judged; this would be waited for each time.
    """
    if exchange.end not in {End.TIMEOUT, End.TOO_LARGE}:
        return None
    asked = f"{exchange.request.method} {exchange.request.path}"
    return (
        f"{url} cannot be judged: it answers {asked}, but the answer has no end "
        f"({exchange.note}). Is it overloaded, or no chat server?"
    )


def why_unauthorized(
    exchange: Exchange, url: str, *, key: bool, variable: str
) -> str | None:
    """Why the provider at *url* turns us away: it wants a key, or another one."""
    if exchange.status not in {401, 403}:
        return None
    answer = f"{exchange.status}, {error_message(exchange)}"
    if key:
        return f"{url} refuses the API key of {variable} ({answer}); check the key."
    return (
        f"{url} asks for an API key ({answer}); set {variable or 'one'}, or name "
        "another variable with --api-key-env."
    )


def _ensure_api(answer: Exchange, url: str, *, key: bool, variable: str) -> None:
    trouble = (
        why_unreachable(answer, url)
        or why_unauthorized(answer, url, key=key, variable=variable)
        or why_endless(answer, url)
    )
    if trouble:
        raise TargetError(trouble)
    if answer.status in BUSY:
        raise TargetError(
            f"{url} is busy or not ready: GET {MODELS} answers {answer.status}, "
            f"{error_message(answer)}. Try again later."
        )
    if answer.status in REDIRECTS:
        raise TargetError(
            f"{url} sends us elsewhere ({answer.status} to "
            f"{answer.header('location') or 'nowhere'}); give that URL instead."
        )
    if answer.media_type == "text/html" or answer.text.lstrip()[:1] == "<":
        raise TargetError(
            f"GET {url}{MODELS} answers with a web page (status {answer.status}); "
            "is the URL the root of the API?"
        )
