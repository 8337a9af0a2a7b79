"""Runs Schemathesis against one target, and makes results of what it found."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from contract.client.curl import (
    VARIABLE,
    curl,
)
from contract.errors import (
    TargetError,
    UsageError,
)
from contract.fuzzing.rules import (
    REQUIREMENTS,
    rule,
)
from contract.fuzzing.seen import (
    Failure,
    Seen,
    read,
)
from contract.fuzzing.shrinking import smallest
from contract.model.check import Finding
from contract.run.report import (
    Outcome,
    Result,
)
from contract.run.verification import Verification
from contract.schema import openapi


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
            "Fuzzing needs Schemathesis: pip install -e '.[fuzz]' where it was cloned."
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
        document.write_text(json.dumps(openapi.document()), encoding="utf-8")
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
    seen = read(json.loads(line) for line in lines)
    if not seen.requests:
        said = " ".join((done.stdout + done.stderr).split()[-40:])
        raise TargetError(f"Schemathesis sent nothing (exit {done.returncode}): {said}")
    return seen


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


def _finding(verification: Verification, name: str, failure: Failure) -> Finding:
    small = smallest(verification, name, failure)
    key = VARIABLE if verification.session.key else None
    return Finding(
        failure.message,
        expected=failure.expected,
        actual=f"status {failure.status}: {failure.said}",
        at=curl(verification.session.url, small, key=key),
    )
