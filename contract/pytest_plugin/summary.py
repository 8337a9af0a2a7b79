"""Summary of a test run: the verdict of each target, and the reports."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import pytest

from contract.cli.outputs import outputs, profiles
from contract.model.check import Check
from contract.model.escape import escape_controls
from contract.plugins.discovery import find
from contract.pytest_plugin.judged import unpack
from contract.pytest_plugin.settings import Settings
from contract.reporters.base import by_target, verdict
from contract.run.report import Header, Report, Result


class Summary:
    """Collects the results attached to test reports, including those of workers."""

    def __init__(self, chosen: Settings) -> None:
        self._chosen = chosen
        self._outputs = outputs(chosen.report)
        self._headers: dict[str, Header] = {}
        self._results: list[Result] = []

    @cached_property
    def _checks(self) -> dict[str, Check]:
        return dict(find("checks", Check))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add the result that is attached to *report*."""
        packed = getattr(report, "contract", None)
        if packed is None:
            return
        judged = unpack(packed, self._checks, profiles(self._chosen.profiles))
        self._results.append(judged.result)
        known = self._headers.get(judged.header.target, judged.header)
        self._headers[judged.header.target] = replace(
            judged.header,
            requests=max(known.requests, judged.header.requests),
            seconds=max(known.seconds, judged.header.seconds),
        )

    @property
    def report(self) -> Report:
        """The report of all results so far."""
        return Report(
            headers=tuple(self._headers.values()),
            results=tuple(self._results),
            strict=self._chosen.strict,
        )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the reports."""
        for output in self._outputs:
            output.write(self.report)

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Print a line for each target, and the paths of the reports."""
        if not self._results:
            return
        terminalreporter.section("magistral-contract")
        for part in by_target(self.report):
            (header,) = part.headers
            origin = "profile unknown"
            if header.profile:
                origin = f"{header.profile}: {header.why}"
            name = escape_controls(f"{header.target} ({origin})")
            terminalreporter.line(f"{name} {verdict(part)}")
        for output in self._outputs:
            terminalreporter.line(f"{output.reporter.id} report: {output.path}")
