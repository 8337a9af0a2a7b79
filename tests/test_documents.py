"""What the documents state is what the code does, as far as it can be compared."""

from __future__ import annotations

import inspect
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

from contract.exporters.base import Exporter, Source
from contract.model.check import Check, Fault
from contract.model.timing import Timing
from contract.plugins.discovery import find
from contract.reporters.base import Reporter
from contract.run.report import Outcome
from contract.targets.base import TargetKind
from contract.targets.mock import mock_profile
from contract.testing import layers, rehearse

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
# The recording that the README shows, under the address of the server that made it.
RECORDING = ROOT / "fixtures" / "exchanges" / "llamacpp-b11549-reasoning-format-none"
SHOWN = "reasoning.right-field"
URL = "http://127.0.0.1:8393/v1"
GRAPH = layers.read()
FAILURE = re.compile(r"^FAIL .*?(?=\n```)", re.DOTALL | re.MULTILINE)
FOLDERS = re.compile(
    r"(?<=\| Folder \| Purpose \| Imports \|\n\|---\|---\|---\|\n)(\|.*\n)*"
)
LINK = re.compile(r"\]\(([^)\s]+)\)")
# Pages whose names are true now; the CHANGELOG also names what was renamed.
CURRENT = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
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
    ranks = GRAPH.ranks()
    rows = "".join(
        f"| `{name}` | {GRAPH.folders[name].purpose} | {imports(name)} |\n"
        for name in sorted(GRAPH.folders, key=lambda one: (-ranks[one], one))
    )

    assert kept(ARCHITECTURE, FOLDERS, rows) == rows


def imports(name):
    below = sorted(GRAPH.folders[name].declared & set(GRAPH.folders))
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


def recipes():
    """The modules that CONTRIBUTING.md shows, by the kind of thing they define."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    modules = [
        block
        for language, block in BLOCK.findall(text)
        if language == "python" and "\n@" in block and "import" in block
    ]
    return [defined(block) for block in modules]


def defined(block):
    names = {}
    exec(compile(block, "recipe", "exec", dont_inherit=True), names)  # noqa: S102  # of our own documents
    return names.values()


def test_the_recipes_of_checks_pass_and_are_broken_by_their_faults():
    faults = [one for values in recipes() for one in values if isinstance(one, Fault)]

    assert len(faults) == 2  # in the package, and in a plug-in
    for one in faults:
        assert rehearse(one.breaks, "vllm").outcome is Outcome.PASS
        assert rehearse(one.breaks, "vllm", fault=one).outcome is Outcome.FAIL


def test_the_recipes_of_a_target_and_a_reporter_define_one():
    kinds = [type(value) for values in recipes() for value in values]

    assert (kinds.count(TargetKind), kinds.count(Reporter)) == (1, 1)


def test_the_recipe_of_an_exporter_writes_the_requests_of_each_family():
    (one,) = (v for values in recipes() for v in values if isinstance(v, Exporter))
    source = Source(
        profile=mock_profile("vllm"),
        base_url="http://127.0.0.1:8700",
        model="magistral-small-2509",
        checks=tuple(find("checks", Check).values()),
    )
    files = one.files(source)

    assert "POST {{baseUrl}}/v1/chat/completions\n" in files["streaming.hurl"].decode()
    assert "streaming.ends-with-done" in files["streaming.hurl"].decode()
    assert "authorization: Bearer {{apiKey}}\n" in files["usage.hurl"].decode()


@pytest.mark.parametrize("path", CURRENT, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(path):
    """Recipes name files of their own, which are not meant to exist."""
    text = path.read_text("utf-8")
    named = re.findall(
        r"`((?:contract|tests|docs|fixtures|benchmarks)/[\w./-]+)`", text
    )
    missing = {name for name in named if not (ROOT / name).exists()}
    placeholders = {name for name in missing if re.search(r"/[A-Z]+\b", name)}
    new = {"checks/streaming/event_types", "targets/compose", "reporters/tsv"}
    new |= {"exporters/hurl"}

    assert missing - placeholders <= {
        *(f"contract/{name}.py" for name in new),
        "tests/checks/streaming/test_event_types.py",
    }


@pytest.mark.parametrize("path", CURRENT, ids=lambda path: path.name)
def test_every_module_and_function_that_is_named_exists(path):
    text = path.read_text("utf-8")
    spans = re.findall(r"`(contract(?:\.\w+)+)", text)
    folders = "|".join(GRAPH.folders)
    diagrams = "".join(block for name, block in BLOCK.findall(text) if name == "text")
    words = re.findall(rf"(?<![\w./])((?:{folders})(?:\.[a-z_]+)+)", diagrams)
    named = {*spans, *(f"contract.{word}" for word in words if "-" not in word)}

    assert [] == sorted(name for name in named if not exists(name))


def exists(name):
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_names_the_folder_it_was_written_in(path):
    assert str(ROOT) not in path.read_text("utf-8")
