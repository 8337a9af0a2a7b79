"""What a Transformers target understands before it starts anything."""

import pytest

from contract.errors import UsageError
from contract.targets.base import parse_target
from contract.targets.transformers import (
    FILES,
    environment,
    read,
    transformers,
)

KINDS = {"transformers": transformers}


@pytest.fixture
def model(tmp_path):
    place = tmp_path / "magistral"
    place.mkdir()
    for name in FILES:
        (place / name).touch()
    return place


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("transformers", "Which model"),
        ("transformers:./missing", "no directory with config.json and tokenizer_c"),
        ("transformers:tiny?python=/nowhere/python", r"\?python= names an interpr"),
        ("transformers:tiny?port=many", "must be a whole number"),
        ("transformers:tiny?respons_template=no", "Did you mean 'response-template'"),
        ("transformers:tiny?flags=--port%201", r"write \?port=N instead"),
    ],
    ids=["none", "missing", "python", "port", "option", "own-flag"],
)
def test_mistake_is_answered_with_a_sentence(text, sentence):
    with pytest.raises(UsageError, match=sentence), parse_target(text, KINDS).open():
        pass


def test_directory_is_taken_with_its_whole_name(model, monkeypatch):
    monkeypatch.chdir(model.parent)

    assert model == read(str(model)) == read("magistral") == read("./magistral/.")


def test_incomplete_directory_is_refused_by_what_it_lacks(model):
    (model / "config.json").unlink()
    with pytest.raises(UsageError, match=r"no directory with config\.json; name one"):
        read(str(model))


@pytest.mark.parametrize("name", ["model@main", "model:q4.gguf"])
def test_name_that_would_be_read_as_something_else_is_refused(model, name):
    odd = model.rename(model.with_name(name))

    with pytest.raises(UsageError, match=f"'{name}' another name"):
        read(str(odd))


def test_directory_keeps_the_template_it_has(model):
    text = f"transformers:{model}?response_template=no"

    with (
        pytest.raises(UsageError, match="is for transformers:tiny"),
        parse_target(text, KINDS).open(),
    ):
        pass


def test_nothing_is_fetched_and_no_cache_of_the_user_is_listed(tmp_path):
    told = environment(tmp_path)

    assert "1" == told["HF_HUB_OFFLINE"]
    assert str(tmp_path / "hub") == told["HF_HUB_CACHE"]
