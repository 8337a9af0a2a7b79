"""`init`: write the settings, a pytest file and a workflow for a target."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click

from contract._version import __version__
from contract.cli import completion, options
from contract.cli import config as configuration
from contract.errors import UsageError

NAME = "magistral-contract"
TEST = Path("tests", "test_contract.py")
WORKFLOW = Path(".github", "workflows", "contract.yml")
# The commits that the workflows of this repository use as well.
CHECKOUT = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
PYTHON = "actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0"
UPLOAD = "actions/upload-artifact@330a01c490aca151604b8cf639adc76d48f6c5d4 # v5.0.0"
# The table and those below it, up to the next table.
_TABLE = re.compile(
    rf"^\[tool\.{NAME}(?:\.[^\]]*)?\][^\n]*\n?(?:(?!\[).*\n?)*", re.MULTILINE
)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEST = '''\
"""The targets of {table} in {file} keep their contract: `{command}`."""

from __future__ import annotations


def test_contract(contract_result):
    """Run one check on one target; its outcome is that of the test."""
    contract_result.enforce()
'''
_WORKFLOW = """\
# Verifies the chat endpoint; written by `magistral-contract init`.
name: contract

on:
  push:
  workflow_dispatch:

permissions:
  contents: read

jobs:
  contract:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    steps:
      - uses: {checkout}
        with:
          persist-credentials: false
      - uses: {python}
        with:
          python-version: "3.12"
      - name: Install
        env:
          # A commit or a version makes runs repeatable.
          PACKAGE: {package}
        run: python -m pip install "$PACKAGE"
      - name: Verify
        env:
          TARGET: {target}
{secrets}        run: |
          magistral-contract verify{config} --save recording \\
            --report github=- --report "markdown=$GITHUB_STEP_SUMMARY" \\
            --report html=contract.html --report junit=junit.xml -- "$TARGET"
      - name: Keep the recording
        if: ${{{{ !cancelled() }}}}
        uses: {upload}
        with:
          name: contract
          path: |
            recording
            contract.html
            junit.xml
          if-no-files-found: ignore
