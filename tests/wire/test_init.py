"""`contract.verify`, the one call a program needs."""

from __future__ import annotations

import inspect

import pytest

import contract
from contract.client.timeouts import RETRY_BUDGET


def test_a_program_verifies_a_target():
    report = contract.verify("mock:vllm", select=["usage"], ignore=["*.sums-up"])

    assert report.exit_code == 0
    assert report.headers[0].target == "mock:vllm"
    assert {result.check.family for result in report.results} == {"usage"}
    assert "usage.sums-up" not in {result.check.id for result in report.results}


def test_strict_is_a_property_of_the_report():
    target = "mock?fault=says-bad-request"
    lax = contract.verify(target, select=["rejections"])
    strict = contract.verify(target, select=["rejections"], strict=True)

    assert (lax.exit_code, strict.exit_code) == (0, 1)


def test_a_target_that_cannot_be_judged_raises():
    with pytest.raises(contract.errors.TargetError, match="cannot be reached"):
        contract.verify("http://127.0.0.1:1/v1")


def test_the_retry_budget_is_that_of_the_command_line():
    parameters = inspect.signature(contract.verify).parameters

    assert RETRY_BUDGET == parameters["retry_budget"].default


def test_further_headers_reach_the_server(served):
    server = served(lambda c: c.answer({"error": "no"}, status=403))
    with pytest.raises(contract.errors.TargetError, match="denies access"):
        contract.verify(server.url, headers={"X-Tenant": "blue"})

    assert b"x-tenant: blue" in server.requests[0].lower()
