"""`diff` prints sentences, breaking changes first, and exits with what they mean."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "`x` | <b>\x1b[31m\n::error::"


@pytest.fixture
def documents(tmp_path):
    """Two files: the second accepts no null any longer, and has a new property."""

    def write(name, **properties):
        schema = {"type": "object", "properties": properties}
        body = {"content": {"application/json": {"schema": schema}}}
        value = {"openapi": "3.1.0", "paths": {"/v1/chat": {"post": {}}}}
        value["paths"]["/v1/chat"]["post"]["requestBody"] = body
        path = tmp_path / name
        path.write_text(json.dumps(value), "utf-8")
        return path

    old = write("old.json", seed={"type": ["integer", "null"]})
    new = write("new.json", seed={"type": "integer"}, effort={"type": "string"})
    return old, new, write


def test_changes_are_sentences_and_breaking_ones_come_first(command, documents):
    old, new, _ = documents
    done = command("diff", old, new)

    assert (1, "") == (done.code, done.err)
    assert done.out.splitlines() == [
        "BREAKING    POST /v1/chat, request.seed: no longer accepts null.",
        "COMPATIBLE  POST /v1/chat, request.effort: is new.",
        "1 breaking change and 1 compatible change.",
    ]


def test_compatible_changes_and_none_exit_with_0(command, documents):
    old, new, write = documents
    grown = write("grown.json", seed={"type": ["integer", "null"]}, a={})

    done = command("diff", new, new)
    assert (0, "No change.\n") == (done.code, done.out)
    done = command("diff", old, grown)
    assert (0, "1 compatible change.") == (done.code, done.out.splitlines()[-1])


def test_json_is_one_object_with_a_list_of_each_kind(command, documents):
    old, new, _ = documents
    value = json.loads(command("diff", old, new, "--format", "json").out)

    assert value["format"] == "diff-v1"
    assert [str(old), str(new)] == [value["old"], value["new"]]
    assert value["breaking"] == [
        {
            "operation": "POST /v1/chat",
            "place": "request.seed",
            "what": "values",
            "message": "POST /v1/chat, request.seed: no longer accepts null.",
        }
    ]
    assert [one["what"] for one in value["compatible"]] == ["new"]


def test_names_of_a_document_are_inert_in_every_format(command, documents):
    old, _, write = documents
    odd = write("odd.json", **{HOSTILE: {"type": "string"}})
    for form in ("text", "json", "markdown"):
        done = command("diff", odd, old, "--format", form)

        assert done.code == 1
        assert "\x1b" not in done.out
        assert "\n::error" not in done.out
    html = MarkdownIt("gfm-like", {"linkify": False}).render(done.out)
    assert "<b>" not in html
    assert 2 == html.count("<table>")
    assert 3 == html.count("<td>") / 2


def test_what_is_built_in_has_a_name(command):
    done = command("diff", "builtin", ROOT / "openapi.yaml")
    assert (0, "No change.\n") == (done.code, done.out)
    done = command("diff", "vllm-0.11", "vllm")
    assert done.code == 1
    assert 'request.reasoning_effort: no longer accepts "low" or "medium"' in done.out


def test_a_document_may_come_from_standard_input(command, monkeypatch):
    printed = command("openapi", "--dialect", "vllm").out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(printed.encode())))
    done = command("diff", "-", "vllm")

    assert (0, "No change.\n", "") == (done.code, done.out, done.err)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-", "-"), "Only one document"),
        (("nowhere.yaml", "vllm"), "Name a file, a URL"),
        (("vlm", "vllm"), "or a dialect (mistral"),
        (("README.md", "vllm"), "neither JSON nor YAML"),
        (("pyproject.toml", "vllm"), "neither JSON nor YAML"),
        (("http://u:secret-pw@127.0.0.1/", "vllm"), "--api-key-env NAME"),
        (("http://127.0.0.1:99999/", "vllm"), "The URL of a document is invalid"),
        (("vllm", "vllm", "--select", "/v2"), "No path matches '/v2'"),
        (("vllm",), "Missing argument 'NEW'"),
    ],
)
def test_bad_usage_is_one_sentence(command, monkeypatch, arguments, words):
    monkeypatch.chdir(ROOT)
    done = command("diff", *arguments)

    assert (2, "") == (done.code, done.out)
    assert words in done.err
    assert "secret-pw" not in done.err
    assert 1 == done.err.count("\n")


def test_the_sample_in_the_documents_is_real(command):
    page = (ROOT / "docs" / "openapi.md").read_text("utf-8")
    _, _, rest = page.partition("$ magistral-contract diff vllm-0.11 vllm\n…\n")
    sample, _, _ = rest.partition("```")

    assert sample
    assert command("diff", "vllm-0.11", "vllm").out.endswith(sample)
