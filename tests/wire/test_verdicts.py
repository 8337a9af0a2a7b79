"""The verdict on every check of every profile's mock is the recorded one."""

import pytest

from contract import verify
from contract.catalog.profiles import builtin
from contract.run.report import to_json


def lines(report):
    """A JSON report in a line per check, without times, places and prose."""
    yield f"exit code {report['exit_code']}"
    for result in report["results"]:
        requests = ", ".join(
            f"{request['name']} {request['status']} {request['end']}"
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
