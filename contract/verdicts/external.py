"""
A program that prints verdicts, for clients that run programs, such as apidog-cli.

Usage: `python external.py [CHECK]...`, with the target or a saved report in a variable:
arguments are printed in the client's log, so none of them can be a secret.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import contract
from contract.errors import ContractError, UsageError
from contract.model.chat import Json
from contract.model.escape import escape_json
from contract.model.redaction import sanitise
from contract.run.reading import read_report
from contract.run.select import select
from contract.verdicts.verdict import verdict_json

TARGET = "MAGISTRAL_CONTRACT_TARGET"
REPORT = "MAGISTRAL_CONTRACT_REPORT"
_BRIEF = ("check", "level", "requirement", "outcome", "violates", "message", "again")


def verdicts(names: Sequence[str], environ: Mapping[str, str]) -> dict[str, Json]:
    """
    Return what the program prints: `verdicts` in order, and `error`, empty if none.

    *names* are ids of checks, families or patterns; all checks without any. *environ*
    names a target, which is verified, or a report of `verify --report json=FILE`.
    Raises nothing: whatever goes wrong is the `error`, one sentence.
    """
    try:
        report = _report(names, environ)
    except ContractError as error:
        return {"error": sanitise(str(error)), "verdicts": []}
    trouble = next((h.trouble for h in report.headers if h.trouble), "")
    found: list[Json] = []
    for result in report.results:
        whole = verdict_json(report, result, "external")
        found.append({name: whole[name] for name in _BRIEF})
    return {"error": sanitise(trouble), "verdicts": found}


def _report(names: Sequence[str], environ: Mapping[str, str]) -> contract.Report:
    """Return the report on the checks *names*; raise `ContractError` without one."""
    target, path = environ.get(TARGET), environ.get(REPORT)
    if bool(target) is bool(path):
        raise UsageError(
            f"Set {TARGET} to a target, or {REPORT} to a report that verify --report "
            "json=FILE wrote."
        )
    if target:
        return contract.verify(target, select=names)
    report = read_report(Path(path or ""))
    checks = {one.check.id: one.check for one in report.results}
    wanted = {one.id for one in select(checks.values(), names)}
    kept = tuple(one for one in report.results if one.check.id in wanted)
    return contract.Report(headers=report.headers, results=kept, strict=report.strict)


def main(names: Sequence[str]) -> None:
    """Print the verdicts on the checks *names* as JSON on one line."""
    text = json.dumps(verdicts(names, os.environ))
    sys.stdout.write(escape_json(text) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
