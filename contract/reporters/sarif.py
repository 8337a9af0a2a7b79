"""
SARIF reporter, for code scanning on GitHub and other viewers of static analysis.

The format is SARIF 2.1.0 (OASIS Standard, errata 01); what GitHub requires beyond it
is in docs.github.com, "SARIF support for code scanning". The log is built here: the
published object model for Python, sarif-om, was last released in 2019.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from contract.model.chat import Json
from contract.model.check import Check, Level
from contract.model.escape import escape_controls, escape_json
from contract.reporters.base import by_target, remarks, reporter
from contract.reporters.markdown import code, text
from contract.run.report import Header, Outcome, Report, Result

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
    "sarif-schema-2.1.0.json"
)
TOOL = "magistral-contract"
# GitHub lists an alert only at a line of a file, and an endpoint has neither. This is
# the file that names the target, which `init` writes.
FILE = "pyproject.toml"
LEVELS = {Level.MUST: "error", Level.SHOULD: "warning", Level.MAY: "note"}
SEVERITIES = {
    Level.MUST: "error",
    Level.SHOULD: "warning",
    Level.MAY: "recommendation",
}
MOST_FINDINGS = 20  # findings of one result that are listed
LONGEST = 2_000  # characters of one text
# Rule of a target that fails before any check can be judged.
UNJUDGED = "target.fully-judged"

_ADDRESS = re.compile(r"https?://[A-Za-z0-9][\w.~/?&=#:@+-]*[\w/]", re.ASCII)
_ISSUE = re.compile(r"\b([\w-]+/[\w.-]+)#(\d+)", re.ASCII)
_RFC = re.compile(r"\bRFC (\d+)", re.ASCII)
_CWE = re.compile(r"\bCWE-(\d+)", re.ASCII)
_PAGES = {
    "OpenAI API reference": "https://platform.openai.com/docs/api-reference/chat",
    "Mistral API": "https://docs.mistral.ai/api",
    "WHATWG HTML": "https://html.spec.whatwg.org/multipage/server-sent-events.html",
    "mistral-common": "https://github.com/mistralai/mistral-common",
    "Magistral 1.2": "https://huggingface.co/mistralai/Magistral-Small-2509",
    "vLLM": "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
}


@reporter("sarif", suffix=".sarif")
def sarif(report: Report) -> str:
    """
    Return one run with a rule per check, and a result per failure of a check.

    Passed and skipped checks have a rule and no result. What could not be judged is a
    notification of an invocation, of which there is one per target. It is one run for
    all targets, because GitHub rejects several runs of one tool in a file.

    Usage: `--report sarif=magistral-contract.sarif`.
    """
    parts = list(by_target(report))
    checks = {result.check.id: result.check for result in report.results}
    rules = [*map(_rule, checks.values())]
    places = {name: place for place, name in enumerate(checks)}
    results = [
        _result(part, result, places[result.check.id])
        for part in parts
        for result in part.results
        if result.outcome in {Outcome.FAIL, Outcome.WAIVED}
    ]
    failed = [header for header in report.headers if header.failed]
    if failed:
        results += [_failed_target(header, len(rules)) for header in failed]
        rules.append(_target_rule())
    driver: dict[str, Json] = {"name": TOOL, "rules": list(rules)}
    if report.headers and report.headers[0].version:
        driver["version"] = _line(report.headers[0].version)
    run: dict[str, Json] = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{TOOL}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(part, places) for part in parts],
        "results": list(results),
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return escape_json(json.dumps(log, indent=2)) + "\n"


def help_address(source: str) -> str:
    """
    Return the address of the document that *source* names; empty if there is none.

    *source* is that of a check: an address, an issue as owner/repo#n, an RFC, a CWE, or
    the title of a document of which one address is known.
    """
    if found := _ADDRESS.search(source):
        return found[0]
    if found := _ISSUE.search(source):
        return f"https://github.com/{found[1]}/issues/{found[2]}"
    if found := _RFC.search(source):
        return f"https://www.rfc-editor.org/rfc/rfc{found[1]}"
    if found := _CWE.search(source):
        return f"https://cwe.mitre.org/data/definitions/{found[1]}.html"
    return next((page for name, page in _PAGES.items() if name in source), "")


def _rule(check: Check) -> dict[str, Json]:
    requirement, source = _line(check.requirement), _line(check.source)
    alone = f"{TOOL} verify TARGET --select {check.id}"
    rule: dict[str, Json] = {
        "id": check.id,
        "name": "".join(map(str.capitalize, re.split(r"[^A-Za-z0-9]+", check.id))),
        "shortDescription": {"text": requirement},
        "fullDescription": {"text": f"{requirement} Source: {source}."},
        "help": {
            "text": f"{requirement}\nSource: {source}\nCheck it alone: {alone}",
            "markdown": (
                f"{text(check.requirement)}\n\n- Source: {text(check.source)}\n"
                f"- Check it alone: {code(alone)}\n"
            ),
        },
        "defaultConfiguration": {"level": LEVELS[check.level]},
        "properties": {
            "tags": [check.family, check.level.value],
            "precision": "very-high",
            "problem.severity": SEVERITIES[check.level],
        },
    }
    if address := help_address(check.source):
        rule["helpUri"] = address
    return rule


def _target_rule() -> dict[str, Json]:
    requirement = "A target answers chats itself, so that it can be judged."
    return {
        "id": UNJUDGED,
        "name": "TargetFullyJudged",
        "shortDescription": {"text": requirement},
        "fullDescription": {"text": requirement},
        "help": {"text": "Verify the address that the target redirects to."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["target"], "problem.severity": "error"},
    }


def _result(report: Report, result: Result, place: int) -> dict[str, Json]:
    """Return a failed or waived *result*, whose rule is at index *place*."""
    waived = result.outcome is Outcome.WAIVED
    level = "error" if report.violates(result) else LEVELS[result.check.level]
    findings = result.findings[:MOST_FINDINGS]
    found: dict[str, Json] = {
        "ruleId": result.check.id,
        "ruleIndex": place,
        # A reader that ignores suppressions must not block a merge for a waiver.
        "level": "note" if waived else level,
        "message": {
            "text": "\n".join(_message(result)),
            "markdown": "\n".join(_markdown(result)),
        },
        "locations": [_location(result.target)],
        "partialFingerprints": _fingerprints(result.check.id, result.target),
        "properties": {
            "target": _line(result.target),
            "level": result.check.level.value,
            "findings": [
                {
                    name: _line(value)
                    for name, value in (
                        ("message", finding.message),
                        *finding.details,
                        ("hint", finding.hint),
                    )
                    if value
                }
                for finding in findings
            ],
            **{name: _line(value) for name, value in _remarks(result)},
        },
    }
    if waived:
        found["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": _line(result.reason) or "waived by the profile",
            }
        ]
    return found


def _message(result: Result) -> Iterator[str]:
    """Yield the lines of the message; the first is what lists of alerts show."""
    for finding in result.findings[:MOST_FINDINGS]:
        values = ", ".join(f"{name} {_plain(v)}" for name, v in finding.details)
        yield f"{_plain(finding.message)}{': ' if values else ''}{values}."
        if finding.hint:
            yield f"hint: {_plain(finding.hint)}"
    if (more := len(result.findings) - MOST_FINDINGS) > 0:
        yield f"and {more} more findings"
    yield f"target: {_plain(result.target)}"
    for name, value in _remarks(result):
        yield f"{name}: {_plain(value)}"


def _markdown(result: Result) -> Iterator[str]:
    """Yield the lines of the message in Markdown, in which server text is inert."""
    yield text(_cut(result.check.requirement))
    yield ""
    for finding in result.findings[:MOST_FINDINGS]:
        yield f"- {text(_cut(finding.message))}"
        for name, value in finding.details:
            yield f"  - {name}: {code(_cut(value))}"
        if finding.hint:
            yield f"  - hint: {text(_cut(finding.hint))}"
    yield f"- target: {code(_cut(result.target))}"
    for name, value in _remarks(result):
        yield f"- {name}: {code(_cut(value))}"


def _failed_target(header: Header, place: int) -> dict[str, Json]:
    return {
        "ruleId": UNJUDGED,
        "ruleIndex": place,
        "level": "error",
        "message": {
            "text": f"{_plain(header.trouble)}\ntarget: {_plain(header.target)}"
        },
        "locations": [_location(header.target)],
        "partialFingerprints": _fingerprints(UNJUDGED, header.target),
    }


def _location(target: str) -> dict[str, Json]:
    """Return the place of a result: its target, and a file for those that need one."""
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": FILE},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {"fullyQualifiedName": _line(target), "kind": "resource"},
        ],
    }


def _fingerprints(check: str, target: str) -> dict[str, Json]:
    """Return what makes an alert the same in the next run: its check and its target."""
    digest = hashlib.sha256(
        f"{check}\0{target}".encode(errors="backslashreplace")
    ).hexdigest()
    return {
        # The one that GitHub compares; the second part counts equal lines of a file.
        "primaryLocationLineHash": f"{digest[:16]}:1",
        "magistralContract/v1": digest,
    }


def _invocation(part: Report, places: dict[str, int]) -> dict[str, Json]:
    """Return the run of one target; *places* are the indices of the rules."""
    notifications: list[Json] = [
        {
            "descriptor": {"id": "check-crashed" if result.broken else "not-judged"},
            "level": "error" if result.broken else "warning",
            "message": {"text": _plain(result.reason) or "it could not be judged"},
            "associatedRule": {
                "id": result.check.id,
                "index": places[result.check.id],
            },
        }
        for result in part.results
        if result.outcome is Outcome.ERROR
    ]
    found: dict[str, Json] = {
        "executionSuccessful": part.exit_code in {0, 1},
        "exitCode": part.exit_code,
        "toolExecutionNotifications": notifications,
    }
    for header in part.headers:
        if header.trouble:
            notifications.append(
                {
                    "descriptor": {"id": "target-not-fully-judged"},
                    "level": "error",
                    "message": {"text": _plain(header.trouble)},
                }
            )
        found |= _times(header)
        found["properties"] = {
            "target": _line(header.target),
            "url": _line(header.url),
            "profile": _line(header.profile),
            "why": _line(header.why),
            "model": _line(header.model),
            "requests": header.requests,
            "notes": [_line(note) for note in header.notes],
        }
    return found


def _times(header: Header) -> dict[str, Json]:
    """Return when the run of a target began and ended, if that is known."""
    try:
        start = datetime.fromisoformat(header.started).astimezone(UTC)
        end = start + timedelta(seconds=header.seconds)
    except (ValueError, OverflowError):
        return {}
    form = "%Y-%m-%dT%H:%M:%S.%fZ"
    return {"startTimeUtc": start.strftime(form), "endTimeUtc": end.strftime(form)}


def _remarks(result: Result) -> Iterator[tuple[str, str]]:
    """Yield the remarks on *result*; a command that would be cut is of no use."""
    for name, value in remarks(result):
        if name not in {"again", "request"} or len(value) <= LONGEST:
            yield name, value


def _plain(value: str) -> str:
    """Return *value* on one line, in which nothing is a link (SARIF 3.11.6)."""
    return re.sub(r"\](?=\()", "] ", _line(value))


def _line(value: str) -> str:
    return escape_controls(_cut(value))


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
