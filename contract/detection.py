"""Asks a provider what it is, so that nobody has to name its profile."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from contract.catalog import get
from contract.chat import MODELS, Json, Probe
from contract.errors import TargetError, UsageError
from contract.exchange import End, Exchange, spell
from contract.limits import Limits
from contract.profile import Profile
from contract.recorder import Recorder

# A page of the list answers at once or not at all.
PATIENCE = 30.0
BUSY = frozenset({429, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
QUOTED = 200
A_FEW = 4

FIRST_KNOWN = (0, 2, 0)
LAST_OLD_NAME = (0, 11, 0)
FIRST_NEW_NAME = (0, 16, 0)


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
    The profile and the model of the provider at *url*; at most five GET requests.

    A *profile* or *model* that is given is taken as it is; with both, nothing is
    asked. Raises `TargetError` when nobody answers there, `UsageError` when nothing
    fits; *variable* is the name of the variable the *key* came from.
    """
    chosen = None if profile is None else get("profile", profile, profiles)
    if chosen is not None and model is not None:
        return Detected(chosen, "as told", model)
    bounds = limits or Limits()
    bounds = replace(
        bounds,
        first_byte=min(bounds.first_byte, PATIENCE),
        total=min(bounds.total, PATIENCE),
    )
    with Recorder(url, bounds, key) as recorder:
        seen = _Seen(recorder, chosen or next(iter(profiles.values())), key)
        _ensure_api(seen, url, key=bool(key), variable=variable)
        names = _names(seen.models)
        if chosen is None:
            found, why = _recognised(seen, names, profiles)
        else:
            found, why = chosen, "as told"
        return Detected(found, why, model or _model(names, found), names, seen.requests)


class _Seen:
    """What the provider answered so far; a path is asked once, when it is needed."""

    def __init__(self, recorder: Recorder, profile: Profile, key: str | None) -> None:
        self._recorder = recorder
        # Only status, headers and JSON are read, so any profile will do.
        self._profile = profile
        self._key = key
        self._answers: dict[str, Exchange] = {}

    @property
    def requests(self) -> int:
        return len(self._answers)

    @property
    def models(self) -> Exchange:
        return self.get(MODELS)

    def get(self, path: str) -> Exchange:
        if path not in self._answers:
            probe = Probe(name=path, method="GET", path=path, reasons=False)
            request = spell(probe, self._profile, "", self._key)
            self._answers[path] = self._recorder.record(probe, self._profile, request)
        return self._answers[path]

    def member(self, path: str, name: str) -> Json:
        """One member of the JSON object at *path*; None when there is none."""
        answer = self.get(path)
        if answer.status == 200 and isinstance(answer.json, dict):  # noqa: PLR2004  # OK
            return answer.json.get(name)
        return None


def _cards(models: Exchange) -> tuple[dict[str, Json], ...]:
    listed = models.json.get("data") if isinstance(models.json, dict) else models.json
    if not isinstance(listed, list):
        return ()
    return tuple(card for card in listed if isinstance(card, dict))


def _names(models: Exchange) -> tuple[str, ...]:
    return tuple(
        name for card in _cards(models) if isinstance(name := card.get("id"), str)
    )


Clue = Callable[[_Seen, tuple[str, ...]], tuple[str, str] | None]


def _recognised(
    seen: _Seen, names: tuple[str, ...], profiles: Mapping[str, Profile]
) -> tuple[Profile, str]:
    for clue in (_mistral, _llamacpp, _vllm, _transformers):
        if found := clue(seen, names):
            return get("profile", found[0], profiles), found[1]
    raise UsageError(
        f"Nothing tells what this provider is ({_summary(seen)}); choose one with "
        f"--profile: {', '.join(sorted(profiles))}."
    )


def _owners(seen: _Seen) -> set[str]:
    return {
        owner
        for card in _cards(seen.models)
        if isinstance(owner := card.get("owned_by"), str)
    }


def _mistral(seen: _Seen, names: tuple[str, ...]) -> tuple[str, str] | None:
    if seen.models.header("mistral-correlation-id") is not None:
        sign = "a mistral-correlation-id header"
    elif any(
        # An organisation on a hub is called mistralai too; its cards say no more.
        card.get("owned_by") == "mistralai" and "capabilities" in card
        for card in _cards(seen.models)
    ):
        sign = 'cards owned by "mistralai"'
    else:
        return None
    if "magistral-small-2509" in names:
        return "mistral-2025-10", f"{sign}, and it serves magistral-small-2509"
    return "mistral-2026-08", f"{sign}, without magistral-small-2509"


