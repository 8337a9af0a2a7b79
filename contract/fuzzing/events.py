"""Parser of the events that a Schemathesis run writes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from contract.model.check import shorten
from contract.model.redaction import SECRETS, redact_headers
from contract.model.wire import Request


@dataclass(slots=True)
class RunSummary:
    """The summary of a Schemathesis run."""

    # The number of requests sent.
    requests: int = 0
    # The seed of the generator; None if the run did not get that far.
    seed: int | None = None
    # The names of the checks that judged at least one response.
    judged: set[str] = field(default_factory=set)
    # The failures by the name of the check, then by operation, message and status.
    failures: dict[str, dict[str, Failure]] = field(default_factory=dict)
    # The errors of Schemathesis itself, each shortened to 200 characters.
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Failure:
    """One request that failed a check, and its response."""

    # What failed, in lower case.
    message: str
    # What the check expected, shortened to 160 characters.
    expected: str
    request: Request
    # The HTTP status of the response; None if there was none.
    status: int | None
    # The body of the response, shortened to 160 characters.
    body: str


def read_events(events: Iterable[Any]) -> RunSummary:  # JSON of another program
    """
    Return the summary of a run, with the secrets of this process masked.

    Of failures that differ only in the request, the shortest request is kept.
    """
    summary = RunSummary()
    for event in events:
        ((kind, body),) = event.items()
        if kind == "Initialize":
            summary.seed = body.get("seed")
        elif kind in {"NonFatalError", "FatalError"}:
            # Masked before it is shortened: a part of a secret would not be recognised.
            summary.errors.append(shorten(SECRETS.mask(_error(body)), 200))
        elif kind == "ScenarioFinished":
            _add_scenario(body["recorder"], summary)
    return summary


def _error(body: Any) -> str:
    """Return an error of Schemathesis as a clause; as JSON, if it has another form."""
    value = body.get("value") if isinstance(body, dict) else None
    message = value.get("message") if isinstance(value, dict) else None
    if not message:
        return json.dumps(body)
    label = body.get("label")
    return f"{label}: {message}" if label else f"{message}"


def _add_scenario(recorder: Any, summary: RunSummary) -> None:
    """Add the requests and check outcomes of one scenario to *summary*."""
    interactions = recorder.get("interactions", {})
    summary.requests += len(interactions)
    for case, checks in recorder.get("checks", {}).items():
        for check in checks:
            name = check["name"]
            summary.judged.add(name)
            if check["status"] != "failure":
                continue
            failure = _failure(check, interactions.get(case))
            if failure is None:
                continue
            known = summary.failures.setdefault(name, {})
            key = f"{recorder['label']} {failure.message} {failure.status}"
            before = known.get(key)
            if before is None or len(failure.request.body) < len(before.request.body):
                known[key] = failure


def _failure(check: Any, interaction: Any) -> Failure | None:
    if interaction is None:
        return None
    failure = check["failure_info"]["failure"]
    request, response = interaction["request"], interaction.get("response") or {}
    path = "/" + request["uri"].split("://", 1)[-1].partition("/")[2]
    headers = redact_headers(
        tuple(
            (name.lower(), value)
            for name, values in request["headers"].items()
            for value in values
        )
    )
    content = SECRETS.mask_bytes(_bytes(response.get("content")))
    return Failure(
        message=SECRETS.mask(failure["title"]).lower(),
        expected=shorten(" ".join(SECRETS.mask(failure["message"]).split()), 160),
        request=Request(
            request["method"],
            SECRETS.mask(path),
            headers,
            SECRETS.mask_bytes(_bytes(request.get("body"))),
        ),
        status=response.get("status_code"),
        body=shorten(content.decode(errors="replace"), 160),
    )


def _bytes(saved: Any) -> bytes:
    return base64.b64decode(saved["$base64"]) if isinstance(saved, dict) else b""
