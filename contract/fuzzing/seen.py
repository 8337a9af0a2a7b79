"""What a run of Schemathesis amounts to, read from the events it wrote."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from contract.model.check import shorten
from contract.model.wire import Request


@dataclass(slots=True)
class Seen:
    """What a run of Schemathesis amounts to, read from its events."""

    requests: int = 0
    seed: int | None = None
    judged: set[str] = field(default_factory=set)
    failures: dict[str, dict[str, Failure]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Failure:
    """One request that failed, and what was said."""

    message: str
    expected: str
    request: Request
    status: int | None
    said: str


def read(events: Iterable[Any]) -> Seen:  # JSON of another program
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


def _failure(check: Any, interaction: Any) -> Failure | None:
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
    return Failure(
        message=told["title"].lower(),
        expected=shorten(" ".join(told["message"].split()), 160),
        request=Request(sent["method"], path, headers, _bytes(sent.get("body"))),
        status=got.get("status_code"),
        said=shorten(_bytes(got.get("content")).decode(errors="replace"), 160),
    )


def _bytes(saved: Any) -> bytes:
    return base64.b64decode(saved["$base64"]) if isinstance(saved, dict) else b""
