"""Other people's OpenAPI tools, as `.ci/openapi-tools` installs them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPENAPI = ROOT / "openapi.yaml"
PLACES = ("venv/bin", "node_modules/.bin", "apidog/node_modules/.bin")
LIMIT = 180.0  # seconds for one tool; each takes a few


@dataclass(frozen=True)
class Tools:
    """The tools as `.ci/openapi-tools` installs them."""

    folder: Path

    def run(self, name: str, *arguments: object, cwd: Path, code: int = 0) -> str:
        """Run a tool or `node` itself; return all its output."""
        done = self._done(name, arguments, cwd)
        assert done.returncode == code, done.stdout
        return done.stdout

    def run_any(self, name: str, *arguments: object, cwd: Path) -> int:
        """Run a tool that may fail; return its exit code."""
        return self._done(name, arguments, cwd).returncode

    def _done(
        self, name: str, arguments: tuple[object, ...], cwd: Path
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  # a tool that the script installed
            [str(self.path(name)), *map(str, arguments)],
            cwd=cwd,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def path(self, name: str) -> Path:
        """Return where a program is: in the environment, a package, or on the PATH."""
        places = [self.folder / part / name for part in PLACES]
        return next((place for place in places if place.exists()), Path(name))

    def environment(self) -> Mapping[str, str]:
        paths = [self.folder / "venv/bin", self.folder / "node_modules/.bin"]
        return {
            "PATH": ":".join([*map(str, paths), os.environ["PATH"]]),
            "HOME": str(self.folder),
            "NODE_PATH": str(self.folder / "node_modules"),
            "APIDOG_CLI_TELEMETRY": "0",
            "APIDOG_CLI_DISABLE_UPDATE_CHECK": "1",
            "CI": "true",
            "NO_COLOR": "1",
            "REDOCLY_TELEMETRY": "off",
            "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        }

    def beside(self, folder: Path) -> Path:
        """Give *folder* the packages: a module is searched beside its importer."""
        (folder / "node_modules").symlink_to(self.folder / "node_modules")
        return folder
