"""Summary of a test run: the verdict of each target, and the reports."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import pytest

from contract.cli.outputs import outputs, profiles, write_all
from contract.errors import ContractError
from contract.model.check import Check
from contract.model.redaction import sanitise
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
        self._errors: tuple[ContractError, ...] = ()

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
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports; one that cannot be written costs no other."""
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal and any(output.path == "-" for output in self._outputs):
            # The line of dots is open, and a command is a whole line of a log.
            terminal.write("\n", flush=True)
        self._errors = write_all(self._outputs, self.report)
        if self._errors and session.exitstatus in {
            pytest.ExitCode.OK,
            pytest.ExitCode.TESTS_FAILED,
        }:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Print a line for each target, and the paths of the reports."""
        if not (self._results or self._errors):
            return
        terminalreporter.section("magistral-contract")
        for error in self._errors:
            terminalreporter.line(f"error: {error}", red=True)
        for part in by_target(self.report):
            (header,) = part.headers
            origin = "profile unknown"
            if header.profile:
                origin = f"{header.profile}: {header.why}"
            name = sanitise(f"{header.target} ({origin})")
            terminalreporter.line(f"{name} {sanitise(verdict(part))}")
        for output in self._outputs:
            terminalreporter.line(f"{output.reporter.id} report: {output.path}")
