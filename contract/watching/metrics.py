"""Metrics of watched targets for Prometheus, on a port of this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, start_http_server
from prometheus_client import Counter as Count

from contract.errors import UsageError
from contract.history.latency import PERCENTILES, latencies
from contract.reporters.base import mask_report, verdict_word
from contract.run.report import Outcome, Report
from contract.watching.loop import Run
from contract.watching.state import Condition, Kind, is_away

PREFIX = "magistral_contract_"
VERDICTS = ("PASSED", "FAILED", "INCONCLUSIVE", "ERROR", "NOTHING CHECKED")


class Metrics:
    """
    The metrics of all targets; every name begins with `magistral_contract_`.

    Usage::

        metrics = Metrics()
        with metrics.served("127.0.0.1", 9464):
            metrics.record(run)
    """

    def __init__(self) -> None:
        """Define the metrics, in a registry of their own."""
        self.registry = CollectorRegistry()

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            names = ("target", *labels)
            return Gauge(PREFIX + name, text, names, registry=self.registry)

        def count(name: str, text: str, *labels: str) -> Count:
            names = ("target", *labels)
            return Count(PREFIX + name, text, names, registry=self.registry)

        self._up = gauge("up", "1 if the last run could open the target, else 0.")
        self._condition = gauge(
            "condition", "1 for the condition of the target, else 0.", "condition"
        )
        self._verdict = gauge(
            "verdict", "1 for the verdict of the last whole run, else 0.", "verdict"
        )
        self._failing = gauge("failing_checks", "Checks that are confirmed to fail.")
        self._checks = gauge(
            "checks", "Checks of the last whole run.", "family", "outcome"
        )
        self._duration = gauge("run_duration_seconds", "Wall time of the last run.")
        self._last = gauge(
            "last_run_timestamp_seconds", "When the last run began; time() - it = age."
        )
        self._since = gauge(
            "condition_since_timestamp_seconds", "Since when the condition holds."
        )
        self._latency = gauge(
            "latency_seconds", "Latencies of the last run.", "metric", "quantile"
        )
        self._runs = count("runs", "Whole runs.", "verdict")
        self._requests = count("requests", "Requests sent by whole runs.")
        self._changes = count("state_changes", "Confirmed changes.", "kind")
        self._unconfirmed = count(
            "unconfirmed_failures", "Failures that did not happen again when repeated."
        )
        self._seen: dict[str, int] = {}

    def expect(self, target: str) -> None:
        """Show *target* before its first run, so that an alert can miss it."""
        self._up.labels(target).set(0)
        self._show_condition(target, Condition.UNKNOWN)
        self._last.labels(target).set(0)
        self._failing.labels(target).set(0)
        for kind in Kind:
            self._changes.labels(target, kind.value)
        self._unconfirmed.labels(target)
        self._requests.labels(target)

    def record(self, run: Run) -> None:
        """Take over what *run* showed."""
        report, watched = mask_report(run.report), run.watched
        target = watched.target
        away = is_away(report)
        self._up.labels(target).set(not away)
        self._show_condition(target, watched.condition)
        self._failing.labels(target).set(len(watched.failing))
        self._since.labels(target).set(_seconds(watched.since) or 0)
        word = verdict_word(report)
        for one in VERDICTS:
            self._verdict.labels(target, one).set(one == word)
        if run.whole:
            self._runs.labels(target, word).inc()
        for header in report.headers:
            self._duration.labels(target).set(header.seconds)
            self._requests.labels(target).inc(header.requests)
            self._last.labels(target).set(_seconds(header.started) or 0)
        for change in run.changes:
            self._changes.labels(target, change.kind.value).inc()
        new = watched.unconfirmed - self._seen.get(target, 0)
        self._seen[target] = watched.unconfirmed
        self._unconfirmed.labels(target).inc(new)
        if not away:  # otherwise the checks and latencies of the run before stay
            self._record_results(target, report)

    def _record_results(self, target: str, report: Report) -> None:
        counts = Counter((r.check.family, r.outcome) for r in report.results)
        for family in {family for family, _ in counts}:
            for outcome in Outcome:
                number = counts[family, outcome]
                self._checks.labels(target, family, outcome.value).set(number)
        for latency in latencies(report):
            for name, percent in PERCENTILES.items():
                value = getattr(latency, name).seen
                quantile = f"{percent / 100:g}"
                self._latency.labels(target, latency.metric, quantile).set(value)

    def _show_condition(self, target: str, condition: Condition) -> None:
        for one in Condition:
            self._condition.labels(target, one.value).set(one is condition)

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[int]:
        """
        Serve `/metrics` on *host* and *port* (0: a free one); yield the port.

        Raises `UsageError` if the port cannot be had.
        """
        try:
            server, thread = start_http_server(port, addr=host, registry=self.registry)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise UsageError(
                f"Metrics cannot be served on {host}:{port}: {why}. Choose another "
                "address with --metrics, e.g. :9465."
            ) from error
        try:
            yield int(server.server_port)
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)


def _seconds(moment: str) -> float | None:
    """Return the ISO 8601 time *moment* in seconds since the epoch."""
    try:
        return datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return None
