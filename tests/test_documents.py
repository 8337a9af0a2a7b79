"""What the documents state is what the code does, as far as it can be compared."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import pytest

from contract.model.check import Check
from contract.model.timing import Timing
from contract.plugins.discovery import find
from contract.testing import layers

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
# The recording that the README shows, under the address of the server that made it.
RECORDING = ROOT / "fixtures" / "exchanges" / "llamacpp-b11549-reasoning-format-none"
SHOWN = "reasoning.right-field"
URL = "http://127.0.0.1:8393/v1"
FAILURE = re.compile(r"^FAIL .*?(?=\n```)", re.DOTALL | re.MULTILINE)
FOLDERS = re.compile(
    r"(?<=\| Folder \| Purpose \| Imports \|\n\|---\|---\|---\|\n)(\|.*\n)*"
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
GENERATED = {"breakages", "checks", "clients", "engines", "kill-matrix", "wrong-flags"}


@pytest.fixture
def kept(request):
    """`kept(path, pattern, text)`: that part of a page; --update-golden writes it."""

    def kept(path, pattern, text):
        page = path.read_text("utf-8")
        if request.config.getoption("--update-golden"):
            page = pattern.sub(lambda _: text, page, count=1)
            path.write_text(page, "utf-8", newline="\n")
        return pattern.search(page)[0]

    return kept


def test_the_failure_in_the_readme_is_what_verify_prints(command, kept):
    out = command("replay", RECORDING, "--select", SHOWN).out
    (block,) = re.findall(r"^FAIL .*?(?=\n\n)", out, re.DOTALL | re.MULTILINE)
    shown = block.replace(f"replay {RECORDING}", f"verify {URL}")

    assert kept(README, FAILURE, shown) == shown


def test_the_folders_are_described_by_their_docstrings(kept):
    graph = layers.read()
    ranks = graph.ranks()
    rows = "".join(
        f"| `{name}` | {graph.folders[name].purpose} | {imports(graph, name)} |\n"
        for name in sorted(graph.folders, key=lambda one: (-ranks[one], one))
    )

    assert kept(ARCHITECTURE, FOLDERS, rows) == rows


def imports(graph, name):
    below = sorted(graph.folders[name].declared & set(graph.folders))
    return ", ".join(below) or "no folder"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path):
    links = [
        link for link in LINK.findall(path.read_text("utf-8")) if "://" not in link
    ]

    assert [] == [link for link in links if not leads_somewhere(path, link)]


def leads_somewhere(path, link):
    name, _, anchor = link.partition("#")
    page = (path.parent / name).resolve() if name else path
    return page.exists() and (not anchor or anchor in anchors(page))


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def test_the_readme_links_to_every_page():
    linked = {
        link.partition("#")[0] for link in LINK.findall(README.read_text("utf-8"))
    }

    assert {f"docs/{path.name}" for path in ROOT.glob("docs/*.md")} <= linked


def test_every_dependency_has_a_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = {
        re.match(r"[\w.-]+", requirement)[0]
        for requirement in (*project["dependencies"], *(r for e in extras for r in e))
    }
    table = ARCHITECTURE.read_text("utf-8").partition("\n## Dependencies\n")[2]
    cells = [line.split("|")[1] for line in table.splitlines() if line[:2] == "| "]
    named = {word for cell in cells for word in re.findall(r"[\w-]+", cell)}

    assert wanted - {"magistral-contract"} <= named


@pytest.mark.parametrize(
    "path",
    [path for path in DOCUMENTS if path.stem not in GENERATED],
    ids=lambda path: path.name,
)
def test_every_check_that_is_named_exists(path):
    """Recipes name checks of their own, which are not meant to exist."""
    families = {check.family for check in find("checks", Check).values()}
    spans = re.findall(r"`([a-z]+\.[a-z0-9-]+)`", path.read_text("utf-8"))
    named = {span for span in spans if span.partition(".")[0] in families}

    assert named <= {*find("checks", Check), "streaming.events-are-messages"}


def test_the_glossary_has_the_formulas_of_the_code():
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")

    for property_ in (Timing.tpot, Timing.reasoning_time):
        formula = inspect.getdoc(property_).partition(";")[0]
        assert formula in glossary
