"""The document of a dialect: one server, Apidog's extensions, examples of a run."""

from dataclasses import replace

import pytest

from contract.exporters.openapi_document import described
from contract.exporters.recorded import MOST_EACH, recorded
from contract.model.chat import CHAT
from contract.model.check import Check, Finding
from contract.model.exchange import Arrival, Exchange
from contract.model.probe import Probe
from contract.model.wire import Request
from contract.run.report import Outcome, Report, Result
from contract.targets.mock import mock_profile


@pytest.fixture
def ran(source, checks):
    """`ran(*exchanges, outcome)`: a source with a run of one check."""

    def ran(*exchanges, outcome=Outcome.FAIL, check=checks[0]):
        result = Result(
            check=check,
            target="mock",
            outcome=outcome,
            findings=(Finding("it is wrong"),),
            exchanges=exchanges,
            figures={"ttft_p95": 0.25},
        )
        return source(report=Report(headers=(), results=(result,)))

    return ran


def exchange(status, body, **changes):
    made = Exchange(
        probe=Probe(name="asked"),
        profile=mock_profile("mistral"),
        request=Request("POST", CHAT, (), b'{"model": "m"}'),
        status=status,
        headers=(("content-type", "application/json"),),
        arrivals=(Arrival(0.1, body),),
        elapsed=0.42,
    )
    return replace(made, **changes)


def test_the_server_is_the_one_under_test(source):
    servers = described(source(base_url="http://h:1"))["servers"]

    assert [each["url"] for each in servers] == ["http://h:1"]


def test_schemas_have_the_extensions_of_apidog(source):
    schemas = described(source())["components"]["schemas"]
    choice = schemas["MistralChoice"]

    assert choice["x-apidog-orders"] == [*choice["properties"]]
    values = choice["properties"]["finish_reason"]
    assert [e["value"] for e in values["x-apidog-enum"]] == values["enum"]


def test_a_response_of_a_run_is_an_example_of_its_status_only(ran, checks):
    document = described(ran(exchange(422, b'{"detail": []}')))
    responses = document["paths"][CHAT]["post"]["responses"]
    key = f"fail-{checks[0].id}"
    media = responses["422"]["content"]["application/json"]

    assert media["examples"][key]["value"] == {"detail": []}
    assert media["examples"][key]["description"] == (
        "status 422; 420 ms; ttft_p95 250.0 ms; it is wrong"
    )
    assert "$ref" in responses["401"]
    # The response is shared with other operations, which do not have the example.
    shared = document["components"]["responses"]["Unprocessable"]
    assert key not in shared["content"]["application/json"].get("examples", {})
    request = document["paths"][CHAT]["post"]["requestBody"]["content"]
    assert request["application/json"]["examples"][key]["value"] == {"model": "m"}


@pytest.mark.parametrize(
    "odd",
    [
        {"status": 418},
        {"status": None},
        {"request": Request("POST", "/elsewhere", (), b"")},
        {"probe": Probe(name="x", path="/elsewhere")},
        {"probe": Probe(name="x", method="DELETE")},
        {"arrivals": (Arrival(0.1, b"x" * MOST_EACH),)},
        {"arrivals": (Arrival(0.1, b"\xff\x00<html>"),)},
    ],
)
def test_no_exchange_breaks_the_document(ran, odd):
    assert described(ran(replace(exchange(422, b"{}"), **odd)))["openapi"] == "3.1.0"


def test_samples_of_one_check_are_told_apart(ran):
    several = [
        exchange(200, b"{}", probe=Probe(name="asked", sample=number))
        for number in (0, 1, 1)
    ]
    found = [*recorded(ran(*several))]

    assert len({one.name for one in found}) == len({one.key for one in found}) == 3


def test_failures_come_first_and_share_nothing_with_passes(source, checks):
    one = exchange(200, b"{}")
    first, second, third = checks[:3]

    def result(check: Check, outcome):
        return Result(check=check, target="mock", outcome=outcome, exchanges=(one,))

    results = (
        result(first, Outcome.PASS),
        result(second, Outcome.FAIL),
        result(third, Outcome.FAIL),
    )
    found = recorded(source(report=Report(headers=(), results=results)))

    assert [each.name for each in found] == [f"FAIL {second.id}", f"FAIL {third.id}"]
