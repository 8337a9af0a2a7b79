from __future__ import annotations

import io

import pytest

from contract.cli.options import console, outputs
from contract.errors import UsageError


def test_an_unknown_report_kind_names_the_known_ones(tmp_path):
    with pytest.raises(UsageError, match="console, json, junit"):
        outputs([f"sarif={tmp_path / 'out'}"])


def test_a_near_report_kind_is_suggested(tmp_path):
    with pytest.raises(UsageError, match="Did you mean 'junit'"):
        outputs([f"juni={tmp_path / 'out'}"])


@pytest.mark.parametrize("text", ["junit", "junit="])
def test_a_report_without_a_file_says_how_to_write_it(text):
    with pytest.raises(UsageError, match=r"--report junit=report\.xml"):
        outputs([text])


def test_an_unwritable_report_is_found_before_the_run(tmp_path):
    with pytest.raises(UsageError, match="No such file or directory"):
        outputs([f"json={tmp_path / 'missing' / 'out.json'}"])
    with pytest.raises(UsageError, match="Is a directory"):
        outputs([f"json={tmp_path}"])


def test_looking_whether_a_report_can_be_written_leaves_no_trace(tmp_path):
    old = tmp_path / "old.json"
    old.write_text("before")
    outputs([f"json={old}", f"junit={tmp_path / 'new.xml'}"])

    assert old.read_text() == "before"
    assert [old] == list(tmp_path.iterdir())


def test_only_one_report_goes_to_standard_output():
    with pytest.raises(UsageError, match="Only one report"):
        outputs(["json=-", "junit=-"])


def test_a_report_is_written_as_utf_8_with_unix_lines(tmp_path, held_report):
    (output,) = outputs([f"json={tmp_path / 'out.json'}"])
    output.write(held_report)

    assert (tmp_path / "out.json").read_bytes().startswith(b'{\n  "format"')


@pytest.mark.parametrize(
    ("color", "environ", "colored"),
    [
        pytest.param(None, {}, False, id="a-pipe-is-plain"),
        pytest.param(True, {}, True, id="color-forces"),
        pytest.param(True, {"NO_COLOR": "1"}, True, id="color-beats-no-color"),
        pytest.param(False, {"FORCE_COLOR": "1"}, False, id="no-color-beats-force"),
    ],
)
def test_color_is_decided_by_option_environment_and_terminal(
    monkeypatch, color, environ, colored
):
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    page = console(color)
    page.print("held", style="red")

    assert colored == ("\x1b[31m" in page.file.getvalue())
