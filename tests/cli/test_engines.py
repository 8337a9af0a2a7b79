"""`engines`: costs are shown before an installation, which happens once."""

import pytest

from contract.cli import engines, run
from contract.engines.environments import RECIPES


@pytest.fixture(autouse=True)
def kept(monkeypatch, tmp_path):
    monkeypatch.setenv("MAGISTRAL_CONTRACT_ENGINES", str(tmp_path))
    return tmp_path


def test_every_engine_is_listed_with_packages_and_cost(monkeypatch, capsys):
    monkeypatch.setattr(engines, "version_here", lambda _: None)
    code = run(["engines", "list"])
    out = capsys.readouterr().out

    assert 0 == code
    for recipe in RECIPES.values():
        assert f"{', '.join(recipe.pins)}; {recipe.cost}" in out
    assert len(RECIPES) == out.count("not installed")


def test_an_engine_in_this_environment_is_listed_with_its_version(monkeypatch, capsys):
    versions = {"llamacpp": "1.2"}
    monkeypatch.setattr(engines, "version_here", lambda recipe: versions.get(recipe.id))
    run(["engines", "list"])
    out = capsys.readouterr().out

    assert "xllamacpp 1.2, installed in this environment" in out
    assert len(RECIPES) - 1 == out.count("not installed")


def test_the_cost_is_shown_first_and_a_second_installation_does_nothing(
    monkeypatch, kept, capsys
):
    lines = []

    def install(recipe, place, report, *, locked):
        assert locked
        lines.append(capsys.readouterr().out)
        report("pip install it")
        place.mkdir(parents=True)
        (place / "installed.txt").write_text("".join(f"{p}\n" for p in recipe.pins))

    monkeypatch.setattr(engines, "install", install)
    codes = [run(["engines", "install", "llamacpp"]) for _ in range(2)]
    out = capsys.readouterr().out

    assert [0, 0] == codes
    assert 1 == len(lines)
    assert "takes 10 to 40 seconds and 130 MB" in lines[0]
    assert "  pip install it\n" in out
    assert f"llamacpp is installed in {kept / 'llamacpp'}." in out


def test_a_chosen_folder_is_part_of_the_printed_target(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(engines, "install", lambda *_, **__: None)
    run(["engines", "install", "transformers", "--into", str(tmp_path / "e")])

    python = tmp_path / "e" / "bin" / "python"
    assert f"verify transformers:tiny?python={python}\n" in capsys.readouterr().out


def test_an_installation_without_the_lock_is_possible(monkeypatch):
    given = []
    monkeypatch.setattr(engines, "install", lambda *_, locked: given.append(locked))
    code = run(["engines", "install", "transformers", "--unlocked"])

    assert (0, [False]) == (code, given)


def test_an_unwritable_folder_is_a_usage_error(capsys):
    assert 2 == run(["engines", "install", "llamacpp", "--into", "/proc/nowhere"])
    assert "/proc/nowhere cannot be written to" in capsys.readouterr().err


def test_an_unknown_engine_is_a_usage_error(capsys):
    assert 2 == run(["engines", "install", "ollama"])
    assert "'ollama' is not one of" in capsys.readouterr().err
