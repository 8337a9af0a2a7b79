"""The probe: at most three requests within a time limit, and one result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from contract.catalog.profiles import builtin
from contract.catalog.providers import fingerprints
from contract.client.credentials import KEYS, validate_key
from contract.client.recorder import Recorder
from contract.client.route import DIRECT, Route
from contract.client.timeouts import Limits
from contract.detection.detect import GIVEN, choose_model, profile_named
from contract.detection.evidence import ServerEvidence
from contract.detection.substitution import substitute
from contract.errors import UsageError
from contract.model.chat import MODELS, Json, Options
from contract.model.exchange import Exchange
from contract.model.probe import Probe
from contract.model.probes import user
from contract.model.profile import Capability, Profile
from contract.model.provider import Match
from contract.model.wire import Request, build_request
from contract.probing.question import Question
from contract.probing.result import ProbeResult, State
from contract.probing.verdict import (
    Access,
    Verdict,
    judge_answer,
    judge_list,
    names_of_models,
)

TIMEOUT = 2.0
"""Seconds for all requests together, where none are given."""
# Of the model list, a further GET request, and the chat.
MOST_REQUESTS = 3
# Enough for the reasoning about a sum; a model that needs more has lost its way.
MAX_TOKENS = 1_024
MAX_BYTES = 2**22
# Seconds after the time limit until a thread that is still busy is left behind: name
# resolution has no time limit of its own.
GRACE = 0.5
_LEAST = 0.05  # seconds; what is left for a request when the time is up
# The share of the time that a connection may take, so that the reason is known.
_CONNECT = 0.9
TOKENIZE = "/tokenize"
PROPS = "/props"


class _Evidence(ServerEvidence):
    """Evidence from the model list and at most `allowed` further GET requests."""

    def __init__(self, asker: _Asker, profile: Profile) -> None:
        super().__init__(asker.recorder, profile, asker.key)
        self.allowed = 0
        self._asker = asker
        self._profile_read = profile
        self._known: dict[str, Exchange] = {}

    @property
    def requests(self) -> int:
        return len(self._known)

    def get(self, path: str) -> Exchange:
        """Return the exchange of GET *path*; one with 404 if it may not be sent."""
        if path not in self._known:
            probe = Probe(name=path, method="GET", path=path, reasons=False)
            if path != MODELS and self.allowed < 1:
                return Exchange(
                    probe=probe,
                    profile=self._profile_read,
                    request=Request("GET", path),
                    status=HTTPStatus.NOT_FOUND.value,
                )
            self.allowed -= path != MODELS
            self._known[path] = self._asker.ask(probe, self._profile_read)
        return self._known[path]


class _Asker:
    """Sends requests within what is left of the time; `requests` counts them."""

    def __init__(
        self, url: str, key: str | None, route: Route, deadline: float
    ) -> None:
        """*deadline* is the moment of `time.perf_counter` when all must be complete."""
        self.url = url
        self.key = key
        self.route = route
        self.requests = 0
        self._deadline = deadline
        self.recorder = Recorder(url, self._limits(), key, route)

    def _limits(self) -> Limits:
        left = round(max(self._deadline - time.perf_counter(), _LEAST), 2)
        return Limits(
            connect=_CONNECT * left,
            first_byte=left,
            between=left,
            total=left,
            max_bytes=MAX_BYTES,
        )

    def ask(self, probe: Probe, profile: Profile, model: str = "") -> Exchange:
        """Return the exchange of *probe*; a failure is part of it."""
        self.requests += 1
        request = build_request(probe, profile, model, self.key)
        self.recorder.limits = self._limits()
        return self.recorder.record(probe, profile, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What the caller of `probe` asks for."""

    profile: str | None
    profiles: Mapping[str, Profile]
    model: str | None
    window: int | None
    question: Question
    variable: str


