"""
Client packages from PyPI and npm, each release in a folder of its own in a cache.

Usage: `python tests/support/clients.py today old` installs what `tests/clients` plays;
names of clients limit it. The cache is `MAGISTRAL_CONTRACT_CLIENTS`, by default
`~/.cache/magistral-contract/clients`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent / "clients"
PROGRAMS = CLIENTS / "programs"
CACHE = "MAGISTRAL_CONTRACT_CLIENTS"
KINDS = ("today", "old")
MOST = 600  # seconds of one installation


@dataclass(frozen=True)
class Release:
    """Packages with their versions, and the program that uses them."""

    # The id of the client in clients.toml.
    client: str
    # "python" or "node".
    language: str
    packages: tuple[str, ...]
    # File in `programs`, and its arguments.
    program: tuple[str, ...]

    @property
    def folder(self):
        digest = hashlib.sha256("\n".join(self.packages).encode()).hexdigest()[:10]
        return cache() / f"{self.client}-{digest}"

    @property
    def is_installed(self):
        return (self.folder / "installed.json").is_file()

    @property
    def name(self):
        """The first package with its version, as a table names it."""
        return self.packages[0]

    @property
    def command(self):
        """The command that runs its program."""
        if self.language == "node":
            # Node.js looks for packages beside the program.
            place = self.folder / "programs"
            shutil.copytree(PROGRAMS, place, dirs_exist_ok=True)
            return ("node", str(place / self.program[0]), *self.program[1:])
        python = self.folder / "bin" / "python"
        return (str(python), str(PROGRAMS / self.program[0]), *self.program[1:])


@dataclass(frozen=True)
class Breakage:
    """A bug that a release had, the requirement that finds it, and one without it."""

    id: str
    issue: str
    words: str
    requirement: str
    scenario: str
    dialect: str
    old: Release
    new: Release


def cache():
    default = Path.home() / ".cache" / "magistral-contract" / "clients"
    return Path(os.environ.get(CACHE) or default)


def read():
    return tomllib.loads((CLIENTS / "clients.toml").read_text("utf-8"))


def today():
    """Yield the clients of today, with the dialects that each is played in."""
    for name, entry in read()["clients"].items():
        yield release(name, entry, entry["packages"]), tuple(entry["dialects"])


def breakages():
    """Yield the known bugs of old releases."""
    found = read()
    for name, entry in found["breakages"].items():
        client = found["clients"][entry["client"]]
        yield Breakage(
            id=name,
            issue=entry["issue"],
            words=entry["words"],
            requirement=entry["requirement"],
            scenario=entry["scenario"],
            dialect=entry["dialect"],
            old=release(entry["client"], client, entry["old"]),
            new=release(entry["client"], client, entry.get("new", client["packages"])),
        )


def release(client, entry, packages):
    return Release(
        client, entry["language"], tuple(packages), tuple(entry["program"].split())
    )


def install(one):
    """Install *one*; return why it could not be, or an empty text."""
    if one.is_installed:
        return ""
    shutil.rmtree(one.folder, ignore_errors=True)
    one.folder.mkdir(parents=True)
    try:
        if one.language == "node":
            _npm(one)
        else:
            _pip(one)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace")
        shutil.rmtree(one.folder, ignore_errors=True)
        return (said.strip().splitlines() or [str(error)])[-1]
    (one.folder / "installed.json").write_text(json.dumps(one.packages))
    return ""


def _pip(one):
    uv = shutil.which("uv")
    if uv:
        python = one.folder / "bin" / "python"
        _call([uv, "venv", "--quiet", "--clear", str(one.folder)])
        _call([uv, "pip", "install", "--quiet", "--python", str(python), *one.packages])
        return
    _call([sys.executable, "-m", "venv", str(one.folder)])
    pip = [str(one.folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _call([*pip, *one.packages])


def _npm(one):
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("npm is not installed")
    (one.folder / "package.json").write_text('{"type": "module", "private": true}')
    options = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
    _call([npm, "install", *options, *one.packages], cwd=one.folder)


def _call(command, cwd=None):
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, timeout=MOST)


def wanted(words):
    """Return the releases that *words* name: kinds, clients or breakages; or all."""
    kinds = [word for word in words if word in KINDS] or list(KINDS)
    names = [word for word in words if word not in KINDS]
    found = {}
    if "today" in kinds:
        found |= {one: None for one, _ in today()}
    if "old" in kinds:
        found |= {one: None for b in breakages() for one in (b.old, b.new)}
    return [one for one in found if not names or one.client in names]


def main(words):
    failed = 0
    for one in wanted(words):
        problem = install(one)
        failed += bool(problem)
        print(f"{one.client:<24}{' '.join(one.packages)}   {problem or 'installed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
