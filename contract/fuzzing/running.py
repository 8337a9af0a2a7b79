"""Execution of Schemathesis against one target, and the results of its checks."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from contract.client.credentials import KEYS
from contract.client.curl import curl
from contract.errors import TargetError, UsageError
from contract.fuzzing.bounded import BOUNDED
from contract.fuzzing.events import Failure, RunSummary, read_events
from contract.fuzzing.rules import REQUIREMENTS, rule
from contract.fuzzing.shrinking import smallest_request
from contract.model.check import Finding
from contract.run.report import Outcome, Result
from contract.run.verification import Verification
from contract.schema import openapi

# Seconds of one run. The three phases on a real model take some minutes.
MAX_TIME = 3_600.0
# Why a run was cut off by Ctrl-C.
INTERRUPTED = "interrupted"
LONGEST_TAIL = 65_536  # bytes of Schemathesis's output that are read for a message


def fuzz(  # noqa: PLR0913  # each parameter is an option of the command line
    verification: Verification,
    *,
    seed: int | None = None,
    max_examples: int | None = None,
    phases: str | None = None,
    repeat: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
    max_time: float = MAX_TIME,
) -> tuple[tuple[Result, ...], int, str]:
    """
    Return the results of the Schemathesis checks, and the number of requests it sent.

    The third value is why it was cut off, `INTERRUPTED` or another clause; empty if it
    ran to the end. Every failure comes with the smallest request that reproduces it, if
    the run is not cut off before it is found.

    Args:
        verification: The target to fuzz.
        seed: The seed of the generator; random if not given.
        max_examples: The number of generated requests per operation; the profile's if
            not given.
        phases: A comma-separated list of examples, coverage and fuzzing; all phases
            if not given.
        repeat: Further words of the command line that fuzzes again.
        environment: Additional environment variables for Schemathesis.
        max_time: The seconds after which Schemathesis is stopped, and no request is
            made smaller any more.

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
    deadline = time.monotonic() + max_time
    summary, cut_off = _run(verification, arguments, environment or {}, max_time)
    again = ["magistral-contract", "fuzz", verification.target, *repeat]
    if summary.seed is not None:
        again += ["--seed", str(summary.seed)]
    if max_examples is not None:
        again += ["--max-examples", str(max_examples)]
    if phases:
        again += ["--phases", phases]
    if cut_off == INTERRUPTED:
        deadline = 0.0
    try:
        results = tuple(_results(verification, summary, again, cut_off, deadline))
    except KeyboardInterrupt:
        cut_off = INTERRUPTED
        results = tuple(_results(verification, summary, again, cut_off, 0.0))
    return results, summary.requests, cut_off


def _run(
    verification: Verification,
    arguments: list[str],
    environment: Mapping[str, str],
    max_time: float,
) -> tuple[RunSummary, str]:
    """
    Run Schemathesis in a process of its own, for *max_time* seconds at most.

    Return the summary of its events, and why it was cut off, if it was.
    """
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
            BOUNDED: "1",
            "MAGISTRAL_CONTRACT_PROFILE": verification.profile.id,
            "MAGISTRAL_CONTRACT_MODEL": session.model,
            **session.route.environment,
            **environment,
        }
        if session.key:
            variables |= {"MAGISTRAL_CONTRACT_KEY_ENV": KEYS[0], KEYS[0]: session.key}
        log = Path(folder, "log")
        code, cut_off = _finished(command, variables, log, max_time)
        summary = read_events(_events(events))
        if not summary.requests and cut_off == INTERRUPTED:
            raise KeyboardInterrupt
        if not summary.requests:
            why = cut_off or f"exit code {code}"
            raise TargetError(f"Schemathesis sent no request ({why}): {_tail(log)}")
    return summary, cut_off


def _finished(
    command: list[str], variables: Mapping[str, str], log: Path, max_time: float
) -> tuple[int, str]:
    """Run *command* where *log* is; return its exit code and what cut it off."""
    cut_off = ""
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603  # the command is not user input
            command,
            env=variables,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for this process, which ends the other one.
            start_new_session=True,
        )
        try:
            child.wait(max_time)
        except subprocess.TimeoutExpired:
            cut_off = f"it was stopped after {max_time:g} s (--max-time)"
        except KeyboardInterrupt:
            cut_off = INTERRUPTED
        finally:
            if child.poll() is None:
                # It writes each event as it happens, so nothing that counts is lost.
                child.kill()
            code = child.wait()
    return code, cut_off


def _events(path: Path) -> Iterator[Any]:
    """Yield the events in the file at *path*; the last may have been cut off."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                yield json.loads(line)
            except ValueError:
                return


def _tail(log: Path) -> str:
    """Return the last words of the output in the file *log*."""
    with log.open("rb") as output:
        output.seek(max(0, log.stat().st_size - LONGEST_TAIL))
        return " ".join(output.read().decode(errors="replace").split()[-40:])


def _results(
    verification: Verification,
    summary: RunSummary,
    again: list[str],
    cut_off: str,
    deadline: float,
) -> Iterator[Result]:
    """
    Yield one result per Schemathesis check, then an error if the run was cut off.

    Failing requests are made smaller until *deadline*, by `time.monotonic`.
    """
    for name in sorted(set(REQUIREMENTS) | summary.judged):
        findings = tuple(
            _finding(verification, name, failure, deadline)
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
    if summary.errors or cut_off:
        yield Result(
            check=rule("runs_to_the_end"),
            target=verification.target,
            outcome=Outcome.ERROR,
            reason=cut_off or summary.errors[0],
        )


def _finding(
    verification: Verification, name: str, failure: Failure, deadline: float
) -> Finding:
    request = smallest_request(verification, name, failure, deadline)
    session = verification.session
    return Finding(
        failure.message,
        expected=failure.expected,
        actual=f"status {failure.status}: {failure.body}",
        at=curl(
            session.url,
            request,
            key=session.key_variable if session.key else None,
            further=session.route.curl_headers,
        ),
    )
