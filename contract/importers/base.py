"""What an importer finds in the report of a client, and how that becomes a report."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from contract._version import __version__
from contract.exporters.verdict_steps import CANNOT_JUDGE, SKIPPED, WAIVED, WARNING
from contract.model.check import Check, Finding, Level
from contract.model.redaction import SECRETS, register_secret
from contract.run.reading import recorded_check
from contract.run.report import Header, Outcome, Report, Result

# "CHECK: REQUIREMENT", and what a verdict may append to it.
_NAME = re.compile(
    r"(?P<check>[a-z0-9-]+\.[a-z0-9-]+): (?P<requirement>.+?)"
    rf"(?: \[(?P<kind>{SKIPPED}|{WAIVED}|{WARNING}): (?P<reason>.*)\])?",
    re.DOTALL,
)
_LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_SECRET = re.compile(r"key|token|secret|passw|auth|credential", re.IGNORECASE)
_PLACEHOLDER = "{{"
NOT_RUN = "the client did not run this test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One test of a collection, as the client ran it."""

    # The name of the test.
    name: str
    # The message of its failure; None if it did not fail.
    failure: str | None = None
    # Whether the script asked the client to skip it.
    skipped: bool = False
    # The time of its request in seconds.
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRun:
    """A run of a collection by a client."""

    # The name of the client, or of the format of its report.
    client: str
    # The name of the collection.
    title: str
    # When the run began, ISO 8601 in UTC; empty if the report does not tell.
    started: str = ""
    # How long it took, in seconds.
    seconds: float = 0.0
    # The number of requests.
    requests: int = 0
    # The tests that ran, in order; a name may recur.
    assertions: tuple[Assertion, ...]
    # The names of all tests of the collection; empty if the report has no collection.
    expected: tuple[str, ...] = ()
    # Remarks on what the report cannot tell, one sentence each.
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Importer:
    """A format of reports."""

    # The name of the format.
    id: str
    # Returns the run that the text of a file describes; None for another format.
    read: Callable[[str], ClientRun | None]


def importer(
    id: str,
) -> Callable[[Callable[[str], ClientRun | None]], Importer]:
    """Return a decorator that makes an importer of a function; *id* names its format.

    Usage::

        @importer("newman")
        def newman(text: str) -> ClientRun | None: …
    """
    return lambda read: Importer(id, read)


def report_of(
    run: ClientRun, installed: Mapping[str, Check], *, strict: bool = False
) -> Report | None:
    """
    Return *run* as a report; None if none of its tests is of a check.

    *installed* are the checks by id; *strict* makes a failed SHOULD fail the run. It
    does so anyway if the client failed a SHOULD, because only a strict run lets it.
    """
    named = [(match, one) for one in run.assertions if (match := _read(one.name))]
    found: dict[str, list[Result]] = {}
    target = f"{run.client}: {run.title}"
    for match, one in named:
        result = _result(match, one, target, installed)
        found.setdefault(result.check.id, []).append(result)
    for name in run.expected:
        match = _read(name)
        if match is not None and match["check"] not in found:
            missing = Assertion(name=name, failure=f"{CANNOT_JUDGE}: {NOT_RUN}")
            result = _result(match, missing, target, installed)
            found[result.check.id] = [result]
    if not found:
        return None
    others = len(run.assertions) - len(named)
    notes = (f"{others} tests that are not of a check were left out",) if others else ()
    header = Header(
        target=target,
        url="",
        profile="",
        why=f"the results are those of a report of {run.client}",
        model="",
        version=__version__,
        started=run.started or datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=run.seconds,
        requests=run.requests,
        notes=(*run.notes, *notes),
    )
    # A test that fails though its requirement is a SHOULD: only a warning is skipped.
    failed = (m["check"] for m, one in named if one.failure is not None)
    lenient = {Level.SHOULD}
    stricter = any(
        result.check.level in lenient and result.outcome is Outcome.FAIL
        for check in failed
        for result in found[check]
    )
    return Report(
        headers=(header,),
        results=tuple(map(_merged, found.values())),
        strict=strict or stricter,
    )


def _read(name: str) -> re.Match[str] | None:
    return _NAME.fullmatch(name)


