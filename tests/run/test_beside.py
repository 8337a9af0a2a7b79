"""What lies beside a recording (`contract.run.beside`)."""

from __future__ import annotations

import json
import os

import pytest

from contract.errors import UsageError
from contract.run.beside import About, Beside, Claim, Identity, read_beside

IDENTITY = {
    "format": "identity-v1",
    "target": "http://llm.test",
    "model": "magistral-small-2509",
    "verdict": "different",
    "differs_in": ["weights", "chat template"],
}
CLAIM = {
    "format": "claims-v1",
    "set": "aime25",
    "verdict": "consistent",
    "rate": 0.75,
    "published": 0.7734,
    "answers": 240,
}


def write(folder, name, value):
    text = value if isinstance(value, str) else json.dumps(value)
    (folder / name).write_text(text, encoding="utf-8")


def test_a_recording_alone_has_nothing_beside_it(tmp_path):
    assert Beside() == read_beside(tmp_path)


def test_the_files_beside_a_recording_are_read(tmp_path):
    write(tmp_path, "about.toml", 'engine = "vLLM"\nversion = "0.32.0"\n')
    write(tmp_path, "identity.json", IDENTITY)
    write(tmp_path, "claims-gpqa.json", {**CLAIM, "set": "gpqa", "rate": None})
    write(tmp_path, "claims-aime25.json", CLAIM)

    assert read_beside(tmp_path) == Beside(
        about=About(engine="vLLM", version="0.32.0"),
        identity=Identity(
            verdict="different",
            differs_in=("weights", "chat template"),
            model="magistral-small-2509",
        ),
        claims=(
            Claim(
                name="aime25",
                verdict="consistent",
                rate=0.75,
                published=0.7734,
                answers=240,
            ),
            Claim(
                name="gpqa",
                verdict="consistent",
                published=0.7734,
                answers=240,
            ),
        ),
    )


def test_the_same_model_differs_in_nothing(tmp_path):
    write(tmp_path, "identity.json", {**IDENTITY, "verdict": "same"})

    assert read_beside(tmp_path).identity.differs_in == ()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("about.toml", "engine = ", "is not TOML"),
        ("about.toml", 'engin = "vLLM"', "unknown key 'engin'. Did you mean 'engine'?"),
        ("about.toml", "engine = 7", "engine is not a text"),
        ("about.toml", f'engine = "{"x" * 2_001}"', "at most 2000 characters"),
        ("identity.json", '{"format": "ident', "is not JSON, or was cut off"),
        ("identity.json", "[]", "does not have the format identity-v1"),
        ("identity.json", {"verdict": "same"}, "does not have the format identity-v1"),
        (
            "identity.json",
            {**IDENTITY, "format": "identity-v2"},
            "read it with the version of magistral-contract that wrote it",
        ),
        ("identity.json", CLAIM, "has the format claims-v1 instead of identity-v1"),
        ("identity.json", {**IDENTITY, "verdict": ["same"]}, "its verdict is not one"),
        ("identity.json", {**IDENTITY, "differs_in": "weights"}, "is not a list"),
        ("identity.json", {**IDENTITY, "model": 7}, "model is not a text"),
        ("claims-x.json", {**CLAIM, "format": "claims-v3"}, "reads claims-v1"),
        ("claims-x.json", {**CLAIM, "set": ""}, "it names no set"),
        ("claims-x.json", {**CLAIM, "verdict": "better"}, "consistent, inconclusive"),
        ("claims-x.json", {**CLAIM, "rate": 75}, "rate is not a share from 0 to 1"),
        ("claims-x.json", {**CLAIM, "published": "1"}, "published is not a share"),
        ("claims-x.json", {**CLAIM, "answers": -1}, "answers is not a number"),
        ("claims-x.json", {**CLAIM, "answers": True}, "answers is not a number"),
    ],
)
def test_a_wrong_file_is_one_sentence_that_names_it(tmp_path, name, content, words):
    write(tmp_path, name, content)

    with pytest.raises(UsageError) as raised:
        read_beside(tmp_path)

    assert words in str(raised.value)
    assert str(tmp_path / name) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_text_that_is_not_utf_8_is_refused(tmp_path):
    (tmp_path / "about.toml").write_bytes(b'engine = "\xff"')

    with pytest.raises(UsageError, match="is not UTF-8"):
        read_beside(tmp_path)


def test_two_files_of_one_set_are_refused(tmp_path):
    write(tmp_path, "claims-a.json", CLAIM)
    write(tmp_path, "claims-b.json", CLAIM)

    with pytest.raises(UsageError, match="keep one of them"):
        read_beside(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "identity.json")

    with pytest.raises(UsageError, match="is not a file"):
        read_beside(tmp_path)
