"""`deploy/` as the programs read it that it is for; each is skipped where it is not."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml
from support.runs import FAIL, MUST, report

from contract.watching.loop import Run
from contract.watching.metrics import Metrics
from contract.watching.state import Watched

pytestmark = pytest.mark.tools
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
PATIENCE = 60  # seconds
ALERTS = DEPLOY / "prometheus-alerts.yml"


def needed(name, package):
    """The path of the program *name*; skipped without it."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name}: install {package}")
    return found


def ran(*command):
    return subprocess.run(  # noqa: S603  # not a shell
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd=DEPLOY,
    )


@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", ALERTS.name), ("test", "rules", "prometheus-alerts.test.yml")],
)
def test_promtool_accepts_the_rules_and_their_tests(arguments):
    done = ran(needed("promtool", "the package prometheus"), *arguments)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def asked(port, path, **query):
    """The data that Prometheus answers, or None while it does not."""
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
    try:
        with urllib.request.urlopen(url, timeout=5) as got:
            return json.load(got)["data"]
    except (urllib.error.URLError, ConnectionError):
        return None


def awaited(question):
    """What *question* returns as soon as it is true."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := question():
            return found
        time.sleep(0.2)
    return pytest.fail("Prometheus has no answer")


def test_prometheus_scrapes_a_watch_and_raises_the_alert(tmp_path):
    program = needed("prometheus", "the package prometheus")
    metrics, watched = Metrics(), Watched(target="http://llm.test/v1")
    one = report((MUST, FAIL), target="http://llm.test/v1")
    metrics.record(
        Run(watched=watched, report=one, changes=watched.settle(one, one, at="2026"))
    )
    with metrics.served("127.0.0.1", 0) as scraped:
        config = tmp_path / "prometheus.yml"
        config.write_text(
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                    "rule_files": [str(ALERTS)],
                    "scrape_configs": [
                        {
                            "job_name": "contract",
                            "static_configs": [{"targets": [f"127.0.0.1:{scraped}"]}],
                        }
                    ],
                }
            )
        )
        port = free_port()
        with subprocess.Popen(  # noqa: S603  # not a shell
            [
                program,
                f"--config.file={config}",
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as running:
            try:
                query = 'magistral_contract_failing_checks{target="http://llm.test/v1"}'
                found = awaited(
                    lambda: (asked(port, "query", query=query) or {}).get("result")
                )
                broken = awaited(
                    lambda: [
                        alert
                        for alert in (asked(port, "alerts") or {}).get("alerts", ())
                        if alert["labels"]["alertname"] == "MagistralContractBroken"
                    ]
                )
                groups = asked(port, "rules")["groups"]
            finally:
                running.terminate()
                running.wait(PATIENCE)

    assert found[0]["value"][1] == "1"
    assert broken[0]["labels"]["target"] == "http://llm.test/v1"
    rules = groups[0]["rules"]
    assert len(rules) == 6
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}


def members(one, other, at=""):
    """The places of what is in *one* and not, or otherwise, in *other*."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key, value in one.items():
            yield from members(value, other.get(key), f"{at}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, pair in enumerate(zip(one, other, strict=True)):
            yield from members(*pair, f"{at}/{place}")
    elif one != other:
        yield f"{at}: {one!r} is read as {other!r}"


def test_the_dashboard_is_one_to_grafanas_own_library():
    """Grafana itself is in no registry: its library of the schema reads all of it."""
    dashboard = pytest.importorskip(
        "grafana_foundation_sdk.models.dashboard",
        reason="no grafana-foundation-sdk: install the extra dev",
    )
    encoder = pytest.importorskip("grafana_foundation_sdk.cog.encoder")
    pytest.importorskip("grafana_foundation_sdk.cog.plugins").register_default_plugins()
    document = json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))
    read = dashboard.Dashboard.from_json(document)
    back = json.loads(encoder.JSONEncoder(sort_keys=True).encode(read))

    assert list(members(document, back)) == []
    wrong = {**document, "panelz": []}
    again = dashboard.Dashboard.from_json(wrong)
    text = encoder.JSONEncoder(sort_keys=True).encode(again)
    assert list(members(wrong, json.loads(text)))


def test_systemd_accepts_the_unit(tmp_path):
    program = needed("systemd-analyze", "the package systemd")
    text = (DEPLOY / "magistral-contract-watch.service").read_text("utf-8")
    unit = tmp_path / "magistral-contract-watch.service"
    # The program of the unit is not installed where this test runs.
    unit.write_text(
        text.replace("/opt/magistral-contract/bin/magistral-contract", sys.executable)
    )
    done = ran(program, "verify", str(unit))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")

    unit.write_text(unit.read_text().replace("Restart=", "Restarts="))
    assert "Restarts" in ran(program, "verify", str(unit)).stderr


def test_kubernetes_accepts_the_manifests():
    validate = pytest.importorskip(
        "kubernetes_validate", reason="no kubernetes-validate: install the extra test"
    )
    text = (DEPLOY / "kubernetes.yaml").read_text("utf-8")
    found = list(yaml.safe_load_all(text))

    assert [one["kind"] for one in found] == ["CronJob", "Deployment", "Pod"]
    for one in found:
        assert validate.validate(one, "1.30", strict=True)
    found[0]["spec"]["shedule"] = "daily"
    with pytest.raises(validate.ValidationError):
        validate.validate(found[0], "1.30", strict=True)
