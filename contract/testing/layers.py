"""
The import graph of the package, read from its source.

Usage: `python -m contract.testing.layers --dot | dot -Tsvg > layers.svg`. The first
docstring of each folder ends with what the folder imports, and that declaration is
compared with its code in `tests/test_layers.py`.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
_IMPORTS = re.compile(r"Imports:\s+([^.]*)\.")
_THIRD_PARTIES = re.compile(r"Third parties:\s+([^.]*)\.")


@dataclass(frozen=True)
class Module:
    """One module: its dotted *name* below `contract`, empty for the package itself."""

    name: str
    tree: ast.Module

    @cached_property
    def imported(self) -> frozenset[str]:
        """Dotted names of everything it imports, functions included."""
        return frozenset(_imported(ast.walk(self.tree)))

    @cached_property
    def at_import(self) -> frozenset[str]:
        """What it imports when it is imported itself."""
        return frozenset(_imported(self.tree.body))


@dataclass(frozen=True)
class Folder:
    """A folder and what the docstring of its `__init__` declares."""

    name: str
    purpose: str
    declared: frozenset[str]
    third_parties: frozenset[str]


@dataclass(frozen=True)
class Graph:
    """All modules, and the folders by name."""

    modules: tuple[Module, ...]
    folders: dict[str, Folder]

    def inside(self, imported: Iterable[str]) -> set[str]:
        """The modules of this package among *imported* names, without `contract.`."""
        names = {module.name for module in self.modules}
        found = set()
        for one in imported:
            head, _, inner = one.partition(".")
            if head == "contract":
                parent = inner.rpartition(".")[0]
                found.add(inner if inner in names else parent)
        return found

    def imports(self, folder: str) -> set[str]:
        """The folders, and modules of the top, that *folder* imports."""
        inner = {
            other.partition(".")[0]
            for module in self._of(folder)
            for other in self.inside(module.imported)
        }
        return inner - {folder, ""}

    def third_parties(self, folder: str) -> set[str]:
        """The packages of others that *folder* imports."""
        tops = {
            one.partition(".")[0]
            for module in self._of(folder)
            for one in module.imported
        }
        return tops - set(sys.stdlib_module_names) - {"contract"}

    def reachable(self, folder: str) -> set[str]:
        """The folders that *folder* imports, directly or not."""
        found: set[str] = set()
        waiting = [folder]
        while waiting:
            new = self.imports(waiting.pop()) - found
            found |= new
            waiting += new & set(self.folders)
        return found

    def ranks(self) -> dict[str, int]:
        """How many floors lie below each folder; the top's modules are floor 0."""
        found: dict[str, int] = {}

        def rank(name: str) -> int:
            if name not in self.folders:
                return 0
            if name not in found:
                below = self.folders[name].declared
                found[name] = 1 + max(map(rank, below), default=0)
            return found[name]

        for name in self.folders:
            rank(name)
        return {**dict.fromkeys(self._top(), 0), **found}

    def _of(self, folder: str) -> Iterable[Module]:
        return (m for m in self.modules if m.name.partition(".")[0] == folder)

    def _top(self) -> set[str]:
        return {m.name for m in self.modules if "." not in m.name} - set(self.folders)


def _imported(nodes: Iterable[ast.AST]) -> Iterable[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def read(package: Path = PACKAGE) -> Graph:
    """The graph of the source in *package*; nothing is imported."""
    modules = []
    folders = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts).removesuffix("__init__").rstrip(".")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules.append(Module(name, tree))
        if name and "." not in name and path.name == "__init__.py":
            text = " ".join((ast.get_docstring(tree) or "").split())
            folders[name] = Folder(
                name,
                text.partition(" Imports:")[0],
                _names(_IMPORTS, text),
                _names(_THIRD_PARTIES, text),
            )
    return Graph(tuple(modules), folders)


def _names(pattern: re.Pattern[str], text: str) -> frozenset[str]:
    found = pattern.search(text)
    return frozenset(re.findall(r"\w+", found[1])) if found else frozenset()


def dot(graph: Graph) -> str:
    """The folders and their imports as Graphviz text, top floor first."""
    ranks = graph.ranks()
    lines = ["digraph contract {", "  rankdir=TB; node [shape=box];"]
    lines += [f'  "{name}";' for name in sorted(ranks, key=lambda n: (-ranks[n], n))]
    lines += [
        f'  "{name}" -> "{other}";'
        for name, folder in sorted(graph.folders.items())
        for other in sorted(folder.declared)
    ]
    return "\n".join([*lines, "}"])


def table(graph: Graph) -> str:
    """One line a folder: its floor, its name and its purpose."""
    ranks = graph.ranks()
    return "\n".join(
        f"{ranks[name]:>2}  {name:<14} {graph.folders[name].purpose}"
        for name in sorted(graph.folders, key=lambda n: (-ranks[n], n))
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the folders, or with `--dot` the graph for Graphviz."""
    parser = argparse.ArgumentParser(description="The layers of magistral-contract.")
    parser.add_argument("--dot", action="store_true", help="write Graphviz text")
    chosen = parser.parse_args(arguments)
    graph = read()
    print(dot(graph) if chosen.dot else table(graph))  # noqa: T201  # a command


if __name__ == "__main__":
    main()
