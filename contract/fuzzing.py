"""Schemathesis, run against one target, and what it found in our own words."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from contract import spec
from contract.chat import CHAT, Json, Probe
from contract.checks.base import Check, Finding, Findings, shorten
from contract.curl import VARIABLE, curl
from contract.dialects.base import Problem, Trouble
from contract.errors import TargetError, UsageError
from contract.exchange import MISSING, Exchange, Request, read_json
from contract.profile import Profile
from contract.reduction import reduced
from contract.report import Outcome, Result
from contract.session import AllowanceSpent
from contract.verification import Verification

# Requests that may be spent to make one finding smaller.
MOST = 60
NOT_FOUND = 404
# The check that a provider must have a waiver for to be excused for a 5xx.
FRAGILE = "rejections.never-5xx"
# What each of its checks demands. One that is new to us is told by its own name.
REQUIREMENTS: Mapping[str, str] = {
    "not_a_server_error": "A request MUST NOT be answered with a 5xx status.",
    "status_code_conformance": "A status MUST be one that openapi.yaml describes.",
    "content_type_conformance": "A content type MUST be one that openapi.yaml "
    "describes.",
    "response_headers_conformance": "Headers MUST be what openapi.yaml describes.",
    "response_schema_conformance": "A body MUST fit the schema of openapi.yaml.",
    "negative_data_rejection": "A request that breaks its schema MUST be refused.",
    "positive_data_acceptance": "A request that fits its schema MUST be accepted.",
    "missing_required_header": "A request without a required header MUST be refused.",
    "unsupported_method": "A method that a path lacks MUST be answered with 405.",
    "allow_header_conformance": "An Allow header MUST name the methods of the path.",
    "use_after_free": "What was deleted MUST NOT be found.",
    "ensure_resource_availability": "What was created MUST be found.",
    "ignored_auth": "A key that is demanded MUST be looked at.",
    "object_level_authorization": "Another's object MUST NOT be shown.",
}


def excused(profile: Profile, failure: str, status: int, *, fits: bool) -> bool:
    """
    Whether *profile*'s real provider is known to answer so.

    Some answer a wrong method with 404, some a wrong body with 500; none may answer a
    request that fits with 500.
    """
    if failure == "UnsupportedMethodResponse":
        known, _ = profile.dialect.error(Problem(trouble=Trouble.METHOD))
        return status == known == NOT_FOUND
    return failure == "ServerError" and not fits and FRAGILE in profile.waivers


def _never(*_exchanges: Exchange) -> Findings:
    yield from ()


def rule(name: str) -> Check:
    """One check of Schemathesis as a check of a report; it was judged there."""
    told = REQUIREMENTS.get(name, f"What {name} checks MUST hold.")
    return Check(
        id=f"fuzz.{name.replace('_', '-')}",
        requirement=told,
        source=f"Schemathesis, {name}",
        sends=(),
        judge=_never,
    )


@dataclass(slots=True)
class Seen:
    """What a run of Schemathesis amounts to, read from its events."""

    requests: int = 0
    seed: int | None = None
    judged: set[str] = field(default_factory=set)
    failures: dict[str, dict[str, _Failure]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Failure:
    message: str
    expected: str
    request: Request
    status: int | None
    said: str


def fuzz(  # noqa: PLR0913  # each is one option of the command line
    verification: Verification,
    *,
    seed: int | None = None,
    max_examples: int | None = None,
    phases: str | None = None,
    repeat: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[tuple[Result, ...], int]:
    """
    The results of Schemathesis's checks, and how many requests it sent.

    *max_examples* are those of each operation (the profile's by default), *phases*
    some of examples, coverage and fuzzing, with commas between (all by default);
    *repeat* are further words of the command that fuzzes again, *environment* more
    variables for Schemathesis. Every failure is made as small as it goes.
    """
    if find_spec("schemathesis") is None:
        raise UsageError(
            "Fuzzing needs Schemathesis: pip install 'magistral-contract[fuzz]'."
        )
    examples = max_examples or verification.profile.max_examples
    words = ["--max-examples", str(examples)]
    words += ["--seed", str(seed)] if seed is not None else []
    words += ["--phases", phases] if phases else []
    seen = _run(verification, words, environment or {})
    again = ["magistral-contract", "fuzz", verification.target, *repeat]
    if seen.seed is not None:
        again += ["--seed", str(seen.seed)]
    if max_examples is not None:
        again += ["--max-examples", str(max_examples)]
    if phases:
        again += ["--phases", phases]
    return tuple(_results(verification, seen, again)), seen.requests


def _run(
    verification: Verification, words: list[str], environment: Mapping[str, str]
) -> Seen:
    session = verification.session
    with tempfile.TemporaryDirectory(prefix="magistral-contract-") as folder:
        events = Path(folder, "events.ndjson")
        document = Path(folder, "openapi.json")
        # The hooks narrow it to the target's dialect.
        document.write_text(json.dumps(spec.document()), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(document)),
            *("--url", session.url, "--no-color", *words),
            *("--report", "ndjson", "--report-ndjson-path", str(events)),
            *("--suppress-health-check", "all", "--warnings", "off"),
        ]
        told = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "contract.schemathesis_hooks",
            "MAGISTRAL_CONTRACT_PROFILE": verification.profile.id,
            "MAGISTRAL_CONTRACT_MODEL": session.model,
            **environment,
        }
        if session.key:
            told |= {"MAGISTRAL_CONTRACT_KEY_ENV": VARIABLE, VARIABLE: session.key}
        done = subprocess.run(  # noqa: S603  # our own words
            command, env=told, cwd=folder, capture_output=True, text=True, check=False
        )
        lines = events.read_text("utf-8").splitlines() if events.exists() else []
    seen = _read(json.loads(line) for line in lines)
    if not seen.requests:
        said = " ".join((done.stdout + done.stderr).split()[-40:])
        raise TargetError(f"Schemathesis sent nothing (exit {done.returncode}): {said}")
    return seen


def _read(events: Iterable[Any]) -> Seen:  # JSON of another program
    """What the events say; each kind of failure is kept once per operation."""
    seen = Seen()
    for event in events:
        ((kind, body),) = event.items()
        if kind == "Initialize":
            seen.seed = body.get("seed")
        elif kind in {"NonFatalError", "FatalError"}:
            seen.errors.append(shorten(json.dumps(body), 200))
        elif kind == "ScenarioFinished":
            _note(body["recorder"], seen)
    return seen


def _note(recorder: Any, seen: Seen) -> None:
    interactions = recorder.get("interactions", {})
    seen.requests += len(interactions)
    for case, checks in recorder.get("checks", {}).items():
        for check in checks:
            name = check["name"]
            seen.judged.add(name)
            if check["status"] != "failure":
                continue
            made = _failure(check, interactions.get(case))
            if made is None:
                continue
            known = seen.failures.setdefault(name, {})
            key = f"{recorder['label']} {made.message} {made.status}"
            before = known.get(key)
            if before is None or len(made.request.body) < len(before.request.body):
                known[key] = made


def _failure(check: Any, interaction: Any) -> _Failure | None:
    if interaction is None:
        return None
    told = check["failure_info"]["failure"]
    sent, got = interaction["request"], interaction.get("response") or {}
    path = "/" + sent["uri"].split("://", 1)[-1].partition("/")[2]
    headers = tuple(
        (name.lower(), value)
        for name, values in sent["headers"].items()
        for value in values
    )
    return _Failure(
        message=told["title"].lower(),
        expected=shorten(" ".join(told["message"].split()), 160),
        request=Request(sent["method"], path, headers, _bytes(sent.get("body"))),
        status=got.get("status_code"),
        said=shorten(_bytes(got.get("content")).decode(errors="replace"), 160),
    )


def _bytes(saved: Any) -> bytes:
    return base64.b64decode(saved["$base64"]) if isinstance(saved, dict) else b""


def _results(
    verification: Verification, seen: Seen, again: list[str]
) -> Iterator[Result]:
    for name in sorted(set(REQUIREMENTS) | seen.judged):
        findings = tuple(
            _finding(verification, name, failure)
            for failure in seen.failures.get(name, {}).values()
        )
        outcome, reason = Outcome.PASS, ""
        if findings:
            outcome = Outcome.FAIL
        elif name not in seen.judged:
            outcome, reason = Outcome.SKIP, "nothing here to judge by it"
        yield Result(
            check=rule(name),
            target=verification.target,
            outcome=outcome,
            findings=findings,
            reason=reason,
            again=shlex.join(again),
        )
    if seen.errors:
        yield Result(
            check=rule("runs_to_the_end"),
            target=verification.target,
            outcome=Outcome.ERROR,
            reason=seen.errors[0],
        )


def _finding(verification: Verification, name: str, failure: _Failure) -> Finding:
    small = _smallest(verification, name, failure)
    key = VARIABLE if verification.session.key else None
    return Finding(
        failure.message,
        expected=failure.expected,
        actual=f"status {failure.status}: {failure.said}",
        at=curl(verification.session.url, small, key=key),
    )


def _smallest(verification: Verification, name: str, failure: _Failure) -> Request:
    """The request with everything left out that the failure does not need."""
    request = failure.request
    if request.method != "POST" or request.path != CHAT or name not in _SHOWN:
        return request
    body = read_json(request.body)
    if body is MISSING:
        return request
    shown = _SHOWN[name]
    prefix = verification.profile.dialect.prefix

    def shows(candidate: Json) -> bool:
        fits = spec.accepts(prefix + "ChatRequest", candidate)
        if fits is (name == "negative_data_rejection"):
            return False
        probe = Probe(name=f"fuzz-{name}", body=_spelled(candidate))
        try:
            exchange = verification.session.send(probe)
        except AllowanceSpent:
            return False
        return exchange.status == failure.status and shown(exchange, prefix)

    return replace(
        request, body=_spelled(reduced(cast("Json", body), shows, most=MOST))
    )


def _spelled(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="surrogatepass")


def _status(_exchange: Exchange, _prefix: str) -> bool:
    return True


def _misshapen(exchange: Exchange, prefix: str) -> bool:
    if exchange.streamed:
        values = [chunk.json for chunk in exchange.chunks]
        return not all(spec.accepts(prefix + "ChatEvent", value) for value in values)
    return not spec.accepts(prefix + "ChatResponse", exchange.json)


# How an exchange shows a failure again, beyond its status.
_SHOWN: Mapping[str, Callable[[Exchange, str], bool]] = {
    "not_a_server_error": _status,
    "negative_data_rejection": _status,
    "response_schema_conformance": _misshapen,
}
