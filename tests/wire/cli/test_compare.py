"""`magistral-contract compare` on recordings of the mock."""

from __future__ import annotations

FEW = ("--select", "reasoning.present", "--select", "usage.sums-up")


def test_an_upgrade_that_renames_the_field_is_a_regression(command, tmp_path):
    before, after = tmp_path / "before", tmp_path / "after"
    command("verify", "mock:vllm-0.12", "--save", before, *FEW)
    command("verify", "mock:vllm-0.16?fault=field-renamed", "--save", after, *FEW)
    done = command("compare", before, after, *FEW)

    assert done.code == 1
    assert "WORSE      reasoning.present   MUST   pass → fail" in done.out
    assert done.out.endswith("\n1 worse, 1 the same.\n")


def test_a_recording_is_compared_with_a_report(command, tmp_path):
    folder, report = tmp_path / "recording", tmp_path / "report.json"
    command("verify", "--save", folder, "--report", f"json={report}", *FEW)
    done = command("compare", report, folder, *FEW)

    assert (done.code, done.err) == (0, "")
    assert "2 the same." in done.out
