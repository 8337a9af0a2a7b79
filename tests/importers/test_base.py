"""What an importer found becomes a report: names, outcomes, several iterations."""

from __future__ import annotations

import json

import pytest

from contract.exporters.verdict_steps import assertion_name, verdict_items
from contract.importers.base import (
    NOT_RUN,
    Assertion,
    ClientRun,
    assertion_names,
    moment,
    number,
    register_secrets,
    report_of,
    steps,
)
from contract.model.check import Check, Level
from contract.model.redaction import SECRETS
from contract.plugins.discovery import find
from contract.run.report import Outcome

CHECKS = find("checks", Check)
MUST = CHECKS["usage.sums-up"]
SHOULD = next(check for check in CHECKS.values() if check.level is Level.SHOULD)
NAME = assertion_name(MUST)


def result_of(*assertions, expected=()):
    run = ClientRun(
        client="newman", title="t", assertions=assertions, expected=expected
    )
    return report_of(run, CHECKS)


@pytest.mark.parametrize(
    ("assertion", "outcome", "reason"),
    [
        pytest.param(Assertion(name=NAME), Outcome.PASS, "", id="pass"),
        pytest.param(Assertion(name=NAME, failure="bad."), Outcome.FAIL, "", id="fail"),
        pytest.param(Assertion(name=NAME, failure=""), Outcome.FAIL, "", id="mute"),
        pytest.param(
            Assertion(name=NAME, failure="cannot be judged: why"),
            Outcome.ERROR,
            "why",
            id="error",
        ),
        pytest.param(
            Assertion(name=f"{NAME} [waived: a/b#1]"),
            Outcome.WAIVED,
            "a/b#1",
            id="waived",
        ),
        pytest.param(
            Assertion(name=f"{NAME} [skipped: no [x]]"),
            Outcome.SKIP,
            "no [x]",
            id="skip",
        ),
        pytest.param(
            Assertion(name=NAME, skipped=True),
            Outcome.SKIP,
            "the client skipped the test",
            id="skipped-by-the-client",
        ),
    ],
)
def test_the_outcome_of_a_test_is_that_of_its_check(assertion, outcome, reason):
    (result,) = result_of(assertion).results

    assert (result.outcome, result.reason) == (outcome, reason)
    assert result.check == MUST
    assert bool(result.findings) is (outcome in {Outcome.FAIL, Outcome.WAIVED})


def test_a_warning_does_not_fail_the_run_and_a_failed_should_does():
    warning = Assertion(name=f"{assertion_name(SHOULD)} [warning: bad]", skipped=True)
    failure = Assertion(name=assertion_name(SHOULD), failure="bad")

    assert result_of(warning).exit_code == 0
    assert result_of(warning).warnings == 1
    assert result_of(failure).exit_code == 1
    assert result_of(failure).strict


def test_the_worst_of_several_iterations_counts():
    passed, skipped = Assertion(name=NAME), Assertion(name=NAME, skipped=True)
    failed = [Assertion(name=NAME, failure=message) for message in ("a", "b", "a")]

    (worst,) = result_of(passed, *failed, skipped).results
    (judged,) = result_of(skipped, passed).results

    assert [finding.message for finding in worst.findings] == ["a", "b"]
    assert judged.outcome is Outcome.PASS


def test_a_test_that_did_not_run_is_an_error():
    report = result_of(Assertion(name=NAME), expected=(NAME, assertion_name(SHOULD)))

    assert [result.outcome for result in report.results] == ["pass", "error"]
    assert report.results[1].reason == NOT_RUN
    assert report.exit_code == 3


def test_other_tests_are_left_out_and_counted():
    others = [Assertion(name="status is 200"), Assertion(name="a.b is fine")]

    report = result_of(Assertion(name=NAME), *others)

    assert len(report.results) == 1
    assert "2 tests that are not of a check were left out" in report.headers[0].notes
    assert result_of(*others) is None


def test_a_check_that_is_not_installed_keeps_its_words():
    (result,) = result_of(Assertion(name="old.check: It SHOULD hold.")).results

    assert (result.check.id, result.check.level) == ("old.check", Level.SHOULD)


def test_the_tests_of_a_collection_are_found_in_its_scripts():
    items = verdict_items([MUST, SHOULD])
    nested = [{"item": [items[0], {"item": [items[1]]}]}, {"name": "other"}, 7]

    found = [assertion_names(step) for step in steps(nested)]

    assert found == [(NAME,), (assertion_name(SHOULD),), ()]
    script = f"pm.test({json.dumps(NAME)}, () => {{}}); pm.test('else')"
    one = {"event": [{"listen": "test", "script": {"exec": script}}]}
    assert assertion_names(one) == (NAME,)


def test_credentials_of_a_collection_are_masked():
    request = {"header": [{"key": "Authorization", "value": "Bearer sk-header-1"}]}
    collection = {
        "variable": [{"key": "apiKey", "value": "sk-variable-2"}],
        "item": [{"request": request}, {"request": "a url"}],
    }
    values = [
        {"key": "MY_TOKEN", "value": "{{other}}"},
        {"key": "url", "value": "abcdefgh"},
    ]
    with SECRETS.scope():
        register_secrets(collection, values, "no list")
        text = SECRETS.mask("sk-header-1 sk-variable-2 {{other}} abcdefgh")

    assert text == "*** *** {{other}} abcdefgh"


def test_numbers_and_moments_of_a_file_are_never_wrong():
    odd = [None, True, "1", -1, float("nan"), float("inf"), 10**400]
    assert [number(value) for value in odd] == [0.0] * len(odd)
    assert moment(1_795_735_660_136) == "2026-11-26T23:27:40+00:00"
    assert moment(2**52) == ""