def _result(
    match: re.Match[str],
    one: Assertion,
    target: str,
    installed: Mapping[str, Check],
) -> Result:
    name, reason = match["check"], match["reason"] or ""
    source = installed[name].source if name in installed else ""
    check = recorded_check(name, match["requirement"], source, installed)
    result = Result(
        check=check, target=target, outcome=Outcome.PASS, seconds=one.seconds
    )
    if one.failure is not None:
        cannot, _, why = one.failure.partition(f"{CANNOT_JUDGE}: ")
        if why and not cannot:
            return replace(result, outcome=Outcome.ERROR, reason=why)
        finding = Finding(one.failure.removesuffix(".") or "the test failed")
        return replace(result, outcome=Outcome.FAIL, findings=(finding,))
    if match["kind"] == WAIVED:
        return replace(
            result,
            outcome=Outcome.WAIVED,
            reason=reason,
            findings=(Finding("the requirement is broken, as the profile documents"),),
        )
    if match["kind"] == WARNING:
        finding = Finding(reason.removesuffix("."))
        return replace(result, outcome=Outcome.FAIL, findings=(finding,))
    if one.skipped or match["kind"] == SKIPPED:
        why = reason or "the client skipped the test"
        return replace(result, outcome=Outcome.SKIP, reason=why)
    return result


def _merged(results: list[Result]) -> Result:
    """Return the result of a check whose test ran several times: the worst one."""
    judged = [one for one in results if one.outcome is not Outcome.SKIP] or results
    order = list(Outcome)
    worst = min(judged, key=lambda result: order.index(result.outcome))
    findings = dict.fromkeys(f for one in judged for f in one.findings)
    kept = tuple(findings) if worst.outcome is Outcome.FAIL else worst.findings
    return replace(
        worst, findings=kept, seconds=sum(result.seconds for result in results)
    )


def names_in(script: Iterable[object]) -> Iterator[str]:
    """Yield the names of the tests of checks that the lines of a *script* contain."""
    for line in script:
        for literal in _LITERAL.findall(line) if isinstance(line, str) else ():
            try:
                value = json.loads(literal)
            except ValueError:
                continue
            if _read(value):
                yield value


def steps(items: object) -> Iterator[dict[str, Any]]:
    """Yield the requests of a collection's *items*, those in folders included."""
    waiting = list(reversed(listed(items)))
    while waiting:
        item = waiting.pop()
        if "item" in item:
            waiting += reversed(listed(item["item"]))
        else:
            yield item


def assertion_names(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the tests of checks in a request of a collection."""
    names: dict[str, None] = {}
    for event in listed(item.get("event")):
        script = mapping(event.get("script")).get("exec")
        lines = script.splitlines() if isinstance(script, str) else script
        if event.get("listen") == "test" and isinstance(lines, list):
            names.update(dict.fromkeys(names_in(lines)))
    return tuple(names)


def register_secrets(collection: Mapping[str, Any], *variables: object) -> None:
    """
    Have every output mask the credentials in a client's report.

    They are the headers of the requests in *collection*, and the values of its
    variables and of *variables*, lists of `{"key": …, "value": …}`, whose name is that
    of a secret.
    """
    pairs = [*listed(collection.get("variable"))]
    for one in variables:
        pairs += listed(one)
    for pair in pairs:
        _register(pair)
    for item in steps(collection.get("item")):
        register_header_secrets(item.get("request"))


def register_header_secrets(request: object) -> None:
    """Have every output mask the credentials in the headers of a *request*."""
    for header in listed(mapping(request).get("header")):
        _register(header)


def _register(pair: Mapping[str, Any]) -> None:
    name, value = pair.get("key"), pair.get("value")
    if not (isinstance(name, str) and isinstance(value, str)):
        return
    if _SECRET.search(name) and _PLACEHOLDER not in value:
        SECRETS.register_header(value)
        register_secret(value)


def mapping(value: object) -> dict[str, Any]:
    """Return *value* if it is an object of JSON; else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[dict[str, Any]]:
    """Return the objects in *value*, if it is an array of JSON; else none."""
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def words(value: object, otherwise: str = "") -> str:
    """Return *value* if it is text, on one line; else *otherwise*."""
    return " ".join(value.split()) if isinstance(value, str) else otherwise


def number(value: object) -> float:
    """Return *value* if it is a number that is not negative; else 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value) if 0 <= value < 2**53 else 0.0


def times(run: dict[str, Any]) -> tuple[str, float]:
    """Return when a run of a client began, as ISO 8601, and the seconds it took."""
    found = mapping(run.get("timings"))
    started, completed = (number(found.get(n)) for n in ("started", "completed"))
    return moment(started), max(0.0, completed - started) / 1_000


def moment(milliseconds: object) -> str:
    """Return a time, in milliseconds since 1970, as ISO 8601 in UTC; "" for none."""
    seconds = number(milliseconds) / 1_000
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return ""
