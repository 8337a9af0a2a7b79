"""`engines` says what it would cost before it costs it, and nothing twice."""

import pytest

from contract.cli import (
    engines,
    run,
)
from contract.engines.environments import RECIPES


@pytest.fixture(autouse=True)
def kept(monkeypatch, tmp_path):
    monkeypatch.setenv("MAGISTRAL_CONTRACT_ENGINES", str(tmp_path))
    return tmp_path


def test_every_engine_is_listed_with_pins_and_cost(monkeypatch, capsys):
    monkeypatch.setattr(engines, "ours", lambda _: None)
    code = run(["engines", "list"])
    out = capsys.readouterr().out

    assert 0 == code
    for recipe in RECIPES.values():
        assert f"{', '.join(recipe.pins)}; {recipe.cost}" in out
    assert len(RECIPES) == out.count("not installed")


def test_engine_beside_the_tool_is_listed_with_its_version(monkeypatch, capsys):
    versions = {"llamacpp": "1.2"}
    monkeypatch.setattr(engines, "ours", lambda recipe: versions.get(recipe.id))
    run(["engines", "list"])
    out = capsys.readouterr().out

    assert "xllamacpp 1.2, installed beside magistral-contract" in out
    assert len(RECIPES) - 1 == out.count("not installed")


def test_cost_is_said_first_and_a_second_time_does_nothing(monkeypatch, kept, capsys):
    lines = []

    def install(recipe, place, say):
        lines.append(capsys.readouterr().out)
        say("pip install it")
        place.mkdir(parents=True)
        (place / "installed.txt").write_text("".join(f"{p}\n" for p in recipe.pins))

    monkeypatch.setattr(engines, "install", install)
    codes = [run(["engines", "install", "llamacpp"]) for _ in range(2)]
    said = capsys.readouterr().out

    assert [0, 0] == codes
    assert 1 == len(lines)
    assert "takes 10 to 40 seconds and 130 MB" in lines[0]
    assert "  pip install it\n" in said
    assert f"llamacpp is installed in {kept / 'llamacpp'}." in said


def test_place_of_ones_own_is_named_to_the_target(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(engines, "install", lambda *_: None)
    run(["engines", "install", "transformers", "--into", str(tmp_path / "e")])

    python = tmp_path / "e" / "bin" / "python"
    assert f"verify transformers:tiny?python={python}\n" in capsys.readouterr().out


def test_place_that_cannot_be_written_is_named(capsys):
    assert 2 == run(["engines", "install", "llamacpp", "--into", "/proc/nowhere"])
    assert "/proc/nowhere cannot be written to" in capsys.readouterr().err


def test_unknown_engine_is_a_usage_error(capsys):
    assert 2 == run(["engines", "install", "ollama"])
    assert "'ollama' is not one of" in capsys.readouterr().err
