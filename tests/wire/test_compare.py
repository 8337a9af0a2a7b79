"""`contract.compare` on two recordings of the mock."""

from __future__ import annotations

import pytest

import contract
from contract.plugins.discovery import find
from contract.run.compare import exit_code
from contract.run.opening import open_target
from contract.run.select import select as selected

PRESENT, SUMS_UP = "reasoning.present", "usage.sums-up"
CHECKS = selected(
    find("checks", contract.Check).values(),
    (PRESENT, SUMS_UP),
)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Recordings of a conforming vLLM, and of one with a renamed field."""
    folder = tmp_path_factory.mktemp("recordings")
    found = []
    for target in ("mock:vllm", "mock:vllm?fault=field-renamed"):
        found.append(folder / str(len(found)))
        with open_target(target) as verification:
            list(verification.verify(CHECKS))
            verification.save(found[-1])
    return found


def test_a_renamed_field_is_a_regression(recordings):
    (found,) = contract.compare(*recordings, select=(PRESENT, SUMS_UP))

    assert found.changes[contract.Change.WORSE] == (PRESENT,)
    assert found.changes[contract.Change.SAME] == (SUMS_UP,)
    assert (found.regressed, found.inconclusive) == (True, False)
    assert found.after.checks[PRESENT].outcome is contract.Outcome.FAIL
    assert found.after.target == "mock:vllm?fault=field-renamed"
    assert exit_code([found]) == 1


def test_its_repair_is_none(recordings):
    (found,) = contract.compare(*recordings[::-1], select=(PRESENT, SUMS_UP))

    assert found.changes[contract.Change.BETTER] == (PRESENT,)
    assert not found.regressed
    assert exit_code([found]) == 0


def test_a_selection_may_be_one_text(recordings):
    before, after = map(str, recordings)
    (found,) = contract.compare(before, after, select=SUMS_UP)

    assert list(found.before.checks) == list(found.after.checks) == [SUMS_UP]
    assert found.changes[contract.Change.WORSE] == ()


def test_a_report_is_compared_with_a_recording(recordings):
    report = contract.verify("mock:vllm", select=(PRESENT, SUMS_UP))
    (found,) = contract.compare(report, recordings[1], select=(PRESENT, SUMS_UP))

    assert found.changes[contract.Change.WORSE] == (PRESENT,)


def test_a_folder_without_a_recording_is_rejected(recordings, tmp_path):
    with pytest.raises(contract.UsageError, match="holds no recording"):
        contract.compare(recordings[0], tmp_path, select=SUMS_UP)
