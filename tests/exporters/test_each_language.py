"""The data file has every language, and the requests send its texts unchanged."""

from __future__ import annotations

import csv
import io
import json

import pytest

from contract.checks.combined.sentences import SENTENCES
from contract.exporters.each_language import (
    NAME,
    TEXT,
    data_files,
    language_steps,
    rows,
)
from contract.exporters.postman import postman
from contract.model.chat import Message
from contract.model.check import Scope


def test_both_files_have_every_language_and_its_sentence(checks):
    files = data_files(checks)
    table = list(csv.DictReader(io.StringIO(files["data/languages.csv"].decode())))

    assert table == json.loads(files["data/languages.json"])
    assert [row[NAME] for row in table] == [name.lower() for name in SENTENCES]
    assert [json.loads(f'"{row[TEXT]}"') for row in table] == [*SENTENCES.values()]


def test_a_text_is_spelled_as_in_json(checks):
    (check,) = [one for one in checks if one.id == "languages.each-is-read"]
    text = 'say "so"\n\\ {{$guid}}'
    probe = check.sends[1].__class__(
        name="language-odd", messages=(Message("user", text),)
    )
    odd = check.__class__(
        id=check.id, requirement=check.requirement, source="", sends=(probe,),
        judge=check.judge,
    )  # fmt: skip

    assert [json.loads(f'"{row[TEXT]}"') for row in rows([odd])] == [text]
    assert "{{" not in rows([odd])[0][TEXT]


@pytest.mark.parametrize("dialect", ["mistral", "vllm", "llamacpp", "transformers"])
def test_the_text_of_a_request_is_a_variable(source, dialect):
    whole, streamed = language_steps(source(dialect))

    for step in (whole, streamed):
        body = json.loads(step.body.replace("{{text}}", "Grüße"))
        assert "Grüße" in json.dumps(body["messages"][-1], ensure_ascii=False)
        assert step.body.count("{{text}}") == 1
    assert {c.every for c in whole.checks} & {Scope.STREAMS} == set()
    assert {c.every for c in streamed.checks} >= {Scope.STREAMS, Scope.ANSWERS}


def test_without_the_check_of_the_texts_there_are_no_files(source, checks):
    few = tuple(one for one in checks if one.family == "usage")

    assert language_steps(source(checks=few)) == ()
    assert not [
        name for name in postman.files(source(checks=few)) if "language" in name
    ]
