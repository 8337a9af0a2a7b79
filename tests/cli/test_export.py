"""`export` writes folders, and says in one sentence what is wrong."""

import json
import os
import sys
from pathlib import Path

import pytest

from contract.cli import export as verb
from contract.exporters.base import MANIFEST, Exporter, exporter
from contract.plugins.discovery import find

RECORDING = (
    Path(__file__).parents[2]
    / "fixtures/exchanges/llamacpp-b11549-reasoning-format-none"
)
FEW = ("--select", "usage")


def names(folder):
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def export(command, tmp_path):
    """`export(kind, …)` into a new folder: what the command did, and the folder."""

    def export(kind, *arguments, out=tmp_path / "out"):
        return command("export", kind, "--out", out, *arguments), out

    return export


@pytest.mark.parametrize("kind", find("exporters", Exporter))
def test_each_kind_is_written_and_listed(export, command, kind):
    done, out = export(kind, *FEW)
    manifest = json.loads((out / MANIFEST).read_text("utf-8"))
    there = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}

    assert (done.code, done.err) == (0, "")
    assert f"{len(there)} files, " in done.out
    assert {*manifest["files"], MANIFEST} == there
    assert f"  {kind}  " in command("export", "--help").out


def test_an_unknown_kind_gets_a_suggestion(export):
    done, out = export("apdog")

    assert done.code == 2
    assert "Unknown kind of export 'apdog'. Did you mean 'apidog'?" in done.err
    assert not out.exists()


def test_requests_and_scripts_of_another_surface_are_its_own(export):
    done, out = export("postman", *FEW, "--profile", "vllm-responses")
    text = (out / "collection.postman.json").read_text("utf-8")

    assert (done.code, done.err) == (0, "")
    assert "/v1/responses" in text
    assert "/v1/chat/completions" not in text
    assert '\\"surface\\": \\"/v1/responses\\"' in text


def test_the_document_of_another_surface_has_its_paths(export):
    done, out = export("openapi", "--profile", "mistral-responses")

    assert done.code == 0
    text = "".join(file.read_text("utf-8") for file in out.iterdir())
    assert "/v1/responses/input_tokens" in text
    assert "/v1/chat/completions" not in text


def test_an_unknown_version_gets_a_suggestion(export):
    done, _ = export("openapi", "--openapi-version", "3.3")

    assert done.code == 2
    assert "Unknown OpenAPI version '3.3'. Did you mean" in done.err


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_the_version_is_chosen(export, version):
    _, out = export("openapi", "--openapi-version", version)

    assert json.loads((out / "openapi.json").read_bytes())["openapi"].startswith(
        version
    )


def test_a_folder_with_content_is_left_alone(export, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("x")
    done, out = export("openapi")
    forced, _ = export("openapi", "--force")

    assert (done.code, forced.code) == (2, 2)
    assert "is not empty; name a new folder, or replace" in done.err
    assert "does not know what to replace" in forced.err
    assert ["mine"] == names(out)


def test_force_replaces_an_export_and_keeps_the_rest(export):
    _, out = export("postman", *FEW)
    (out / "mine.txt").write_text("x")
    done, _ = export("openapi", "--force")

    assert done.code == 0
    assert {"openapi.json", MANIFEST, "mine.txt"} == {*names(out)}


@pytest.mark.parametrize("content", ["{", "[]", '{"format": "x"}', '{"files": {}}'])
def test_a_manifest_that_is_not_ours_is_an_error(export, tmp_path, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MANIFEST).write_text(content)
    done, _ = export("openapi", "--force")

    assert done.code == 2
    assert "is not that of an export" in done.err


def test_a_file_in_the_way_is_an_error(export):
    _, out = export("openapi")
    (out / "collection.postman.json").write_text("mine")
    done, _ = export("postman", "--force", *FEW)

    assert done.code == 2
    assert "'collection.postman.json'" in done.err
    assert (out / "collection.postman.json").read_text() == "mine"


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root writes anywhere"
)
def test_a_folder_that_cannot_be_written_is_an_error(export, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    done, _ = export("openapi", out=closed / "out")

    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "cannot be written" in done.err


def test_a_folder_below_a_file_is_an_error(export, tmp_path):
    (tmp_path / "file").write_text("x")
    below, _ = export("openapi", out=tmp_path / "file" / "out")
    itself, _ = export("openapi", out=tmp_path / "file")

    assert (below.code, itself.code) == (2, 2)
    assert below.err.count("\n") == itself.err.count("\n") == 1
    assert "is a file; name a new folder" in itself.err


def test_the_run_names_server_model_and_profile(export):
    done, out = export("postman", "--from", RECORDING, *FEW)
    collection = json.loads((out / "collection.postman.json").read_bytes())
    values = {each["key"]: each["value"] for each in collection["variable"]}

    assert done.code == 0
    assert values["baseUrl"] == "http://127.0.0.1:8393"
    assert "llamacpp" in collection["info"]["name"]
    saved = [
        r["name"] for f in collection["item"] for i in f["item"] for r in i["response"]
    ]
    assert any(name.startswith("PASS usage.") for name in saved)


def test_a_report_file_has_the_results_without_bodies(export, command, tmp_path):
    report = tmp_path / "report.json"
    command("replay", RECORDING, *FEW, "--report", f"json={report}")
    done, out = export("apidog", "--from", report, "--base-url", "http://h:1/v1", *FEW)

    assert done.code == 0
    assert (out / "results" / "report.json").exists()
    assert '"value": "http://h:1"' in (out / "collection.postman.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--from", "no-such.json"], "cannot be read"),
        (["--base-url", "ftp://h"], "starts with http:// or https://"),
        (["--base-url", "https://u:secret@h"], "contains a user name or password"),
        (["--profile", "vlm"], "Unknown profile 'vlm'. Did you mean"),
        (["--select", "usge"], "Did you mean"),
    ],
)
def test_a_wrong_option_is_one_sentence(export, arguments, sentence):
    done, out = export("apidog", *arguments)

    assert done.code == 2
    assert done.err.count("\n") == 1
    assert sentence in done.err
    assert "secret" not in done.err
    assert not out.exists()


def test_a_broken_exporter_is_named(export, monkeypatch):
    def broken(_source):
        raise KeyError("x")

    made = exporter("demo", summary="")(broken)
    monkeypatch.setattr(verb, "find", lambda _folder, _kind: {"demo": made})
    done, out = export("demo")

    assert done.code == 4
    assert "exporter demo is broken: KeyError: 'x'. Please report it." in done.err
    assert not out.exists()


def test_a_key_is_asked_for_only_where_one_is_required(export, tmp_path):
    text = {}
    for name, more in (("without", ()), ("with", ("--offer", "key-required"))):
        _, out = export("postman", "--select", "rejections", *more, out=tmp_path / name)
        text[name] = (out / "collection.postman.json").read_text()

    assert "rejections.no-key" not in text["without"]
    assert "rejections.no-key" in text["with"]
