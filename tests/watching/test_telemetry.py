"""`contract.watching.telemetry`: the names of the conventions, and no content."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import contract
from contract.errors import UsageError
from contract.watching import telemetry
from contract.watching.loop import Run
from contract.watching.state import Watched
from contract.watching.telemetry import Telemetry


class Kept(MetricExporter):
    """Keeps the histograms that are exported, by name."""

    def __init__(self):
        super().__init__()
        self.found = {}

    def export(self, metrics_data, **_):
        for resource in metrics_data.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.found[metric.name] = metric
        return MetricExportResult.SUCCESS

    def force_flush(self, **_):
        return True

    def shutdown(self, **_):
        pass


@pytest.fixture(scope="module")
def sent():
    """What is sent for one run: (spans, metrics by name)."""
    spans, metrics = InMemorySpanExporter(), Kept()
    one = contract.verify(
        "mock:mistral", select=["streaming.ends-with-done", "rejections.unknown-model"]
    )
    sending = Telemetry(spans, metrics)
    sending.record(Run(watched=Watched(target="mock:mistral"), report=one, changes=()))
    sending.close()
    return spans.get_finished_spans(), metrics.found


def test_the_metrics_have_the_names_and_units_of_the_conventions(sent):
    _, metrics = sent

    assert {name: one.unit for name, one in metrics.items()} == {
        "gen_ai.client.operation.duration": "s",
        "gen_ai.client.operation.time_to_first_chunk": "s",
        "gen_ai.client.operation.time_per_output_chunk": "s",
        "gen_ai.client.token.usage": "{token}",
    }
    points = metrics[telemetry.TOKENS].data.data_points
    assert {p.attributes["gen_ai.token.type"] for p in points} == {"input", "output"}
    assert all(p.attributes["gen_ai.operation.name"] == "chat" for p in points)
    assert all(p.attributes["gen_ai.provider.name"] == "mistral_ai" for p in points)
    assert points[0].explicit_bounds[:4] == (1, 4, 16, 64)


def test_a_run_is_a_span_and_so_is_each_chat(sent):
    spans, _ = sent
    (root,) = (one for one in spans if one.parent is None)
    chats = [one for one in spans if one.parent is not None]

    assert root.name == "magistral_contract.run"
    assert root.attributes["magistral_contract.verdict"] == "PASSED"
    assert chats
    for chat in chats:
        assert chat.name == f"chat {chat.attributes['gen_ai.request.model']}"
        assert chat.parent.span_id == root.context.span_id
        assert chat.end_time > chat.start_time
        assert chat.attributes["server.address"] == "127.0.0.1"


def test_no_prompt_and_no_answer_is_sent(sent):
    spans, metrics = sent
    text = repr([one.to_json() for one in spans]) + repr(metrics)

    assert "messages" not in text
    assert "6 times 7" not in text


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:4318", "grpc://h:4317", "http://", "http://h:x", "http://h?k=1"],
)
def test_what_is_no_collector_is_refused(url):
    with pytest.raises(UsageError, match="--otlp is invalid"):
        Telemetry.to(url, print)


def test_a_collector_that_is_away_is_said_once(monkeypatch):
    monkeypatch.setattr(telemetry, "TIMEOUT", 1)
    said = []
    sending = Telemetry.to("http://me:secret-of-otlp@127.0.0.1:9", said.append)
    one = contract.verify("mock:vllm", select="streaming.ends-with-done")
    sending.record(Run(watched=Watched(target="mock:vllm"), report=one, changes=()))
    sending.close()

    assert said == ["warning: http://127.0.0.1 does not take spans or metrics by OTLP"]