def _llamacpp(seen: _Seen, _names: tuple[str, ...]) -> tuple[str, str] | None:
    if "llamacpp" in _owners(seen):
        return "llamacpp", 'models owned by "llamacpp"'
    if seen.models.header("server") == "llama.cpp":
        return "llamacpp", "the header server: llama.cpp"
    if seen.member("/props", "default_generation_settings") is not None:
        return "llamacpp", "GET /props answers as llama.cpp's does"
    return None


def _vllm(seen: _Seen, _names: tuple[str, ...]) -> tuple[str, str] | None:
    version = seen.member("/version", "version")
    owners = _owners(seen)
    if "vllm" not in owners and (owners or not isinstance(version, str)):
        return None
    if not isinstance(version, str):
        return "vllm-0.16", 'models owned by "vllm"; it does not tell its version'
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    step = tuple(int(number) for number in found.groups()) if found else ()
    called = f"vLLM {version[:40]}"
    if step < FIRST_KNOWN:
        return "vllm-0.16", f"{called} is no release we know: taken for a new one"
    # The field was called reasoning_content, then both, then reasoning alone.
    if step <= LAST_OLD_NAME:
        return "vllm-0.11", f"{called}: reasoning comes as reasoning_content"
    if step < FIRST_NEW_NAME:
        return "vllm-0.12", f"{called}: reasoning comes under both names"
    return "vllm-0.16", f"{called}: reasoning comes as reasoning"


def _transformers(seen: _Seen, _names: tuple[str, ...]) -> tuple[str, str] | None:
    if (
        seen.models.header("x-request-id") is not None
        and seen.member("/health", "status") == "ok"
        and seen.get("/version").status == 404  # noqa: PLR2004  # not found
    ):
        return "transformers", "an x-request-id header, /health and no /version"
    return None


def _summary(seen: _Seen) -> str:
    answer = seen.models
    owners = ", ".join(sorted(owner[:40] for owner in _owners(seen))[:5])
    parts = [
        f"GET {MODELS}: status {answer.status}",
        f"owned_by {owners}" if owners else "no owned_by",
        f"server {answer.header('server') or 'unnamed'}",
        f"GET /version: status {seen.get('/version').status}",
    ]
    return "; ".join(parts)


def _model(names: tuple[str, ...], profile: Profile) -> str:
    if profile.model and (profile.model in names or not names):
        return profile.model
    for name in names:
        if "magistral" in name.lower():
            return name
    # A server of one's own lists what it was started with; a hosted one everything.
    if 0 < len(names) <= A_FEW:
        return names[0]
    listed = f"It lists {', '.join(names[:A_FEW])}, …" if names else "It lists none"
    raise UsageError(f"Which model? {listed}; name one with --model.")


def said(exchange: Exchange) -> str:
    """What the provider says in an error body, in one short line."""
    body = exchange.json
    if isinstance(body, dict) and isinstance(body.get("error"), dict | str):
        body = body["error"]
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body
    text = body if isinstance(body, str) else exchange.text
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[: QUOTED - 1] + "…"


def unanswered(exchange: Exchange, url: str) -> str | None:
    """Why nobody can be judged at *url*: no HTTP response came, and why."""
    if exchange.status is not None:
        return None
    hint = {
        End.REFUSED: "Is it running, and is the address right?",
        End.RESET: "Does it speak HTTP?",
        End.TIMEOUT: "Is it still starting, or behind a firewall?",
    }.get(exchange.end, "")
    return f"{url} cannot be reached: {exchange.note}. {hint}".rstrip()


def unwelcome(exchange: Exchange, url: str, *, key: bool, variable: str) -> str | None:
    """Why the provider at *url* turns us away: it wants a key, or another one."""
    if exchange.status not in {401, 403}:
        return None
    answer = f"{exchange.status}, {said(exchange)}"
    if key:
        return f"{url} refuses the API key of {variable} ({answer}); check the key."
    return (
        f"{url} asks for an API key ({answer}); set {variable or 'one'}, or name "
        "another variable with --api-key-env."
    )


def _ensure_api(seen: _Seen, url: str, *, key: bool, variable: str) -> None:
    answer = seen.models
    trouble = unanswered(answer, url) or unwelcome(
        answer, url, key=key, variable=variable
    )
    if trouble:
        raise TargetError(trouble)
    if answer.status in BUSY:
        raise TargetError(
            f"{url} is busy or not ready: GET {MODELS} answers {answer.status}, "
            f"{said(answer)}. Try again later."
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
