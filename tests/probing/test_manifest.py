"""The probes for Kubernetes in `docs/probe.md`: valid manifests, and valid commands."""

from __future__ import annotations

import re
from pathlib import Path

import click
import kubernetes_validate
import pytest
import yaml

from contract.cli.probe import probe_command

PAGE = Path(__file__).parents[2] / "docs" / "probe.md"
MANIFESTS = [
    manifest
    for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    for manifest in yaml.safe_load_all(block)
]
PROBES = [
    (container, name)
    for manifest in MANIFESTS
    for container in manifest["spec"]["containers"]
    for name in ("startupProbe", "readinessProbe", "livenessProbe")
    if name in container
]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: one["kind"])
def test_a_manifest_is_what_kubernetes_takes(manifest):
    kubernetes_validate.validate(manifest, "1.31", strict=True)


def test_a_misspelled_member_is_not_taken():
    wrong = yaml.safe_load(yaml.safe_dump(MANIFESTS[0]))
    wrong["spec"]["containers"][1]["readinessProbe"]["periodSecond"] = 1

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.31", strict=True)


@pytest.mark.parametrize(("container", "name"), PROBES)
def test_the_command_is_taken_and_ends_before_kubernetes_ends_it(container, name):
    wanted = container[name]
    program, verb, *arguments = wanted["exec"]["command"]
    context = click.Context(probe_command)
    with context:
        probe_command.parse_args(context, list(arguments))

    assert (program, verb) == ("magistral-contract", "probe")
    assert context.params["target"].startswith("http://127.0.0.1:8000")
    assert context.params["limit"] < wanted["timeoutSeconds"] <= wanted["periodSeconds"]


def test_both_kinds_of_probe_are_shown():
    assert {name for _, name in PROBES} == {"startupProbe", "readinessProbe"}
