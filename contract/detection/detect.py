"""Detection of a server's profile and model from a few GET requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from contract.catalog.profiles import named
from contract.catalog.providers import fingerprints
from contract.client.recorder import Recorder
from contract.client.route import DIRECT, Route
from contract.client.throttle import Throttle
from contract.client.timeouts import Limits
from contract.detection.denied import access_denied_reason
from contract.detection.error_message import BUSY, error_message
from contract.detection.evidence import ServerEvidence
from contract.detection.substitution import substitute
from contract.errors import TargetError, UsageError
from contract.model.chat import MODELS
from contract.model.check import shorten
from contract.model.exchange import End, Exchange
from contract.model.profile import MOST_WINDOW, Profile
from contract.model.provider import Evidence, Match

# Upper bound for a GET request, in seconds: a model list takes no time to compute.
TIMEOUT = 30.0
LONGEST_URL = 200  # characters of it that a message shows
GIVEN = "given by --profile"
# Profiles that tolerate this have their context window from a page alone, so that of
# the model card counts.
UNVERIFIED_WINDOW = "window-unverified"
REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)


@dataclass(frozen=True, slots=True)
class Detected:
    """The result of detection."""

    profile: Profile
    # Why this profile was chosen, as a phrase for the report.
    why: str
    # Name of the model to send in requests.
    model: str
    # Names of the models that the server lists.
    models: tuple[str, ...] = ()
    # Number of requests that detection sent.
    requests: int = 0


def detect(  # noqa: PLR0913  # each is one option of the command line
    url: str,
    profiles: Mapping[str, Profile],
    *,
    key: str | None = None,
    variable: str = "",
    limits: Limits | None = None,
    throttle: Throttle | None = None,
    profile: str | None = None,
    model: str | None = None,
    route: Route = DIRECT,
) -> Detected:
    """
    Detect the profile and the model of the server at *url* with up to four requests.

    With both *profile* and *model*, nothing is sent. A detected profile gets the
    context window that the server lists.

    Args:
        url: Root of the API, without `/v1`.
        profiles: Known profiles by id.
        key: API key to send, if any.
        variable: Name of the environment variable that holds *key*, for messages.
        limits: Bounds of each request; times are capped at `TIMEOUT`.
        throttle: Repeats requests that a rate limit rejected.
        profile: Id or alias of a profile to use instead of detecting one.
        model: Name of a model to use instead of choosing one from the list.
        route: Further headers of every request, and the proxy.

    Raises:
        TargetError: There is no API at *url*, it is not accessible, or what the
            profile or the model would be detected by makes no sense.
        UsageError: No profile matches, or the server lists no model.
    """
    chosen = None if profile is None else profile_named(profile, profiles)
    if chosen is not None and model is not None:
        why = _with_substitute(GIVEN, model, chosen, None)
        return Detected(chosen.for_model(model), why, model)
    bounds = limits or Limits()
    bounds = replace(
        bounds,
        first_byte=min(bounds.first_byte, TIMEOUT),
        total=min(bounds.total, TIMEOUT),
    )
    with Recorder(url, bounds, key, route) as recorder:
        evidence = ServerEvidence(
            recorder, chosen or next(iter(profiles.values())), key, throttle
        )
        _ensure_api(evidence.models, url, key=bool(key), variable=variable, route=route)
        if chosen is not None:
            model = model or _choose_model(evidence, chosen, url)
            given = chosen.for_model(model)
            window = evidence.window(model)
            unverified = UNVERIFIED_WINDOW in given.tolerates
            if unverified and window is not None and 0 < window <= MOST_WINDOW:
                given = replace(given, context_window=window)
            return Detected(
                given,
                _with_substitute(GIVEN, model, chosen, evidence),
                model,
                evidence.names,
                evidence.requests,
            )
        match = recognise(evidence)
        if match is None:
            _ensure_list(evidence, url, "--profile and --model")
            raise UsageError(
                f"No profile matches the server at {url} ({evidence}); choose one "
                f"with --profile: {', '.join(sorted(profiles))}."
            )
        detected, why = profile_named(match.profile, profiles), match.why
        model = model or _choose_model(evidence, detected, url)
        why = _with_substitute(why, model, detected, evidence)
        detected = detected.for_model(model)
        window = evidence.window(model)
        if window is not None and window > MOST_WINDOW:
            why += (
                f"; its model list gives a context window of {shorten(window, 30)} "
                f"tokens, more than the {MOST_WINDOW} that can be tested, so it is "
                f"taken to be {detected.context_window}; --context-window sets another"
            )
        elif window is not None and window != detected.context_window:
            why += (
                f"; its model list gives a context window of {window} tokens, not "
                f"{detected.context_window}"
            )
            detected = replace(detected, context_window=window)
        return Detected(detected, why, model, evidence.names, evidence.requests)


def _with_substitute(
    why: str, model: str, profile: Profile, evidence: ServerEvidence | None
) -> str:
    """Return *why* with a clause on the model that is served in place of *model*."""
    cards = () if evidence is None else evidence.cards
    return "; ".join(filter(None, (why, substitute(model, profile, cards))))


def recognise(evidence: Evidence) -> Match | None:
    """Return the first match of any provider's fingerprint; None if none matches."""
    matches = (one.recognise(evidence) for one in fingerprints())
    return next(filter(None, matches), None)


