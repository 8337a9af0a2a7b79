"""Counts, exit code and JSON form of a report."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources

import jsonschema
import pytest

from contract.catalog.profiles import builtin
from contract.model.check import Check, Finding, check
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import Probe
from contract.model.wire import Request
from contract.run.report import Header, Outcome, Report, Result, to_json

PROBE = Probe(name="any")
SCHEMA = json.loads(
    resources.files("contract.run").joinpath("report-v1.schema.json").read_text("utf-8")
)
HEADER = Header(
    target="mock",
    url="http://127.0.0.1:1",
    profile="inline",
    why="given by --profile",
    model="m",
    version="0",
    started="2026-01-01T00:00:00+00:00",
    notes=("a note",),
)


def a_check(level: str) -> Check:
    @check("family.name", f"It {level} hold.", source="a test", sends=PROBE)
    def judge(_exchange: Exchange):
        yield Finding("never run")

    return judge


def result(level: str, outcome: Outcome, **more) -> Result:
    findings = (
        (Finding("wrong", "right", "\x00<b>", "event 1"),)
        if outcome in {Outcome.FAIL, Outcome.WAIVED}
        else ()
    )
    return Result(
        check=a_check(level),
        target="mock",
        outcome=outcome,
        findings=findings,
        again="again",
        **more,
    )


def report(*results: Result, strict: bool = False) -> Report:
    return Report(headers=(HEADER,), results=results, strict=strict)


@pytest.mark.parametrize(
    ("level", "outcome", "strict", "code"),
    [
        pytest.param("MUST", Outcome.PASS, True, 0, id="must-passes"),
        pytest.param("MUST", Outcome.FAIL, False, 1, id="must-fails"),
        pytest.param("MUST NOT", Outcome.FAIL, False, 1, id="must-not-fails"),
        pytest.param("SHOULD", Outcome.FAIL, False, 0, id="should-fails"),
        pytest.param("SHOULD", Outcome.FAIL, True, 1, id="should-fails-strictly"),
        pytest.param("SHOULD NOT", Outcome.FAIL, True, 1, id="should-not-strictly"),
        pytest.param("MAY", Outcome.FAIL, False, 0, id="may-fails"),
        pytest.param("MAY", Outcome.FAIL, True, 0, id="may-fails-strictly"),
        pytest.param("MUST", Outcome.WAIVED, True, 0, id="waived"),
        pytest.param("MUST", Outcome.SKIP, True, 3, id="nothing-judged"),
        pytest.param("MUST", Outcome.ERROR, False, 3, id="not-judged"),
        pytest.param("MAY", Outcome.ERROR, False, 3, id="may-not-judged"),
    ],
)
def test_exit_code_depends_on_the_level(level, outcome, strict, code):
    assert code == report(result(level, outcome), strict=strict).exit_code


@pytest.mark.parametrize(
    ("results", "code"),
    [
        pytest.param((), 0, id="nothing"),
        pytest.param(("error", "fail"), 1, id="a-failure-outweighs-an-error"),
        pytest.param(("fail", "broken"), 4, id="a-crashed-check-outweighs-all"),
        pytest.param(("pass", "skip", "error"), 3, id="an-error-outweighs-a-pass"),
    ],
)
def test_the_worst_outcome_decides_the_exit_code(results, code):
    made = [
        result("MUST", Outcome.ERROR, broken=True)
        if name == "broken"
        else result("MUST", Outcome(name))
        for name in results
    ]

    assert code == report(*made).exit_code


@pytest.mark.parametrize(("failed", "code"), [(True, 1), (False, 3)])
def test_a_target_that_is_not_judged_fails_the_run_only_if_it_is_its_fault(
    failed, code
):
    header = replace(HEADER, trouble="not judged", failed=failed)
    seen = Report(headers=(header,), results=(result("MUST", Outcome.PASS),))

    assert code == seen.exit_code


@pytest.mark.parametrize(
    ("level", "strict", "warnings"),
    [
        pytest.param("MUST", False, 0, id="must"),
        pytest.param("SHOULD", False, 1, id="should"),
        pytest.param("SHOULD", True, 0, id="strict-should"),
        pytest.param("MAY", True, 1, id="strict-may"),
    ],
)
def test_a_failure_that_does_not_fail_the_run_is_a_warning(level, strict, warnings):
    failed = result(level, Outcome.FAIL)

    assert warnings == report(failed, strict=strict).warnings
    assert 0 == report(result(level, Outcome.PASS), strict=strict).warnings


def test_worst_first_sorts_by_outcome_then_level():
    mixed = report(
        result("MUST", Outcome.PASS),
        result("SHOULD", Outcome.FAIL),
        result("MUST", Outcome.FAIL),
        result("MAY", Outcome.ERROR),
    )

    order = [(r.outcome.value, r.check.level.value) for r in mixed.worst_first()]

    assert order == [
        ("error", "MAY"),
        ("fail", "MUST"),
        ("fail", "SHOULD"),
        ("pass", "MUST"),
    ]


def exchange(**more) -> Exchange:
    return Exchange(
        probe=PROBE, profile=builtin()["inline"], request=Request("POST", "/"), **more
    )


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(report(), id="empty"),
        pytest.param(Report(headers=(), results=()), id="no-target"),
        *(
            pytest.param(report(result(level, outcome)), id=f"{level}-{outcome}")
            for level in ("MUST", "SHOULD NOT", "MAY")
            for outcome in Outcome
        ),
        pytest.param(
            report(
                result(
                    "MUST",
                    Outcome.ERROR,
                    reason="why",
                    broken=True,
                    exchanges=(
                        exchange(),
                        exchange(status=200, end=End.RESET, elapsed=1.5),
                        exchange(
                            status=200,
                            headers=(("content-type", "text/event-stream"),),
                            arrivals=(
                                Arrival(
                                    0.25,
                                    b'data: {"choices":[{"delta":{"content":"x"}}]}'
                                    b"\n\n",
                                ),
                            ),
                        ),
                    ),
                )
            ),
            id="with-exchanges",
        ),
    ],
)
def test_json_matches_its_schema(made):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    jsonschema.validate(json.loads(json.dumps(to_json(made))), SCHEMA)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(("format",), "report-v2", id="another-format"),
        pytest.param(("exit_code",), 2, id="unknown-exit-code"),
        pytest.param(("results", 0, "outcome"), "maybe", id="unknown-outcome"),
        pytest.param(("results", 0, "findings"), [], id="a-failure-without-findings"),
        pytest.param(("targets", 0, "requests"), -1, id="negative-count"),
    ],
)
def test_the_schema_rejects_invalid_reports(place, value):
    made = to_json(report(result("MUST", Outcome.FAIL)))
    inner = made
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, SCHEMA)


def test_json_contains_ttft_and_ttfo():
    streamed = exchange(
        status=200,
        headers=(("content-type", "text/event-stream"),),
        arrivals=(Arrival(0.25, b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'),),
    )
    made = to_json(report(result("MUST", Outcome.PASS, exchanges=(streamed,))))

    request = made["results"][0]["requests"][0]

    assert (request["ttft"], request["ttfo"]) == (0.25, 0.25)
