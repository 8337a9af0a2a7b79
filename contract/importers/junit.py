"""JUnit reports of newman and apidog-cli: every test with its outcome."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from contract.importers.base import Assertion, ClientRun, importer, number, words


@importer("junit")
def junit(text: str) -> ClientRun | None:
    """
    Return the run in a JUnit report; None for other text.

    A test case is read if its name is that of a test of a collection that was exported
    here. A document type, with which a file could grow without bounds, is refused.
    """
    if not text.lstrip().startswith("<") or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ET.fromstring(text)  # noqa: S314  # without a document type
    except (ET.ParseError, ValueError):
        return None
    if root.tag not in {"testsuites", "testsuite"}:
        return None
    suites = [root] if root.tag == "testsuite" else list(root.iter("testsuite"))
    cases = list(root.iter("testcase"))
    started = next(
        (words(s.get("timestamp")) for s in suites if s.get("timestamp")), ""
    )
    return ClientRun(
        client="junit",
        title=words(root.get("name"), "a test suite"),
        started=started,
        seconds=_seconds(root),
        requests=len(suites),
        assertions=tuple(map(_assertion, cases)),
    )


def _assertion(case: ET.Element) -> Assertion:
    failure = next(_children(case, "failure", "error"), None)
    return Assertion(
        name=words(case.get("name")),
        failure=None if failure is None else words(failure.get("message")),
        skipped=case.find("skipped") is not None,
        seconds=_seconds(case),
    )


def _children(case: ET.Element, *tags: str) -> Iterator[ET.Element]:
    return (child for child in case if child.tag in tags)


def _seconds(element: ET.Element) -> float:
    try:
        return number(float(element.get("time") or 0))
    except ValueError:
        return 0.0