def profile_named(name: str, profiles: Mapping[str, Profile]) -> Profile:
    """Return the profile with that id or alias; `UsageError` suggests similar names."""
    return named(name, profiles)


def _ensure_list(evidence: ServerEvidence, url: str, options: str) -> None:
    """Raise `TargetError` if the server answered with no model list, but garbage."""
    if evidence.flaw:
        raise TargetError(
            f"{url} cannot be tested: GET {MODELS} returned {evidence.flaw}. To test "
            f"it without its model list, give {options}."
        )


def choose_model(names: Sequence[str], profile: Profile) -> str | None:
    """
    Return the model to request of those that a server lists as *names*.

    It is that of the profile if it is listed, or if nothing is; else the first
    Magistral, or the first of all. None if there is neither a list nor a name.
    """
    if profile.model and (profile.model in names or not names):
        return profile.model
    for name in names:
        if "magistral" in name.lower():
            return name
    return names[0] if names else None


def _choose_model(evidence: ServerEvidence, profile: Profile, url: str) -> str:
    chosen = choose_model(evidence.names, profile)
    if chosen is not None:
        return chosen
    _ensure_list(evidence, url, "--model")
    raise UsageError("The server lists no model; name one with --model.")


def unreachable_reason(exchange: Exchange, url: str) -> str | None:
    """Return why *url* sent no HTTP response; None if it sent one."""
    if exchange.status is not None:
        return None
    hint = {
        End.REFUSED: "Is it running, and is the address right?",
        End.RESET: "Does it speak HTTP?",
        End.TIMEOUT: "Is it still starting, or behind a firewall?",
    }.get(exchange.end, "")
    if ";" in exchange.note:  # the note already contains advice
        hint = ""
    return f"{url} cannot be reached: {exchange.note}. {hint}".rstrip()


def endless_reason(exchange: Exchange, url: str) -> str | None:
    """
    Return why the response of *url* to a small request did not end; None if it did.

    A response that breaks off ends at once, so checks can judge it; a response without
    an end would cost every check its whole timeout.
    """
    if exchange.end not in {End.TIMEOUT, End.TOO_LARGE}:
        return None
    request = f"{exchange.request.method} {exchange.request.path}"
    return (
        f"{url} cannot be tested: the response to {request} does not end "
        f"({exchange.note}). Is it overloaded, or not a chat server?"
    )


def redirect_reason(exchange: Exchange, url: str) -> str | None:
    """
    Return to where *url* redirected a request other than GET; None if it did not.

    Many clients do not send such a request again at another address. Neither a user
    nor a query of the address is repeated, because they may be secret.
    """
    location = exchange.header("location")
    if exchange.status is None or exchange.status // 100 != 3 or location is None:  # noqa: PLR2004  # 3xx
        return None
    try:
        parts = urlsplit(urljoin(url + exchange.request.path, location.strip()))
    except ValueError:
        parts = urlsplit("")
    host = parts.netloc.rpartition("@")[2]
    place = f"{parts.scheme}://{host}{parts.path}" if host else "an invalid address"
    said = (
        f"{exchange.request.method} {exchange.request.path} is redirected "
        f"({exchange.status}) to {shorten(place, LONGEST_URL)}"
    )
    root = place.rstrip("/").removesuffix("/chat/completions")
    if not host or root.removesuffix("/v1") == url:
        return f"{said}; many clients do not follow that, so answer it directly."
    command = f"magistral-contract verify {shorten(root, LONGEST_URL)}"
    return f"{said}; give that URL: {command}"


def _ensure_api(
    models: Exchange, url: str, *, key: bool, variable: str, route: Route
) -> None:
    """Raise `TargetError` unless *models* is the response of an accessible API."""
    problem = (
        unreachable_reason(models, url)
        or access_denied_reason(models, url, key=key, variable=variable, route=route)
        or endless_reason(models, url)
    )
    if problem:
        raise TargetError(problem)
    if models.status in BUSY:
        raise TargetError(
            f"{url} is busy or not ready: GET {MODELS} returned {models.status}, "
            f"{error_message(models)}. Try again later."
        )
    if models.status in REDIRECTS:
        raise TargetError(
            f"{url} redirects ({models.status} to "
            f"{models.header('location') or 'no location'}); use that URL instead."
        )
    if models.media_type == "text/html" or models.text.lstrip()[:1] == "<":
        raise TargetError(
            f"GET {url}{MODELS} returned a web page (status {models.status}); "
            "is the URL the root of the API?"
        )
