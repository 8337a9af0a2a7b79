"""`table`: bad input, and the table of a recording (`contract.cli.table`)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from contract.cli.table import recorded_folders
from contract.errors import UsageError

FIXTURES = Path(__file__).parents[2] / "fixtures" / "exchanges"
SMALL = FIXTURES / "transformers-5.23.0-no-response-template"


@pytest.fixture
def recording(tmp_path):
    """A copy of the smallest recording of all families, in a folder of its own."""
    return Path(shutil.copytree(SMALL, tmp_path / "recordings" / "small"))


def manifest(folder, **members):
    path = folder / "manifest.json"
    value = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**value, **members}), encoding="utf-8")


def test_a_recording_becomes_a_row_a_page_and_markdown(command, recording, tmp_path):
    (recording / "identity.json").write_text(
        '{"format": "identity-v1", "verdict": "cannot-tell"}'
    )
    page = tmp_path / "table.html"
    done = command(
        *("table", recording.parent, "--select", "reasoning", "--html", page),
        *("--markdown", "-", "--checks-page", "checks.md"),
    )

    assert done.code == 0
    assert "[`reasoning.present`](checks.md#reasoning) (MUST, failed)" in done.out
    assert (
        "| `small` | Transformers 5.23.0 | `transformers` | **FAILED** | 6 |"
        in done.out
    )
    assert "cannot tell" in done.out
    assert "FAILED" in done.err
    assert "reasoning.present" in page.read_text("utf-8")
    assert not [*tmp_path.glob(".*")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Missing argument 'DIR…'"),
        (("nowhere",), "holds no recording (no manifest.json)"),
        (("empty",), "holds no recording (no manifest.json)"),
        (("file",), "is a file; name the folder that verify --save wrote"),
        (("good", "good"), "good is named twice; name each folder once"),
        (("good", "."), "good is named twice; name each folder once"),
        (("good", "link"), "The recording link is named twice, also as good"),
        (("x" * 5_000,), "File name too long"),
        (("cut",), "manifest.json is damaged: it is not a JSON object"),
        (
            ("newer",),
            "has the format recording-v2, and this version reads recording-v1",
        ),
        (("other",), "its format is not 'recording-v1'"),
        (("lacking",), "cannot be read: No such file"),
        (("about",), "about.toml is not TOML"),
        (("good", "--html", "no/folder/a.html"), "cannot be written: No such file"),
        (("good", "--html", "."), "cannot be written: Is a directory"),
        (("good", "--html", ""), "--html names no file; write --html table.html"),
        (("good", "--html", "a", "--markdown", "a"), "Two reports would be written"),
        (("good", "--html", "-", "--markdown", "-"), "Only one report can go"),
        (
            ("good", "--checks-page", "javascript:x"),
            "must be a path or an http address",
        ),
        (("good", "--checks-page", "a) b"), "must be a path or an http address"),
        (("good", "--checks-page", "http://[x"), "must be a path or an http address"),
        (("good", "--select", "resoning"), "Did you mean"),
        (("good", "--profile", "vlm"), "Did you mean"),
        (("good", "--json", "a"), "No such option"),
    ],
)
def test_bad_input_is_one_sentence(command, recording, monkeypatch, arguments, words):
    monkeypatch.chdir(recording.parent)
    recording.rename("good")
    for name in ("cut", "newer", "other", "lacking", "about"):
        shutil.copytree("good", name)
    Path("link").symlink_to("good")
    Path("cut", "manifest.json").write_text('{"format": "recor')
    manifest(Path("newer"), format="recording-v2")
    manifest(Path("other"), format="report-v1")
    manifest(Path("lacking"), exchanges=["gone.json"])
    Path("about", "about.toml").write_text("engine")
    Path("empty").mkdir()
    Path("file").touch()
    done = command("table", *arguments)

    assert done.code == 2
    assert words in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert done.out == ""
    assert not Path("a").exists()


def test_folders_of_the_same_name_are_named_by_their_paths(tmp_path):
    for place in ("a/run", "b/run", "b/other"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "manifest.json").touch()

    assert [*recorded_folders((tmp_path / "a", tmp_path / "b")).values()] == [
        str(tmp_path / "a" / "run"),
        "other",
        str(tmp_path / "b" / "run"),
    ]


def test_a_link_beside_its_folder_is_no_second_recording(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").touch()
    (tmp_path / "latest").symlink_to("run")

    assert len(recorded_folders((tmp_path,))) == 1


def test_a_folder_inside_another_is_found_twice(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").touch()

    with pytest.raises(UsageError, match="named twice"):
        recorded_folders((tmp_path, tmp_path / "run"))
