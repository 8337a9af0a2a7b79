"""Folders are layers: each says what it imports, and that is what it imports."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter

import pytest

from contract.testing import layers

BANNED = {
    *("utils", "util", "helpers", "helper", "common", "misc", "manager", "handler"),
    *("reading", "stuff"),
}
GRAPH = layers.read()
# What a check or a value may not depend on, so that equal input gives equal output.
CHANCE = {"time", "random", "socket", "secrets", "asyncio"}
PURE = ("model", "plugins", "schema", "tokens", "providers", "checks", "quirks")


def test_each_folder_imports_what_its_first_sentences_declare():
    wrong = {
        folder.name: f"declares {sorted(folder.declared)}, imports {sorted(imported)}"
        for folder in GRAPH.folders.values()
        if (imported := GRAPH.imports(folder.name)) != folder.declared
    }

    assert {} == wrong


def test_each_folder_uses_the_third_parties_it_declares():
    wrong = {
        folder.name: f"declares {sorted(folder.third_parties)}, uses {sorted(used)}"
        for folder in GRAPH.folders.values()
        if (used := GRAPH.third_parties(folder.name)) != folder.third_parties
    }

    assert {} == wrong


def test_folders_do_not_import_each_other_in_a_circle():
    graph = {name: folder.declared for name, folder in GRAPH.folders.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of folders: {' -> '.join(error.args[1])}")


def test_modules_do_not_import_each_other_in_a_circle():
    graph = {m.name: GRAPH.inside(m.at_import) - {m.name, ""} for m in GRAPH.modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of modules: {' -> '.join(error.args[1])}")


def test_what_judges_never_reaches_what_sends():
    sending = {"client", "detection", "mock_server", "targets", "engines", "run"}

    assert not GRAPH.reachable("checks") & sending
    assert not GRAPH.reachable("quirks") & sending
    assert "checks" not in GRAPH.reachable("mock_server")


def test_no_family_of_checks_imports_another():
    shared = {"corpus", "combined", "judging", "faults", "sources"}
    wrong = {
        f"{module.name} imports {other}"
        for module in GRAPH.modules
        if module.name.startswith("checks.")
        for other in GRAPH.inside(module.imported)
        if other.startswith("checks.")
        and _family(other) not in {_family(module.name), *shared}
    }

    assert set() == wrong


def _family(name):
    return name.split(".")[1]


def test_the_top_holds_only_what_users_type_or_import():
    loose = {module.name for module in GRAPH.modules if "." not in module.name}

    assert loose - set(GRAPH.folders) == {
        *("", "__main__", "_version", "errors"),
        *("consumer", "schemathesis_hooks", "suite"),
    }


def test_modules_are_named_by_nouns_and_begin_with_a_sentence():
    wrong = set()
    for module in GRAPH.modules:
        text = ast.get_docstring(module.tree) or ""
        first = text.split("\n\n")[0]
        # `run.reading` reads reports, as `run.recording` writes exchanges.
        if (
            set(module.name.rpartition(".")[2].split("_")) & BANNED
            and module.name != "run.reading"
        ):
            wrong.add(f"{module.name}: a name that says nothing")
        if not first.endswith((".", "`")):
            wrong.add(f"{module.name}: no sentence at its head")

    assert set() == wrong


def test_values_and_checks_read_no_clock_and_no_chance():
    wrong = {
        module.name
        for module in GRAPH.modules
        if module.name.split(".")[0] in PURE and module.imported & CHANCE
    }

    assert set() == wrong


# Beside the mock, a relay holds hundreds of idle streams; a thread for each would delay
# their events by the switching of the interpreter.
ASYNC = (
    "mock_server.",
    *(f"proxying.{name}" for name in ("relay", "upstream", "tunnel", "engine")),
)


def test_only_servers_of_many_streams_are_async():
    wrong = {
        module.name
        for module in GRAPH.modules
        if not module.name.startswith(ASYNC)
        and any(isinstance(n, ast.AsyncFunctionDef) for n in ast.walk(module.tree))
    }

    assert set() == wrong


def test_the_graph_is_drawn_with_every_arrow_down(capsys):
    layers.main(["--dot"])
    dot = capsys.readouterr().out

    assert dot.startswith("digraph contract {")
    ranks = GRAPH.ranks()
    assert all(
        ranks[one] > ranks[other]
        for one, folder in GRAPH.folders.items()
        for other in folder.declared
    )
    assert all(f'"{name}"' in dot for name in GRAPH.folders)