"""


@click.command("init")
@click.argument(
    "target", metavar="URL", shell_complete=completion.names(completion.targets)
)
@options.profile
@click.option("--model", metavar="NAME", help="The model to request.")
@click.option(
    "--api-key-env", metavar="NAME", help="The variable that holds the API key."
)
@click.option(
    "--header-env",
    multiple=True,
    metavar="NAME=VARIABLE",
    help="A header that the gateway requires, and the variable with its value. "
    "Repeatable.",
)
@click.option(
    "--budget",
    multiple=True,
    metavar="NAME=TIME",
    help="Check latency against this bound, e.g. ttft=1.5s. Repeatable.",
)
@click.option(
    "--config",
    metavar="FILE",
    help="Write the settings there (default: [tool.magistral-contract] in "
    "pyproject.toml).",
)
@click.option(
    "--package",
    metavar="SPEC",
    help="What the workflow installs, for pip (default: what is installed here).",
)
@click.option("--force", is_flag=True, help="Replace what is there.")
def init_command(  # noqa: PLR0913  # each parameter is an option
    *,
    target: str,
    profile: str | None,
    profiles: str | None,
    model: str | None,
    api_key_env: str | None,
    header_env: tuple[str, ...],
    budget: tuple[str, ...],
    config: str | None,
    package: str | None,
    force: bool,
) -> None:
    """
    Write what is needed to verify URL again and again, in the current folder.

    \b
    pyproject.toml                   the settings, for verify and pytest
    tests/test_contract.py           each check as a test
    .github/workflows/contract.yml   verify in GitHub Actions

    Nothing that exists is changed without --force. Values of keys and headers are not
    written, only the names of their variables. URL may be any target.
    """  # noqa: D301  # click keeps the lines after \b
    path = Path(config or configuration.PYPROJECT)
    values: dict[str, Any] = {
        "targets": (target,),
        "profile": profile,
        "profiles": profiles and os.path.relpath(profiles, path.parent),
        "model": model,
        "api_key_env": api_key_env,
        "header_env": header_env,
        "budget": budget,
    }
    _ensure_sound(target, values, path)
    files = {
        path: with_table(path, values, force=force),
        TEST: _test(path),
        WORKFLOW: _workflow(target, path, package or installed(), values),
    }
    taken = [str(file) for file in (TEST, WORKFLOW) if file.exists()]
    if taken and not force:
        raise UsageError(
            f"{' and '.join(taken)} would be replaced; nothing was written. Use "
            "--force, or move it away."
        )
    for file, text in files.items():
        _write(file, text)
        click.echo(f"wrote {file}")
    click.echo(_next_steps(path, package or installed(), values))


def _variables(values: dict[str, Any]) -> list[str]:
    """Return the environment variables that the settings name."""
    found = [text.partition("=")[2] for text in values["header_env"]]
    return [*([values["api_key_env"]] if values["api_key_env"] else []), *found]


def _ensure_sound(target: str, values: dict[str, Any], path: Path) -> None:
    """Raise `UsageError` for what must not, or cannot, be written into the files."""
    from contract.cli.budgets import bounds
    from contract.client.route import Route
    from contract.plugins.discovery import find
    from contract.run.opening import reply_changes
    from contract.targets.base import TargetKind, mask_key, parse_target

    parse_target(target, find("targets", TargetKind), reply_changes())
    if mask_key(target) != target:
        raise UsageError(
            "The target has a key, which would be written into files; leave it out."
        )
    for value in values.values():
        for text in (value,) if isinstance(value, str) else value or ():
            if not text.isprintable() or "${{" in text:
                raise UsageError(
                    "A setting has a control character, or ${{, which a workflow would "
                    "read as an expression; leave it out."
                )
    # The values of the variables are not needed to write their names.
    names = [text.partition("=")[2].strip() for text in values["header_env"]]
    Route.read((), values["header_env"], environ=dict.fromkeys(names, "value"))
    if values["api_key_env"] and not VARIABLE.fullmatch(values["api_key_env"]):
        raise UsageError("--api-key-env takes the name of a variable, not the key.")
    bounds(values["budget"])
    given = {name: _listed(value) for name, value in values.items() if value}
    configuration.parse(given, path)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def with_table(path: Path, values: dict[str, Any], *, force: bool) -> str:
    """
    Return the text of the file *path* with the settings *values*.

    Raises `UsageError` if it has settings and *force* is false, or if they cannot be
    replaced without changing anything else.
    """
    table = configuration.as_toml(values)
    if not path.exists():
        return table
    try:
        text = path.read_text(encoding="utf-8")
        before = tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}.") from error
    if configuration.TABLE in before.get("tool", {}) and not force:
        raise UsageError(
            f"{path} has [tool.{configuration.TABLE}] already; nothing was written. "
            "Replace it with --force, or name another file with --config FILE."
        )
    kept = _TABLE.sub("", text).rstrip("\n")
    whole = f"{kept}\n\n{table}" if kept else table
    expected = _without_table(before)
    try:
        unchanged = _without_table(tomllib.loads(whole)) == expected
    except tomllib.TOMLDecodeError:
        unchanged = False
    if not unchanged:
        raise UsageError(
            f"{path} cannot be changed safely; nothing was written. Add this to it:\n"
            f"{table}"
        )
    return whole


def _without_table(document: dict[str, Any]) -> dict[str, Any]:
    """Return *document* without the settings, and without an empty `tool`."""
    tool = {k: v for k, v in document.get("tool", {}).items() if k != NAME}
    rest = {key: value for key, value in document.items() if key != "tool"}
    return {**rest, "tool": tool} if tool else rest


def _test(path: Path) -> str:
    more = "" if path.name == configuration.PYPROJECT else f" --contract-config {path}"
    return _TEST.format(
        command=f"pytest {TEST}{more}", table=f"[tool.{NAME}]", file=path
    )


def _workflow(target: str, path: Path, package: str, values: dict[str, Any]) -> str:
    """Return the workflow; values are JSON texts, which YAML reads as texts."""
    secrets = "".join(
        f"          {name}: ${{{{ secrets.{name} }}}}\n" for name in _variables(values)
    )
    standard = path == Path(configuration.PYPROJECT)
    return _WORKFLOW.format(
        target=json.dumps(target, ensure_ascii=False),
        package=json.dumps(package, ensure_ascii=False),
        secrets=secrets,
        config="" if standard else f" --config {shlex.quote(str(path))}",
        checkout=CHECKOUT,
        python=PYTHON,
        upload=UPLOAD,
    )


def installed() -> str:
    """
    Return what pip has to install to get this program elsewhere.

    That is the commit of the git repository that it was installed from, or else this
    version in the package index.
    """
    version = f"{NAME}=={__version__}"
    try:
        origin = json.loads(distribution(NAME).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return version
    url = str(origin.get("url", ""))
    if commit := origin.get("vcs_info", {}).get("commit_id"):
        return f"{NAME} @ git+{_public(url)}@{commit}"
    if not url.startswith("file:") or "dir_info" not in origin:
        return version
    folder = unquote(urlsplit(url).path)
    remote = _git(folder, "remote", "get-url", "origin")
    commit = _git(folder, "rev-parse", "HEAD")
    address = _public(remote)
    return f"{NAME} @ git+{address}@{commit}" if address and commit else version


def _git(folder: str, *words: str) -> str:
    """Return the output of a git command in *folder*; empty if it fails."""
    try:
        done = subprocess.run(  # noqa: S603  # the words are those of this module
            ["git", "-C", folder, *words],  # noqa: S607  # git is found as users find it
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _public(remote: str) -> str:
    """Return the https address of a git *remote*, without credentials, or ""."""
    if match := re.fullmatch(r"(?:ssh://)?git@([\w.-]+)[:/](.+)", remote):
        return f"https://{match[1]}/{match[2]}"
    parts = urlsplit(remote)
    if parts.scheme != "https" or not parts.hostname:
        return ""
    return f"https://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error


def _next_steps(path: Path, package: str, values: dict[str, Any]) -> str:
    """Return what to do now, as the commands to type."""
    standard = path == Path(configuration.PYPROJECT)
    variables = _variables(values)
    lines = ["", "next"]
    lines += [f"  export {name}=…" for name in variables]
    lines.append(f"  {NAME} verify{'' if standard else f' --config {path}'}")
    more = "" if standard else f" --contract-config {path}"
    lines.append(f"  pytest {TEST}{more}   (needs pytest)")
    if variables:
        lines.append(f"  add to the repository's secrets: {', '.join(variables)}")
    lines.append(f"  CI will install {package}; if it cannot, name another with")
    lines.append("  --force --package SPEC: a git URL, a wheel, a path in the project")
    return "\n".join(lines)
