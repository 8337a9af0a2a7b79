"""Tests of the Transformers target up to the start of the server."""

import pytest

from contract.errors import UsageError
from contract.targets.base import parse_target
from contract.targets.transformers import FILES, environment, read, transformers

KINDS = {"transformers": transformers}


@pytest.fixture
def model(tmp_path):
    directory = tmp_path / "magistral"
    directory.mkdir()
    for name in FILES:
        (directory / name).touch()
    return directory


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("transformers", "Which model"),
        ("transformers:./missing", "not a directory with config.json and tokenizer_c"),
        ("transformers:tiny?python=/nowhere/python", r"\?python= must name an inter"),
        ("transformers:tiny?port=many", "must be a whole number"),
        ("transformers:tiny?respons_template=no", "Did you mean 'response-template'"),
        ("transformers:tiny?flags=--port%201", r"write \?port=N instead"),
    ],
    ids=["none", "missing", "python", "port", "option", "own-flag"],
)
def test_invalid_target_raises_a_usage_error(text, sentence):
    with pytest.raises(UsageError, match=sentence), parse_target(text, KINDS).open():
        pass


def test_directory_is_resolved_to_its_full_path(model, monkeypatch):
    monkeypatch.chdir(model.parent)

    assert model == read(str(model)) == read("magistral") == read("./magistral/.")


def test_incomplete_directory_is_rejected_with_the_missing_files(model):
    (model / "config.json").unlink()
    with pytest.raises(UsageError, match=r"not a directory with config\.json; name on"):
        read(str(model))


@pytest.mark.parametrize("name", ["model@main", "model:q4.gguf"])
def test_name_with_special_characters_is_rejected(model, name):
    renamed = model.rename(model.with_name(name))

    with pytest.raises(UsageError, match=f"rename the directory '{name}'"):
        read(str(renamed))


def test_response_template_of_a_directory_cannot_be_left_out(model):
    text = f"transformers:{model}?response_template=no"

    with (
        pytest.raises(UsageError, match="is for transformers:tiny"),
        parse_target(text, KINDS).open(),
    ):
        pass


def test_hub_is_offline_and_the_cache_is_not_the_users(tmp_path):
    variables = environment(tmp_path)

    assert "1" == variables["HF_HUB_OFFLINE"]
    assert str(tmp_path / "hub") == variables["HF_HUB_CACHE"]
