"""What other packages do not publish is listed, and their versions are bounded."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "pyproject.toml").read_text("utf-8")
PROJECT = tomllib.loads(TEXT)["project"]
# Files with this mark use a private attribute of an object (ruff, SLF001).
MARK = re.compile(r"noqa: [^#\n]*\bSLF001\b")
# Requirement -> file -> the words that show what it uses of what is not published.
# What is private to this package, or to the standard library, is listed under its name.
UNPUBLISHED = {
    "httpx2": {"contract/consumer.py": ["httpcore2."]},
    "junitparser": {
        "contract/reporters/junit.py": ["from junitparser.junitparser import"],
    },
    "mistral-common": {
        "contract/tokens/tekken.py": ['"data" / _FILE'],
        "tests/tokens/test_counting.py": ["_image_to_num_tokens"],
    },
    "pytest": {
        "tests/pytest_plugin/test_settings.py": ["._parser", "._groups"],
        "tests/support/each.py": ["_pytest.mark.structures"],
        "tests/test_workflows.py": ["._parser", "._groups", "._anonymous"],
    },
    "pytest-xdist": {
        "contract/pytest_plugin/scheduling.py": ["(LoadScopeScheduling)"],
    },
    "respx": {"contract/consumer.py": ["(HTTPCoreMocker)"]},
    "schemathesis": {"contract/fuzzing/running.py": ["--report-ndjson-path"]},
    "uvicorn": {
        "contract/mock_server/app.py": ["(uvicorn.Server)"],
        "contract/mock_server/pacing.py": ["cycle.transport", "cycle.flow"],
    },
    # The parser of regular expressions has no public name; CI runs the oldest and the
    # newest Python.
    "python": {"contract/mock_server/pattern.py": ["_constants", "_parser"]},
    # Caches that a test empties, and steps between which a test has to come.
    "magistral-contract": {
        "benchmarks/clock_clients.py": ["one._transport"],
        "tests/mock_server/test_provider.py": ["._cached_parse"],
        "tests/plugins/test_discovery.py": ["discovery._found"],
        "tests/run/test_saving.py": ["recording._read"],
        "tests/wire/test_fuzz_running.py": ["running._finished"],
        "tests/wire/test_session.py": ["session._memo"],
        "tests/wire/cli/test_reporters.py": ["discovery._found"],
    },
}
OWN = {"python", "magistral-contract"}
SOURCES = [
    path
    for folder in ("contract", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
]


def private(name):
    """Whether a dotted name has a part that its package keeps to itself."""
    return any(re.match("_(?!_)", part) for part in name.split("."))


def imports_private(text):
    """Whether a module imports a private module or name of another package."""
    for node in ast.walk(ast.parse(text)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        if any(private(name) and not name.startswith("contract.") for name in names):
            return True
    return False


def requirements():
    """(name, specifiers, line) of each requirement, the line as it is written."""
    extras = PROJECT["optional-dependencies"].values()
    for requirement in {*PROJECT["dependencies"], *(r for e in extras for r in e)}:
        name, rest = re.match(r"([\w.-]+)(?:\[.*\])?([^;]*)", requirement).groups()
        for line in TEXT.splitlines():
            if f'"{requirement}"' in line:
                yield name, rest.strip(), line


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        pytest.param("from re import _parser", True, id="name"),
        pytest.param("import _pytest.mark", True, id="module"),
        pytest.param("from a.b._c import d", True, id="inner-module"),
        pytest.param("from __future__ import annotations", False, id="dunder"),
        pytest.param("from contract._version import __version__", False, id="own"),
        pytest.param("from a import b as _b", False, id="alias"),
    ],
)
def test_private_imports_are_recognised(text, verdict):
    assert verdict == imports_private(text)


@pytest.mark.long
def test_every_use_of_what_is_private_is_listed():
    using = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if MARK.search(text := path.read_text("utf-8")) or imports_private(text)
    }
    listed = {path for uses in UNPUBLISHED.values() for path in uses}

    assert len(using) > 5
    assert using <= listed


def test_every_listed_use_is_there():
    gone = [
        f"{path}: {word}"
        for uses in UNPUBLISHED.values()
        for path, words in uses.items()
        for word in words
        if word not in (ROOT / path).read_text("utf-8")
    ]

    assert [] == gone


@pytest.mark.parametrize("name", sorted(set(UNPUBLISHED) - OWN))
def test_its_package_has_an_upper_bound_with_a_reason(name):
    # What only tests use bounds their own requirement, and not those of users.
    shipped = any(path.startswith("contract/") for path in UNPUBLISHED[name])
    found = [(s, line) for one, s, line in requirements() if one == name]
    bounded = [(s, line) for s, line in found if "<" in s]

    assert found
    assert bounded
    assert not shipped or bounded == found
    for _, line in bounded:
        assert re.search(r'", +# \w+', line), line


def test_a_bound_is_only_for_what_is_listed():
    bounded = {name for name, specifiers, _ in requirements() if "<" in specifiers}

    assert bounded == set(UNPUBLISHED) - OWN
