"""Execution of Schemathesis against one target, and the results of its checks."""

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

from contract.client.curl import VARIABLE, curl
from contract.errors import TargetError, UsageError
from contract.fuzzing.events import Failure, RunSummary, read_events
from contract.fuzzing.rules import REQUIREMENTS, rule
from contract.fuzzing.shrinking import smallest_request
from contract.model.check import Finding
from contract.run.report import Outcome, Result
from contract.run.verification import Verification
from contract.schema import openapi


def fuzz(  # noqa: PLR0913  # each parameter is an option of the command line
    verification: Verification,
    *,
    seed: int | None = None,
    max_examples: int | None = None,
    phases: str | None = None,
    repeat: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> tuple[tuple[Result, ...], int]:
    """
    Return the results of the Schemathesis checks and the number of requests it sent.

    Every failure comes with the smallest request that reproduces it.

    Args:
        verification: The target to fuzz.
        seed: The seed of the generator; random if not given.
        max_examples: The number of generated requests per operation; the profile's if
            not given.
        phases: A comma-separated list of examples, coverage and fuzzing; all phases
            if not given.
        repeat: Further words of the command line that fuzzes again.
        environment: Additional environment variables for Schemathesis.

    Raises `UsageError` if Schemathesis is not installed and `TargetError` if it sent
    no request.
    """
    if find_spec("schemathesis") is None:
        raise UsageError(
            "Fuzzing needs Schemathesis: run pip install -e '.[fuzz]' in the cloned "
            "repository."
        )
    examples = max_examples or verification.profile.max_examples
    arguments = ["--max-examples", str(examples)]
    arguments += ["--seed", str(seed)] if seed is not None else []
    arguments += ["--phases", phases] if phases else []
    summary = _run(verification, arguments, environment or {})
    again = ["magistral-contract", "fuzz", verification.target, *repeat]
    if summary.seed is not None:
        again += ["--seed", str(summary.seed)]
    if max_examples is not None:
        again += ["--max-examples", str(max_examples)]
    if phases:
        again += ["--phases", phases]
    return tuple(_results(verification, summary, again)), summary.requests


def _run(
    verification: Verification, arguments: list[str], environment: Mapping[str, str]
) -> RunSummary:
    """Run Schemathesis in a process of its own and return the summary of its events."""
    session = verification.session
    with tempfile.TemporaryDirectory(prefix="magistral-contract-") as folder:
        events = Path(folder, "events.ndjson")
        document = Path(folder, "openapi.json")
        # The hooks reduce the document to the dialect of the target.
        document.write_text(json.dumps(openapi.document()), encoding="utf-8")
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(document)),
            *("--url", session.url, "--no-color", *arguments),
            *("--report", "ndjson", "--report-ndjson-path", str(events)),
            *("--suppress-health-check", "all", "--warnings", "off"),
        ]
        variables = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "contract.schemathesis_hooks",
            "MAGISTRAL_CONTRACT_PROFILE": verification.profile.id,
            "MAGISTRAL_CONTRACT_MODEL": session.model,
            **session.route.environment,
            **environment,
        }
        if session.key:
            variables |= {"MAGISTRAL_CONTRACT_KEY_ENV": VARIABLE, VARIABLE: session.key}
        done = subprocess.run(  # noqa: S603  # the command is not user input
            command,
            env=variables,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = events.read_text("utf-8").splitlines() if events.exists() else []
    summary = read_events(json.loads(line) for line in lines)
    if not summary.requests:
        output = " ".join((done.stdout + done.stderr).split()[-40:])
        raise TargetError(
            f"Schemathesis sent no request (exit code {done.returncode}): {output}"
        )
    return summary


def _results(
    verification: Verification, summary: RunSummary, again: list[str]
) -> Iterator[Result]:
    """Yield one result per Schemathesis check, then an error if the run was cut off."""
    for name in sorted(set(REQUIREMENTS) | summary.judged):
        findings = tuple(
            _finding(verification, name, failure)
            for failure in summary.failures.get(name, {}).values()
        )
        outcome, reason = Outcome.PASS, ""
        if findings:
            outcome = Outcome.FAIL
        elif name not in summary.judged:
            outcome, reason = Outcome.SKIP, "does not apply to any response"
        yield Result(
            check=rule(name),
            target=verification.target,
            outcome=outcome,
            findings=findings,
            reason=reason,
            again=shlex.join(again),
        )
    if summary.errors:
        yield Result(
            check=rule("runs_to_the_end"),
            target=verification.target,
            outcome=Outcome.ERROR,
            reason=summary.errors[0],
        )


def _finding(verification: Verification, name: str, failure: Failure) -> Finding:
    request = smallest_request(verification, name, failure)
    key = VARIABLE if verification.session.key else None
    return Finding(
        failure.message,
        expected=failure.expected,
        actual=f"status {failure.status}: {failure.body}",
        at=curl(
            verification.session.url,
            request,
            key=key,
            further=verification.session.route.curl_headers,
        ),
    )