def probe(  # noqa: PLR0913  # each is one option of the command line
    url: str,
    *,
    profile: str | None = None,
    profiles: Mapping[str, Profile] | None = None,
    model: str | None = None,
    key: str | None = None,
    variable: str = KEYS[0],
    route: Route = DIRECT,
    window: int | None = None,
    timeout: float = TIMEOUT,
    question: Question | None = None,
) -> ProbeResult:
    """
    Return whether the server at *url* is ready, with at most three requests.

    The model list is requested, then what tells the release where the list does not,
    then a streamed answer to a sum that is new each time. What a server does is never
    raised.

    Usage: `probe("http://127.0.0.1:8000", profile="vllm").exit_code`.

    Args:
        url: Root of the API, without `/v1`.
        profile: Id or alias of the profile to judge by; recognised if not given. The
            context window of a profile that is not built in is a promise, too.
        profiles: Known profiles by id; the built-in ones if not given.
        model: The model that must be listed and must answer; chosen from the list if
            not given.
        key: API key to send, if any.
        variable: Environment variable of the key, for messages.
        route: Further headers of every request, and the proxy.
        window: The context window in tokens that the server must have at least.
        timeout: Seconds for all requests together.
        question: What to ask; a fresh sum if not given.

    Raises `UsageError` if an argument is wrong.
    """
    if timeout <= 0:
        raise UsageError(f"timeout must be positive, not {timeout:g}.")
    known = builtin() if profiles is None else profiles
    wanted = _Wanted(
        profile=None if profile is None else profile_named(profile, known).id,
        profiles=known,
        model=model,
        window=window,
        question=question or Question.fresh(),
        variable=variable,
    )
    began = time.perf_counter()
    asker = _Asker(url, validate_key(key), route, began + timeout)

    def work() -> ProbeResult:
        with asker.recorder:
            return _probe(asker, wanted)

    found = _bounded(work, timeout + GRACE)
    if found is None:
        found = ProbeResult(
            state=State.UNREACHABLE,
            message=f"the name of the host was not resolved within {timeout:g} s",
            url=url,
        )
    return replace(found, requests=asker.requests, seconds=time.perf_counter() - began)


