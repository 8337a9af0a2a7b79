"""Imports point down the layers, and each package of others has its place."""

from __future__ import annotations

import ast
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "contract"
BANNED = ("utils", "util", "helpers", "helper", "common", "misc", "manager", "handler")

# The layer of every module; of a package, that of all its modules.
LAYERS = {
    **dict.fromkeys(
        [
            "",  # the package itself: it loads its public names when asked for one
            "errors",
            "chat",
            "sse",
            "think",
            "dialects.base",
            "profile",
            "timing",
            "exchange",
            "interval",
            "reply",
        ],
        0,
    ),
    **dict.fromkeys(
        [
            "catalog",
            "cells",
            "curl",
            "dialects",
            "fit",
            "hints",
            "images",
            "probes",
            "profiles",
            "retell",
            "sizing",
            "reduction",
            "spec",
            "strategies",
            "tekken",
            "tokens",
            "violation",
        ],
        1,
    ),
    **dict.fromkeys(["breakages", "checks", "quirks"], 2),
    **dict.fromkeys(
        [
            "canary",
            "clues",
            "detection",
            "engines",
            "floor",
            "limits",
            "pulse",
            "recorder",
            "server",
            "session",
            "targets",
            "tiny",
        ],
        3,
    ),
    **dict.fromkeys(
        ["exploration", "fuzzing", "recording", "report", "runner", "verification"], 4
    ),
    **dict.fromkeys(
        [
            "__main__",
            "cli",
            "consumer",
            "pytest_plugin",
            "reporters",
            "schemathesis_hooks",
            "suite",
        ],
        5,
    ),
}
# The wire may not know what it will be judged by.
MAY_IMPORT = {0: {0}, 1: {0, 1}, 2: {0, 1, 2}, 3: {0, 1, 3}, 4: {0, 1, 2, 3, 4}}
THIRD_PARTIES = {
    1: {
        "PIL",
        "hypothesis",
        "jsonschema",
        "jsonschema_rs",
        "orjson",
        "tiktoken",
        "yaml",
    },
    3: {
        "PIL",
        "gguf",
        "httpx",
        "jsonschema_rs",
        "mistral_common",
        "numpy",
        "orjson",
        "safetensors",
        "tiktoken",
        "uvicorn",
        "uvloop",
        "xllamacpp",
    },
    4: {"hypothesis"},
    5: {
        "respx",
        "httpx",
        "click",
        "junitparser",
        "pytest",
        "rich",
        "schemathesis",
        "xdist",
    },
}


@cache
def names():
    """Every module's name below `contract`; the package itself is the empty one."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        .removesuffix("__init__")
        .rstrip("."): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }


@cache
def tree(name):
    """The syntax of a module."""
    return ast.parse(names()[name].read_text(encoding="utf-8"))


@cache
def imported(name, *, everywhere=True):
    """What a module imports, functions included unless only the top counts."""
    found = []
    for node in ast.walk(tree(name)) if everywhere else tree(name).body:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports relatively"
            found += [_module(node.module, alias.name) for alias in node.names]
    return frozenset(found)


def _module(parent, name):
    inner = f"{parent}.{name}".removeprefix("contract.")
    return f"contract.{inner}" if inner in names() else parent


def own(name, **options):
    """The modules below `contract` that a module imports."""
    return {
        found.removeprefix("contract").lstrip(".")
        for found in imported(name, **options)
        if found.partition(".")[0] == "contract"
    }


def layer(name):
    """The layer of a module: its own entry, or that of the nearest package."""
    while name not in LAYERS and "." in name:
        name = name.rpartition(".")[0]
    return LAYERS.get(name)


@pytest.mark.parametrize("name", names())
def test_module_has_a_layer(name):
    assert layer(name) is not None, f"place {name} in LAYERS and in ARCHITECTURE.md"


@pytest.mark.parametrize("name", [name for name in names() if name])
def test_imports_point_down(name):
    allowed = MAY_IMPORT.get(layer(name), set(range(6)))

    above = sorted(other for other in own(name) if layer(other) not in allowed)

    assert above == []


@pytest.mark.parametrize("name", names())
def test_third_parties_stay_in_their_layer(name):
    strangers = {
        top
        for found in imported(name)
        if (top := found.partition(".")[0]) not in sys.stdlib_module_names
    }

    assert strangers - {"contract"} <= THIRD_PARTIES.get(layer(name), set())


def test_modules_do_not_import_each_other_in_a_circle():
    graph = {name: own(name, everywhere=False) - {name, ""} for name in names()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("name", names())
def test_module_is_named_by_a_noun_of_ours(name):
    words = name.rpartition(".")[2].split("_")

    assert not set(words) & set(BANNED)


@pytest.mark.parametrize("name", names())
def test_module_starts_with_a_sentence(name):
    text = ast.get_docstring(tree(name))

    assert text
    assert text.split("\n\n")[0].endswith((".", "`"))


@pytest.mark.parametrize("name", [name for name in names() if layer(name) < 3])
def test_core_reads_no_clock_and_no_chance(name):
    assert not imported(name) & {"time", "random", "socket", "secrets", "asyncio"}


@pytest.mark.parametrize(
    "name", [name for name in names() if not name.startswith("server")]
)
def test_only_the_server_is_async(name):
    nodes = ast.walk(tree(name))

    assert not any(isinstance(node, ast.AsyncFunctionDef) for node in nodes)
