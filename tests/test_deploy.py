"""`deploy/`: what dashboards and alerts read is what `watch` serves."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from support.runs import FAIL, MUST, report

from contract.cli.history import history_command
from contract.cli.verify import verify_command
from contract.cli.watch import watch_command
from contract.watching.loop import Run
from contract.watching.metrics import PREFIX, Metrics
from contract.watching.state import Watched

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
NAME = re.compile(rf"{PREFIX}\w+")
VERBS = {"verify": verify_command, "watch": watch_command, "history": history_command}


def served():
    """The names and the labels of the metrics after a run that failed."""
    metrics, watched = Metrics(), Watched(target="one")
    one = report((MUST, FAIL))
    metrics.record(
        Run(watched=watched, report=one, changes=watched.settle(one, one, at="2026"))
    )
    return {
        sample.name: {"target", *sample.labels}
        for family in metrics.registry.collect()
        for sample in family.samples
    } | {f"{PREFIX}latency_seconds": {"target", "metric", "quantile"}}


@pytest.mark.parametrize(
    "name",
    ["grafana-dashboard.json", "prometheus-alerts.yml", "prometheus-alerts.test.yml"],
)
def test_every_metric_is_served_with_these_labels(name):
    text = (DEPLOY / name).read_text("utf-8")
    known = served()
    used = set(NAME.findall(text))

    assert used
    assert used - set(known) == set()
    for metric, labels in re.findall(rf"({PREFIX}\w+)\{{([^}}]*)\}}", text):
        found = set(re.findall(r"(\w+)\\?(?:=~|=)\\?", labels))
        assert found <= known[metric], metric


def test_the_dashboard_shows_every_metric_that_changes():
    text = json.dumps(
        json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
    )
    shown = {"up", "failing_checks", "condition", "checks", "latency_seconds"}

    assert {f"{PREFIX}{name}" for name in shown} <= set(NAME.findall(text))


def commands():
    """The command lines in the manifests and the unit."""
    unit = (DEPLOY / "magistral-contract-watch.service").read_text("utf-8")
    yield shlex.split(re.search(r"ExecStart=(.*)", unit)[1])
    text = (DEPLOY / "kubernetes.yaml").read_text("utf-8")
    waiting = list(yaml.safe_load_all(text))
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if one.get("command", [""])[0] == "magistral-contract":
                yield [*one["command"], *one.get("args", [])]
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def test_every_command_line_can_be_parsed():
    found = list(commands())

    assert len(found) == 4
    for _, verb, *words in found:
        context = VERBS[verb].make_context(verb, [*words, "--no-config"])
        assert context.params["targets"]
