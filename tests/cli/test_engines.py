"""`engines` says what it would cost before it costs it, and nothing twice."""

import pytest

from contract.cli import engines, run
from contract.engines.environments import RECIPES


@pytest.fixture(autouse=True)
def kept(monkeypatch, tmp_path):
    monkeypatch.setenv("MAGISTRAL_CONTRACT_ENGINES", str(tmp_path))
    return tmp_path


def test_every_engine_is_listed_with_pins_and_cost(capsys):
    code = run(["engines", "list"])
    out = capsys.readouterr().out

    assert 0 == code
    for recipe in RECIPES.values():
        assert f"{', '.join(recipe.pins)}; {recipe.cost}" in out
    assert len(RECIPES) == out.count("not installed")


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


def test_place_that_cannot_be_written_is_named(capsys):
    assert 2 == run(["engines", "install", "llamacpp", "--into", "/proc/nowhere"])
    assert "/proc/nowhere cannot be written to" in capsys.readouterr().err


def test_unknown_engine_is_a_usage_error(capsys):
    assert 2 == run(["engines", "install", "ollama"])
    assert "'ollama' is not one of" in capsys.readouterr().err