def _bounded(work: Callable[[], ProbeResult], seconds: float) -> ProbeResult | None:
    """Return the result of *work*, or None if it takes longer; raise what it raises."""
    results: list[ProbeResult] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001  # raised again in the caller
            errors.append(error)

    thread = threading.Thread(target=run, name="readiness", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    return results[0] if results else None


def _probe(asker: _Asker, wanted: _Wanted) -> ProbeResult:
    access = Access(
        url=asker.url,
        key=asker.key is not None,
        variable=wanted.variable,
        route=asker.route,
    )
    any_profile = next(iter(wanted.profiles.values()))
    given = None if wanted.profile is None else wanted.profiles[wanted.profile]
    evidence = _Evidence(asker, given or any_profile)
    verdict = judge_list(evidence, access)
    if verdict is not None:
        return ProbeResult(state=verdict.state, message=verdict.message, url=asker.url)
    match = _recognised(evidence) if given is None else Match(given.id, GIVEN)
    if match is None:
        return _unrecognised(evidence, asker)
    judged_by = profile_named(match.profile, wanted.profiles)
    # Elsewhere a reply names the model as it likes.
    listing = Capability.MODEL_LIST in judged_by.offers
    names = names_of_models(evidence) if listing else frozenset()
    model = wanted.model or choose_model(evidence.names, judged_by)
    substituted = substitute(model or "", judged_by, evidence.cards)
    judged_by = judged_by.for_model(model or "")
    result = ProbeResult(
        state=State.READY,
        message="",
        url=asker.url,
        profile=judged_by.id,
        why="; ".join(filter(None, (match.why, substituted))),
        model=model or "",
        window=evidence.window(model or ""),
    )
    own = given is not None and given.id not in builtin()
    promised = wanted.window or (judged_by.context_window if own else None)
    verdict = _before_asking(evidence, wanted, model, names, substituted) or _narrow(
        result.window, promised
    )
    if verdict is not None:
        return _with(result, verdict)
    if (
        result.window is None
        and wanted.window is not None
        and asker.requests < MOST_REQUESTS - 1
    ):
        result = replace(result, window=_asked_window(asker, judged_by, model or ""))
        if verdict := _narrow(result.window, promised):
            return _with(result, verdict)
    return _asked(asker, access, wanted, judged_by, result, names)


def _with(result: ProbeResult, verdict: Verdict) -> ProbeResult:
    return replace(result, state=verdict.state, message=verdict.message)


def _unrecognised(evidence: _Evidence, asker: _Asker) -> ProbeResult:
    """Return the result for a server that fits no profile."""
    status = evidence.models.status
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        return ProbeResult(
            state=State.WRONG_PATH,
            message=f"GET {MODELS}: status {status}; is the URL the root of the API? "
            "For a server without a model list, give --profile and --model",
            url=asker.url,
        )
    return ProbeResult(
        state=State.UNRECOGNISED,
        message=f"no profile matches ({evidence}); choose one with --profile",
        url=asker.url,
    )


def _recognised(evidence: _Evidence) -> Match | None:
    """
    Return the match of a fingerprint by the model list and one further request.

    The fingerprint that the list alone fits may send that request; without one, the
    pickiest fingerprint that wants to send it, which comes last in their order.
    """
    for one in fingerprints():
        if one.recognise(evidence) is not None:
            evidence.allowed = 1
            return one.recognise(evidence)
    evidence.allowed = 1
    for one in reversed(fingerprints()):
        if (match := one.recognise(evidence)) is not None:
            return match
    return None


def _before_asking(
    evidence: _Evidence,
    wanted: _Wanted,
    model: str | None,
    names: frozenset[str],
    substituted: str,
) -> Verdict | None:
    """Return the verdict on a model that is not listed; None if it is, or may be."""
    if model is None:
        return Verdict(State.WRONG_MODEL, "no model is listed; name one with --model")
    if wanted.model and names and model not in names:
        listed = ", ".join(sorted(evidence.names)[:5])
        said = f"the model {model} is not listed; listed: {listed}"
        return Verdict(State.WRONG_MODEL, "; ".join(filter(None, (substituted, said))))
    return None


def _narrow(window: int | None, promised: int | None) -> Verdict | None:
    """Return the verdict on a context window that is smaller than the promised one."""
    if window is None or promised is None or window >= promised:
        return None
    return Verdict(
        State.WRONG_WINDOW,
        f"the context window is {window} tokens, not the promised {promised}; "
        f"--context-window {window} accepts it",
    )


def _asked_window(asker: _Asker, profile: Profile, model: str) -> int | None:
    """
    Return the context window from /tokenize of vLLM or /props of llama.cpp.

    None if the server has neither. One request is sent at most.
    """
    if Capability.TOKENIZE in profile.offers:
        body = b'{"model":"{model}","prompt":"x"}'
        asked = Probe(name="window", path=TOKENIZE, body=body, reasons=False)
    else:
        asked = Probe(name="window", method="GET", path=PROPS, reasons=False)
    value: Json = asker.ask(asked, profile, model).json
    if isinstance(value, dict):
        settings = value.get("default_generation_settings")
        inner = settings.get("n_ctx") if isinstance(settings, dict) else None
        window = value.get("max_model_len") or inner
        if isinstance(window, int) and not isinstance(window, bool) and window > 1:
            return window
    return None


def _asked(  # noqa: PLR0913, PLR0917  # what the steps before have found
    asker: _Asker,
    access: Access,
    wanted: _Wanted,
    profile: Profile,
    result: ProbeResult,
    names: frozenset[str],
) -> ProbeResult:
    """Return *result* completed by the verdict on the answer to the question."""
    question = wanted.question
    asked = Probe(
        name="readiness",
        messages=(user(question.text),),
        options=Options(max_tokens=MAX_TOKENS, temperature=0.0),
        stream=True,
        reasons=Capability.REASONING in profile.offers,
    )
    exchange = asker.ask(asked, profile, result.model)
    verdict = judge_answer(exchange, question, access, names)
    unknown = wanted.window is not None and result.window is None
    if verdict.state is State.READY and unknown:
        verdict = Verdict(
            State.WINDOW_UNKNOWN,
            f"{verdict.message}, but the server states no context window to compare "
            f"with {wanted.window}; leave out --context-window",
        )
    times = exchange.text_times
    return replace(
        _with(result, verdict),
        question=question.text,
        ttft=times[0] if times else None,
    )
