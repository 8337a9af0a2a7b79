"""The verdict on every check of every profile's mock is the recorded one."""

import pytest

from contract import verify
from contract.catalog.profiles import builtin
from contract.run.report import Outcome, to_json


def lines(report):
    """A JSON report in a line per check, without times, places and prose."""
    yield f"exit code {report['exit_code']}"
    for result in report["results"]:
        requests = ", ".join(
            # Whether the status comes before a hang-up depends on the machine.
            f"{request['name']} {request['end']}"
            if request["end"] == "left"
            else f"{request['name']} {request['status']} {request['end']}"
            for request in result["requests"]
        )
        yield (
            f"{result['check']}  {result['level']}  {result['outcome']}  "
            f"{len(result['findings'])} findings  {requests}"
        ).rstrip()


# The others are compared with the grid of faults and dialects.
FEW = ("vllm-0.32",)


@pytest.mark.parametrize(
    "name",
    [
        name if name in FEW else pytest.param(name, marks=pytest.mark.grid)
        for name in builtin()
    ],
)
def test_verdicts_are_the_recorded_ones(name, golden):
    text = "\n".join(lines(to_json(verify(f"mock:{name}")))) + "\n"

    assert golden(f"verdicts/{name}.txt", text) == text


@pytest.mark.parametrize("thorough", [False, True])
def test_thorough_sends_the_own_requests_of_each_check(thorough):
    report = verify("mock:vllm", select="languages.each-is-read", thorough=thorough)
    (result,) = report.results
    own = {probe.name for probe in result.check.sends}

    assert result.outcome is Outcome.PASS
    assert (own == {x.probe.name for x in result.exchanges}) is thorough
    assert (report.headers[0].requests > len(own)) is thorough


def test_a_fault_is_found_by_the_own_requests_and_its_causes_are_precise():
    target = "mock:vllm?fault=accents-folded"
    report = verify(target, select=["languages.each-is-read", "languages.nul*"])
    outcomes = {result.check.id: result for result in report.results}
    found = outcomes["languages.each-is-read"]

    assert outcomes["languages.nul-ends-nothing"].outcome is Outcome.PASS
    assert found.outcome is Outcome.FAIL
    assert {x.probe.name for x in found.exchanges} == {
        probe.name for probe in found.check.sends
    }
    assert "language-greek" in " ".join(f.message for f in found.findings)
