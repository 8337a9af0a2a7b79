"""What an exporter writes passes a gate: secrets, paths, sizes, a manifest."""

import hashlib
import json

import pytest

from contract.errors import ExporterError
from contract.exporters import base
from contract.exporters.base import MANIFEST, exporter, to_bytes
from contract.model.check import Finding
from contract.model.redaction import SECRETS
from contract.run.report import Outcome, Report, Result

KEY = "sk-secret-of-this-test-0123"


def written(source, files):
    return exporter("demo", summary="a demo")(lambda _source: files).files(source())


def test_the_manifest_has_the_digest_of_every_file(source):
    files = written(source, {"b": b"2", "a/c": b"1"})
    manifest = json.loads(files[MANIFEST])

    assert ["a/c", "b", MANIFEST] == list(files)
    assert manifest["format"] == "export-v1"
    assert manifest["kind"] == "demo"
    assert manifest["files"] == {
        "a/c": hashlib.sha256(b"1").hexdigest(),
        "b": hashlib.sha256(b"2").hexdigest(),
    }


@pytest.mark.parametrize(
    "shown", [KEY, KEY.replace("-", "\\u002d"), KEY.encode().hex()]
)
def test_no_file_has_a_secret_in_any_encoding(source, shown):
    SECRETS.register(KEY)
    files = written(source, {"a": f'{{"key": "{shown}"}}'.encode()})

    assert shown not in files["a"].decode()
    assert b"***" in files["a"]


def test_a_file_that_is_no_text_is_masked_too(source):
    SECRETS.register(KEY)

    assert written(source, {"a": b"\xff" + KEY.encode()})["a"] == b"\xff" + b"*" * len(
        KEY
    )


def test_an_exporter_does_not_see_the_secrets_of_a_report(source, checks):
    SECRETS.register(KEY)
    seen = []
    result = Result(
        check=checks[0],
        target="mock",
        outcome=Outcome.FAIL,
        findings=(Finding(f"said {KEY}"),),
    )
    demo = exporter("demo", summary="")(lambda given: seen.append(given.report) or {})
    demo.files(source(report=Report(headers=(), results=(result,))))

    assert "said ***" == seen[0].results[0].findings[0].message


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../b", "a//b", "./a"])
def test_no_file_leaves_the_folder(source, path):
    with pytest.raises(ExporterError, match="no path inside the folder"):
        written(source, {path: b""})


def test_a_file_that_no_tool_opens_is_an_error(source, monkeypatch):
    monkeypatch.setattr(base, "MOST_BYTES", 2**20)
    with pytest.raises(ExporterError, match=r"a has 1\.1 MiB, and the limit is 1 MiB"):
        written(source, {"a": b"x" * 1_150_000})


def test_json_is_ascii_whatever_it_holds():
    value = {"text": "\ud800 \u202e 字"}

    assert to_bytes(value).isascii()
    assert json.loads(to_bytes(value)) == value
