"""Reads a saved report back: the file that `--report json=FILE` writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import jsonschema_rs

from contract.errors import UsageError
from contract.files.bounded import MOST_RECORDED, read_bounded
from contract.model.check import Check, Finding, Findings, NotApplicable, shorten
from contract.model.strict_json import MISSING, read_json
from contract.plugins.discovery import find
from contract.run.latencies import StreamTimes
from contract.run.report import FORMAT, Header, Outcome, Report, Result, Tally

T = TypeVar("T")
_CRASHED = 4  # the exit code of a report in which a check itself raised
_FAMILY = "report-v"  # what the name of every version of the format begins with
_LONGEST = 120  # characters of a quoted problem


def read_report(path: str | Path) -> Report:
    """
    Return the report that was saved in the file *path*.

    What a report file does not hold cannot come back: the exchanges of a result (so
    `requests` is empty if the report is written again, and JUnit has no times of single
    requests), and members that a later version added. Everything else is as it was:
    `to_json` of the report, `requests` aside, is the content of the file.

    A check is looked up by its id among the installed ones, and keeps the requirement
    and the source of the file; one that is no longer installed has only these. Usage::

        report = contract.read_report("report.json")
        assert report.exit_code == 0

    Raises `UsageError`, one sentence, if the file cannot be read, is larger than
    `MOST_RECORDED`, or is not a whole report of this version of the format.
    """
    try:
        raw = read_bounded(Path(path), MOST_RECORDED)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}; name a file that --report "
            "json=FILE wrote."
        ) from error
    value = read_json(raw)
    if value is MISSING:
        raise UsageError(f"{path} {_why_no_json(raw)}; create it again.")
    return report_from_json(value, str(path))


def report_from_json(value: object, name: str) -> Report:
    """
    Return the report whose JSON form is *value*; *name* is its file, for errors.

    Raises `UsageError` as `read_report` does.
    """
    said = value.get("format") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not _is_version(said):
        raise UsageError(
            f"{name} is not a report of magistral-contract; create one with "
            "magistral-contract verify TARGET --report json=FILE."
        )
    if said != FORMAT:
        raise UsageError(
            f"{name} has the format {shorten(said, 40)}, and this version reads "
            f"{FORMAT}; read it with the version of magistral-contract that wrote it."
        )
    _ensure_valid(value, name)
    installed = find("checks", Check)
    crashed = value["exit_code"] == _CRASHED
    results = tuple(_result(one, installed, name) for one in value["results"])
    if crashed:
        results = _with_crashes(results)
    return Report(
        headers=tuple(_build(Header, one) for one in value["targets"]),
        results=results,
        strict=value["strict"],
        streams={
            one["target"]: tuple(_stream(times, name) for times in one["streams"])
            for one in value["targets"]
            if one.get("streams")
        },
        known=frozenset(_known(value)),
    )


def _known(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield target and check of the failures that did not fail the run."""
    counts = {"MUST", "SHOULD"} if value["strict"] else {"MUST"}
    for one in value["results"]:
        failed = one["outcome"] == Outcome.FAIL.value
        if failed and one["level"] in counts and not one["violates"]:
            yield one["target"], one["check"]


def recorded_check(
    id: str, requirement: str, source: str, installed: Mapping[str, Check]
) -> Check:
    """
    Return the check *id* with the words it had when it was judged.

    *installed* are the checks by id. The judge of a check that is not among them yields
    nothing: it is not applicable.
    """
    known = installed.get(id) or Check(
        id=id, requirement=requirement, source=source, sends=(), judge=_not_installed
    )
    return replace(known, requirement=requirement, source=source)


def _is_version(said: object) -> bool:
    return isinstance(said, str) and said.startswith(_FAMILY)


def _not_installed(*_exchanges: object) -> Findings:
    yield from ()
    raise NotApplicable("the check is not installed")


@cache
def _validator() -> jsonschema_rs.Validator:
    text = resources.files(__package__).joinpath("report-v1.schema.json").read_text()
    return jsonschema_rs.validator_for(json.loads(text))


def _ensure_valid(value: Mapping[str, Any], name: str) -> None:
    """Raise `UsageError` with the first departure from the schema of the format."""
    try:
        problem = next(iter(_validator().iter_errors(value)), None)
    except ValueError as error:  # the name of a member is no text (a lone surrogate)
        raise UsageError(f"{name} is damaged ({error}); create it again.") from error
    if problem is not None:
        at = "/".join(map(str, problem.instance_path)) or "the top"
        raise UsageError(
            f"{name} is damaged (at {shorten(at, _LONGEST)}: "
            f"{shorten(problem.message, _LONGEST)}); create it again."
        )


def _why_no_json(raw: bytes) -> str:
    """Return a clause that says why *raw*, the content of a file, is not JSON."""
    if not raw.strip():
        return "is empty"
    try:
        text = raw.decode()
        json.loads(text)
    except UnicodeDecodeError:
        return "is not UTF-8"
    except RecursionError:
        return "is nested too deeply to be a report"
    except json.JSONDecodeError as error:
        whole = len(text.rstrip())
        if text.lstrip().startswith("{") and (
            error.pos >= whole - 1 or error.msg.startswith("Unterminated string")
        ):
            return f"was cut off after {len(raw)} bytes"
        return f"is not JSON ({error.msg}, line {error.lineno})"
    return "is not strict JSON (it holds NaN or Infinity)"


def _result(
    value: Mapping[str, Any], installed: Mapping[str, Check], name: str
) -> Result:
    check = recorded_check(
        value["check"], value["requirement"], value["source"], installed
    )
    if check.level.value != value["level"]:
        raise UsageError(
            f"{name} is damaged (the requirement of {check.id} is a {check.level}, its "
            f"level {value['level']}); create it again."
        )
    replies = value.get("replies")
    figures = {
        key: _number(one, f"a figure of {check.id}", name)
        for key, one in value.get("figures", {}).items()
    }
    return Result(
        check=check,
        target=value["target"],
        outcome=Outcome(value["outcome"]),
        findings=tuple(_build(Finding, one) for one in value["findings"]),
        reason=value["reason"],
        again=value["again"],
        seconds=value["seconds"],
        figures=figures,
        tally=None if replies is None else _build(Tally, replies),
        curl=value.get("curl", ""),
    )


def _stream(value: Mapping[str, Any], name: str) -> StreamTimes:
    times = {
        key: _number(one, "a time", name)
        for key, one in value.items()
        if isinstance(one, int | float)
    }
    return _build(StreamTimes, {**value, **times})


def _number(value: float, what: str, name: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise UsageError(
            f"{name} is damaged ({what} is beyond all numbers); create it again."
        ) from error


def _build(kind: type[T], value: Mapping[str, Any]) -> T:
    """Return the dataclass *kind* of the members in *value* that it has fields for."""
    known = {one.name for one in fields(kind)}  # type: ignore[arg-type]
    return kind(
        **{
            key: tuple(member) if isinstance(member, list) else member
            for key, member in value.items()
            if key in known
        }
    )


def _with_crashes(results: tuple[Result, ...]) -> tuple[Result, ...]:
    """Return *results* with those marked in which the check itself raised."""
    errors = [one for one in results if one.outcome is Outcome.ERROR]
    crashes = [one for one in errors if _names_crash(one)] or errors
    return tuple(
        replace(one, broken=True) if any(one is c for c in crashes) else one
        for one in results
    )


def _names_crash(result: Result) -> bool:
    """Return whether the reason is the message of a `CheckError`."""
    start = f"check {result.check.id}"
    return result.reason.startswith(start) and " is broken: " in result.reason
