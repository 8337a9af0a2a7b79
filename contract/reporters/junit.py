"""JUnit XML reporter, for the test views of CI systems."""

from __future__ import annotations

import io
import re

import junitparser
from junitparser.junitparser import FinalResult

from contract.model.escape import escape_controls
from contract.reporters.base import by_target, describe_findings, reporter, verdict
from contract.run.report import Header, Outcome, Report, Result

# XML 1.0 2.2: Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | …
# ElementTree writes other characters without an error, and no parser accepts them.
# (Tabs and carriage returns have been escaped before.)
_FORBIDDEN = re.compile("[^\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@reporter("junit", suffix=".xml")
def junit(report: Report) -> str:
    """Return a suite per target; a failure contains the findings and the command."""
    root = junitparser.JUnitXml("magistral-contract")
    for part in by_target(report):
        root.add_testsuite(_suite(part))
    root.update_statistics()
    written = io.BytesIO()
    root.write(written, pretty=True)
    return written.getvalue().decode()


def _suite(report: Report) -> junitparser.TestSuite:
    header = next(iter(report.headers), None)
    name = header.target if header else report.results[0].target
    suite = junitparser.TestSuite(_clean(name))
    if header:
        suite.timestamp = _clean(header.started)
        for key, value in _properties(header).items():
            suite.add_property(key, _clean(value))
    suite.add_property("verdict", _clean(verdict(report)))
    for result in report.results:
        suite.add_testcase(_case(report, result, header))
    if header and header.trouble:
        # Without a test case a target that could not be reached would look green.
        case = junitparser.TestCase("fully-judged", classname="target")
        kind = junitparser.Failure if header.failed else junitparser.Error
        trouble = _clean(header.trouble)
        case.result = [_with_text(kind(trouble), trouble)]
        suite.add_testcase(case)
    return suite


def _properties(header: Header) -> dict[str, str]:
    return {
        "url": header.url,
        "profile": header.profile,
        "profile.why": header.why,
        "model": header.model,
        "version": header.version,
        "requests": str(header.requests),
        "seconds": f"{header.seconds:.3f}",
        "notes": "; ".join(header.notes),
    }


def _case(
    report: Report, result: Result, header: Header | None
) -> junitparser.TestCase:
    check = result.check
    case = junitparser.TestCase(
        _clean(check.id), classname=_clean(check.family), time=round(result.seconds, 6)
    )
    properties = junitparser.Properties()
    for name, value in {
        "requirement": check.requirement,
        "level": check.level.value,
        "source": check.source,
        "profile": header.profile if header else "",
        "outcome": result.outcome.value,
        **_timings(result),
        **{name: f"{value:.6f}" for name, value in result.figures.items()},
    }.items():
        properties.add_property(junitparser.Property(name, _clean(value)))
    case.append(properties)
    if element := _result(report, result):
        case.result = [element]
    return case


def _timings(result: Result) -> dict[str, str]:
    """Return TTFT, TTFO and E2E of each exchange in seconds, in the order sent."""
    timings = [exchange.timing for exchange in result.exchanges]
    named = {
        "ttft": [timing.ttft for timing in timings],
        "ttfo": [timing.ttfo for timing in timings],
        "e2e": [timing.e2e for timing in timings],
    }
    return {
        name: " ".join(f"{value:.6f}" for value in values if value is not None)
        for name, values in named.items()
        if any(value is not None for value in values)
    }


def _result(report: Report, result: Result) -> FinalResult | None:
    """
    Return the element for the outcome; None if the check passed.

    A warning is a skipped test, so that the CI system agrees with the exit code.
    """
    element: FinalResult
    level = result.check.level.value
    match result.outcome:
        case Outcome.PASS:
            return None
        case Outcome.SKIP:
            reason = _clean(result.reason)
            return _with_text(junitparser.Skipped(reason), reason)
        case Outcome.WAIVED:
            element = junitparser.Skipped(_clean(f"waived: {result.reason}"))
        case Outcome.ERROR:
            element = junitparser.Error(_clean(result.reason))
        case Outcome.FAIL if report.violates(result):
            element = junitparser.Failure(_clean(result.check.requirement), level)
        case _:
            message = f"warning: {level} failed: {_first_message(result)}"
            element = junitparser.Skipped(_clean(message))
    return _with_text(element, describe_findings(result))


def _with_text(element: FinalResult, text: str) -> FinalResult:
    """
    Return *element* with *text*, whose lines have been escaped, and which is not empty.

    Codecov's parser reads an empty element, such as `<skipped message="…"/>`, as a
    passed test.
    """
    element.text = _FORBIDDEN.sub("", text) or "no reason is known"
    return element


def _first_message(result: Result) -> str:
    return result.findings[0].message if result.findings else result.reason


def _clean(text: str) -> str:
    """Return *text* on one line, without the characters that XML forbids."""
    return _FORBIDDEN.sub("", escape_controls(text))
