"""Files of a run: reports, folders of recordings, profiles."""

from __future__ import annotations

import re

import pytest

from contract.catalog.profiles import builtin
from contract.cli.outputs import MOST_SUMMARY, Output, folder, outputs, profiles
from contract.errors import SpecError, UsageError
from contract.plugins.discovery import find
from contract.reporters.base import Reporter
from contract.run.report import Report


def test_an_unknown_kind_of_report_gets_all_kinds(tmp_path):
    known = ", ".join(sorted(find("reporters", Reporter)))
    with pytest.raises(UsageError, match=f"Known: {known}."):
        outputs([f"nothing={tmp_path / 'out'}"])


def test_a_similar_kind_of_report_is_suggested(tmp_path):
    with pytest.raises(UsageError, match="Did you mean 'junit'"):
        outputs([f"juni={tmp_path / 'out'}"])


@pytest.mark.parametrize("text", ["junit", "junit="])
def test_a_report_without_a_file_gets_an_example(text):
    with pytest.raises(UsageError, match=r"--report junit=report\.xml"):
        outputs([text])


def test_an_unwritable_report_is_rejected_before_the_run(tmp_path):
    with pytest.raises(UsageError, match="No such file or directory"):
        outputs([f"json={tmp_path / 'missing' / 'out.json'}"])
    with pytest.raises(UsageError, match="Is a directory"):
        outputs([f"json={tmp_path}"])


def test_checking_that_a_report_is_writable_changes_nothing(tmp_path):
    old = tmp_path / "old.json"
    old.write_text("before")
    outputs([f"json={old}", f"junit={tmp_path / 'new.xml'}"])

    assert old.read_text() == "before"
    assert [old] == list(tmp_path.iterdir())


def test_only_one_report_may_go_to_standard_output():
    with pytest.raises(UsageError, match="Only one report"):
        outputs(["json=-", "junit=-"])


def test_two_reports_in_one_file_are_refused(tmp_path):
    path = tmp_path / "report"
    (tmp_path / "link").symlink_to(path)

    with pytest.raises(UsageError, match="name a file for each"):
        outputs([f"json={path}", f"junit={tmp_path / 'link'}"])
    assert not path.exists()
    assert outputs(["json=/dev/null", "junit=/dev/null"])


def test_checking_that_a_report_is_writable_keeps_a_link_to_no_file(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "missing")

    outputs([f"json={link}"])

    assert [link] == list(tmp_path.iterdir())


def test_a_report_is_written_as_utf_8_with_unix_lines(tmp_path):
    (output,) = outputs([f"json={tmp_path / 'out.json'}"])
    output.write(Report(headers=(), results=()))

    assert (tmp_path / "out.json").read_bytes().startswith(b'{\n  "format"')


def test_a_folder_is_created_and_left_empty(tmp_path):
    created = folder(str(tmp_path / "new" / "place"))

    assert list(created.iterdir()) == []


def test_an_unwritable_folder_is_a_usage_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="Nothing can be saved in"):
        folder(str(tmp_path / "file"))


def test_own_profiles_override_the_built_in_ones(tmp_path):
    path = tmp_path / "profiles.toml"
    path.write_text('[mine]\nlike = "vllm-0.16"\nconcurrency = 1\n')
    known = profiles(str(path))

    assert known["mine"].concurrency == 1
    assert set(known) == {"mine", *builtin()}
    assert profiles(None) == builtin()


@pytest.mark.parametrize(
    ("raw", "error", "words"),
    [
        pytest.param(b"\xff", UsageError, "not UTF-8", id="not-utf-8"),
        pytest.param(b"[mine", SpecError, "profiles.toml: The profile", id="toml"),
        pytest.param(b"[mine]\nlike = 'vlm'", SpecError, "names no profile", id="like"),
    ],
)
def test_damaged_profiles_are_an_error(tmp_path, raw, error, words):
    path = tmp_path / "profiles.toml"
    path.write_bytes(raw)
    with pytest.raises(error, match=re.escape(words)):
        profiles(str(path))


@pytest.fixture
def summary(tmp_path, monkeypatch):
    """The job summary of a step of GitHub Actions, to which something was written."""
    path = tmp_path / "summary.md"
    path.write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def test_the_job_summary_is_appended_to(summary):
    (output,) = outputs([f"markdown={summary}"])
    output.write(Report(headers=(), results=()))
    output.write(Report(headers=(), results=()))

    assert summary.read_text().startswith("# Before\n**NOTHING CHECKED")
    assert summary.read_text().count("**NOTHING CHECKED") == 2


def test_the_job_summary_holds_what_github_accepts(summary):
    long = Reporter("long", ".md", lambda _: "a line with é\n" * 100_000)
    Output(long, str(summary)).write(Report(headers=(), results=()))
    Output(long, str(summary)).write(Report(headers=(), results=()))
    text = summary.read_text("utf-8")

    assert MOST_SUMMARY - 100 < len(text.encode()) <= MOST_SUMMARY
    assert set(text.splitlines()[1:-2]) == {"a line with é"}
    assert text.endswith("\nThe rest does not fit into the job summary.\n")


def test_another_file_is_replaced_also_in_a_step(summary):
    other = summary.with_name("other.md")
    (output,) = outputs([f"markdown={other}"])
    output.write(Report(headers=(), results=()))
    output.write(Report(headers=(), results=()))

    assert other.read_text().count("**NOTHING CHECKED") == 1
