"""
Spans and metrics of runs by OTLP over HTTP, under the names of OpenTelemetry for GenAI.

The names, units and bucket boundaries are those of "Semantic conventions for generative
AI client spans and metrics". No prompt and no answer is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from contract._version import __version__
from contract.errors import UsageError
from contract.model.exchange import Exchange
from contract.model.redaction import SECRETS, register_secret
from contract.reporters.base import verdict_word
from contract.run.report import Header, Outcome, Report
from contract.watching.loop import Run

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.trace.export import SpanExporter

NAME = "magistral-contract"
TIMEOUT = 5  # seconds of one export
PERIOD = 15_000  # milliseconds between two exports of metrics
MOST_SPANS = 1_000  # chats of one run
DURATION = "gen_ai.client.operation.duration"
FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"
PER_CHUNK = "gen_ai.client.operation.time_per_output_chunk"
TOKENS = "gen_ai.client.token.usage"
_BUCKETS: Mapping[str, Sequence[float]] = {
    DURATION: [0.01 * 2**n for n in range(14)],
    FIRST_CHUNK: [
        *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1),
        *(0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
    ],
    PER_CHUNK: [
        *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5),
    ],
    TOKENS: [4.0**n for n in range(14)],
}
_NANO = 1_000_000_000
# The providers that the conventions name; any other is known by its own name.
_PROVIDERS = {"mistral": "mistral_ai"}


class Telemetry:
    """
    Sends what a run showed: a span for the run and for each chat, and four metrics.

    Usage::

        telemetry = Telemetry.to("http://127.0.0.1:4318", print)
        telemetry.record(run)
        telemetry.close()
    """

    def __init__(self, spans: SpanExporter, metrics: MetricExporter) -> None:
        """Send with the exporters *spans* and *metrics*."""
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415  # an extra
        from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415
            PeriodicExportingMetricReader,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        resource = Resource.create(
            {"service.name": NAME, "service.version": __version__}
        )
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracers.add_span_processor(
            BatchSpanProcessor(spans, export_timeout_millis=1_000 * TIMEOUT)
        )
        self._meters = MeterProvider(
            resource=resource,
            shutdown_on_exit=False,
            metric_readers=[
                PeriodicExportingMetricReader(
                    metrics,
                    export_interval_millis=PERIOD,
                    export_timeout_millis=1_000 * TIMEOUT,
                )
            ],
        )
        self._tracer = self._tracers.get_tracer(NAME, __version__)
        meter = self._meters.get_meter(NAME, __version__)
        units = {TOKENS: "{token}"}
        self._histograms = {
            name: meter.create_histogram(
                name,
                unit=units.get(name, "s"),
                explicit_bucket_boundaries_advisory=buckets,
            )
            for name, buckets in _BUCKETS.items()
        }

    @classmethod
    def to(cls, url: str, say: Callable[[str], None]) -> Telemetry:
        """
        Return what sends to the collector at *url*; raise `UsageError` if it is none.

        A collector that does not answer ends nothing: OpenTelemetry drops what it
        cannot deliver, and *say* is given one sentence about it, once.
        """
        try:
            parts = urlsplit(url)
            valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            valid = False
        if not valid or parts.query or parts.fragment:
            raise UsageError(
                "The URL of --otlp is invalid; write it as http://HOST:4318, and put "
                "headers into OTEL_EXPORTER_OTLP_HEADERS."
            )
        register_secret(parts.password)
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
            OTLPMetricExporter,
        )
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )

        # The log has a traceback for each failure.
        log = logging.getLogger("opentelemetry")
        log.handlers = [_Once(f"{parts.scheme}://{parts.hostname}", say)]
        log.propagate = False
        root = url.rstrip("/")
        return cls(
            OTLPSpanExporter(endpoint=f"{root}/v1/traces", timeout=TIMEOUT),
            OTLPMetricExporter(endpoint=f"{root}/v1/metrics", timeout=TIMEOUT),
        )

    def record(self, run: Run) -> None:
        """Record *run* and each of its chats."""
        from opentelemetry.trace import (  # noqa: PLC0415
            SpanKind,
            Status,
            StatusCode,
            set_span_in_context,
        )

        for header in run.report.headers:
            start = int(datetime.fromisoformat(header.started).timestamp() * _NANO)
            root = self._tracer.start_span(
                "magistral_contract.run",
                start_time=start,
                attributes=_masked(_run_attributes(header, run.report)),
            )
            for exchange in _chats(run.report):
                attributes = _masked(_attributes(exchange, header))
                self._measure(exchange, attributes)
                if exchange.sent_at is None:
                    continue
                began = int(exchange.sent_at * _NANO)
                span = self._tracer.start_span(
                    f"chat {attributes.get('gen_ai.request.model', '')}".strip(),
                    context=set_span_in_context(root),
                    kind=SpanKind.CLIENT,
                    start_time=began,
                    attributes={**attributes, **_masked(_usage(exchange))},
                )
                if "error.type" in attributes:
                    span.set_status(Status(StatusCode.ERROR))
                span.end(began + int(exchange.elapsed * _NANO))
            root.end(start + int(header.seconds * _NANO))

    def _measure(self, exchange: Exchange, attributes: Mapping[str, Any]) -> None:
        def record(name: str, value: float, **more: str) -> None:
            tags = {key.replace("__", "."): text for key, text in more.items()}
            self._histograms[name].record(value, {**attributes, **tags})

        record(DURATION, exchange.elapsed)
        for kind, name in (("input", "prompt_tokens"), ("output", "completion_tokens")):
            if (tokens := exchange.count(name)) is not None:
                record(TOKENS, tokens, gen_ai__token__type=kind)
        if exchange.streamed and exchange.end.whole:
            first = next((arrival.at for arrival in exchange.arrivals), None)
            if first is not None:
                record(FIRST_CHUNK, first)
            for gap in exchange.timing.icl:
                record(PER_CHUNK, gap)

    def close(self) -> None:
        """Send what is waiting, for a few seconds at most, and stop."""
        self._tracers.shutdown()
        self._meters.shutdown(timeout_millis=1_000 * TIMEOUT)


def _chats(report: Report) -> Iterator[Exchange]:
    """Yield the chats of *report*, each once."""
    found = {
        id(exchange): exchange
        for result in report.results
        for exchange in result.exchanges
        if exchange.request.path.endswith(exchange.profile.dialect.path)
        and exchange.request.method == "POST"
    }
    yield from list(found.values())[:MOST_SPANS]


def _attributes(exchange: Exchange, header: Header) -> dict[str, Any]:
    """Return the attributes that spans and metrics share; few distinct values each."""
    url = urlsplit(header.url)
    provider = exchange.profile.dialect.id.partition("-")[0]
    found: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _PROVIDERS.get(provider, provider),
        "gen_ai.request.model": header.model,
        "server.address": url.hostname or "",
    }
    if url.port:
        found["server.port"] = url.port
    if exchange.status is None or not exchange.end.whole:
        found["error.type"] = exchange.end.value
    elif exchange.status >= HTTPStatus.BAD_REQUEST:
        found["error.type"] = str(exchange.status)
    return found


def _usage(exchange: Exchange) -> dict[str, Any]:
    """Return the attributes of a span that metrics do not have."""
    found: dict[str, Any] = {
        "gen_ai.request.stream": exchange.streamed,
        "magistral_contract.request": exchange.probe.name,
    }
    for name, member in (
        ("gen_ai.usage.input_tokens", "prompt_tokens"),
        ("gen_ai.usage.output_tokens", "completion_tokens"),
    ):
        if (tokens := exchange.count(member)) is not None:
            found[name] = tokens
    return found


def _run_attributes(header: Header, report: Report) -> dict[str, Any]:
    counts = report.counts
    return {
        "magistral_contract.target": header.target,
        "magistral_contract.profile": header.profile,
        "magistral_contract.verdict": verdict_word(report),
        "magistral_contract.requests": header.requests,
        **{
            f"magistral_contract.checks.{outcome.value}": counts.get(outcome, 0)
            for outcome in Outcome
        },
    }


def _masked(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return dict(SECRETS.mask_deep(dict(attributes)))


class _Once(logging.Handler):
    """Says the first time that something cannot be delivered, and no more."""

    def __init__(self, place: str, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._place, self._say, self._said = place, say, False

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  # its signature
        """Say once that the collector does not take what is sent."""
        if not self._said:
            self._said = True
            self._say(f"warning: {self._place} does not take spans or metrics by OTLP")
