"""Tests of whose failure a check is, in each report for people."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema_rs
import pytest

from contract.model.aspect import Aspect
from contract.model.check import Finding
from contract.plugins.discovery import find
from contract.reporters.attribution import NAMES, Blame, attributions, failing_behind
from contract.reporters.base import Reporter
from contract.run import report
from contract.run.altered import Alteration, Altered, Verdict
from contract.run.report import Outcome

KINDS = ("console", "html", "json", "markdown")
ATTACK = "so \x1b[31m<script>x</script> [a](b) `|` \u202e\ud800"


def altered(text="m", verdict=Verdict.NEVER):
    one = Alteration(
        aspect=Aspect.MODEL,
        verdict=verdict,
        what=text,
        backend=text,
        gateway=text,
        request=text,
        changed=1,
        compared=2,
        where=text,
    )
    return Altered(alterations=(one,), compared=2, unequal=1, varying=1, notes=(text,))


def with_outcome(report, outcome, text="wrong"):
    first, *others = report.results
    findings = (Finding(text),) if outcome is Outcome.FAIL else ()
    reason = text if outcome in {Outcome.SKIP, Outcome.WAIVED} else ""
    changed = replace(first, outcome=outcome, findings=findings, reason=reason)
    return replace(report, results=(changed, *others))


def behind(passed, backend, gateway, **more):
    return replace(
        with_outcome(passed, gateway),
        behind=with_outcome(passed, backend),
        altered=altered(**more),
    )


def shown(kind, report):
    reporters = {one.id: one for one in find("reporters", Reporter).values()}
    return reporters[kind].render(report)


@pytest.mark.parametrize(
    ("backend", "gateway", "blame"),
    [
        (Outcome.PASS, Outcome.FAIL, Blame.GATEWAY),
        (Outcome.PASS, Outcome.WAIVED, Blame.GATEWAY),
        (Outcome.FAIL, Outcome.FAIL, Blame.BACKEND),
        (Outcome.WAIVED, Outcome.FAIL, Blame.BACKEND),
        (Outcome.FAIL, Outcome.PASS, Blame.REPAIRED),
        (Outcome.SKIP, Outcome.FAIL, Blame.UNKNOWN),
        (Outcome.FAIL, Outcome.SKIP, Blame.UNKNOWN),
        (Outcome.ERROR, Outcome.FAIL, Blame.UNKNOWN),
        (Outcome.PASS, Outcome.PASS, None),
        (Outcome.SKIP, Outcome.PASS, None),
    ],
)
def test_a_failure_is_of_the_gateway_if_the_server_behind_passes(
    passed, backend, gateway, blame
):
    (one,) = attributions(behind(passed, backend, gateway))
    name = passed.results[0].check.id

    assert {b: [c.name for c in some] for b, some in one.checks.items() if some} == (
        {blame: [name]} if blame else {}
    )


def test_without_a_server_behind_nothing_is_said(passed):
    assert [*attributions(passed)] == []
    assert failing_behind(passed) == frozenset()


def test_what_no_gateway_may_change_fails_and_what_is_unlisted_if_strict(
    passed,
):
    judged = behind(passed, Outcome.PASS, Outcome.PASS)
    unlisted = replace(judged, altered=altered(verdict=Verdict.UNLISTED))

    assert judged.exit_code == 1
    assert unlisted.exit_code == 0
    assert replace(unlisted, strict=True).exit_code == 1


def test_a_server_behind_that_was_not_judged_leaves_the_run_inconclusive(passed):
    header = replace(passed.headers[0], trouble="the server closed the connection")
    report = replace(
        passed, behind=replace(passed, headers=(header,)), altered=Altered()
    )

    assert report.exit_code == 3


@pytest.mark.parametrize("kind", KINDS)
def test_each_report_names_the_failure_and_the_change(passed, kind):
    text = shown(kind, behind(passed, Outcome.PASS, Outcome.FAIL))

    assert passed.results[0].check.id in text
    assert ("model" if kind == "json" else NAMES[Aspect.MODEL]) in text


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_of_a_server_is_inert(passed, kind):
    report = replace(
        behind(passed, Outcome.PASS, Outcome.FAIL, text=ATTACK),
        behind=with_outcome(passed, Outcome.PASS, ATTACK),
    )
    text = shown(kind, report)

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<script>" not in text or kind != "html"
    text.encode()


def test_the_member_of_the_json_report_matches_its_schema(passed, schema):
    document = json.loads(shown("json", behind(passed, Outcome.PASS, Outcome.FAIL)))

    assert jsonschema_rs.is_valid(schema, document)
    (one,) = document["behind"]
    assert [check["check"] for check in one["checks"]["gateway"]]
    del one["checks"]["gateway"]
    assert not jsonschema_rs.is_valid(schema, document)


@pytest.fixture
def schema():
    path = Path(report.__file__).parent / "report-v1.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_aspect_has_a_name():
    assert set(NAMES) == set(Aspect)
