"""The published figures are in one file, with their sources, and pages repeat them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from contract.claims.published import PATH, published
from contract.errors import UsageError

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
# A percentage with two decimals, which only the figures of model cards have.
PERCENT = re.compile(r"(?<![\d.])(\d{2}\.\d{2})(?: ?%| percent)")
BENCHMARK = re.compile(r"AIME|GPQA|LiveCodeBench|pass@1", re.IGNORECASE)
FIGURES = {
    f"{figure:.2f}"
    for model in published().models.values()
    for figure in model.figures.values()
}


def repeated(text):
    """The percentages in the lines of *text* that speak of a benchmark."""
    return {
        found
        for line in text.splitlines()
        if BENCHMARK.search(line)
        for found in PERCENT.findall(line)
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_has_a_figure_that_the_file_lacks(path):
    assert repeated(path.read_text("utf-8")) <= FIGURES


def test_a_wrong_figure_in_a_page_would_be_found():
    assert repeated("AIME24 is 86.41 % here") - FIGURES == {"86.41"}
    assert repeated("a share of 86.41 % of the requests") == set()


def test_no_module_has_a_figure_of_its_own():
    """The file is their only place: no code repeats one."""
    figures = "|".join(map(re.escape, sorted(FIGURES - {"75.00"})))
    pattern = re.compile(rf"(?<![\d.])(?:{figures})(?!\d)")
    wrong = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "contract").rglob("*.py")
        if pattern.search(path.read_text("utf-8"))
    }

    assert set() == wrong


def test_every_figure_has_a_source_and_is_a_percentage_of_a_known_set():
    for model in published().models.values():
        assert model.source.startswith("https://"), model.id
        assert model.figures.keys() <= published().sets.keys(), model.id
        assert all(0 < figure < 100 for figure in model.figures.values()), model.id
        assert all(name == name.lower() for name in model.names), model.id


def test_what_was_not_read_at_its_source_says_so():
    """Those of Small 1.2 were given, not read; a run repeats that beside its figure."""
    figure = published().figure("magistral-small-1-2", "aime24")

    assert figure.percent == "86.14 %"
    assert "not read" in figure.unread
    assert published().figure("magistral-medium-1-2", "aime24").unread == ""


def test_the_sampling_is_the_recommended_one():
    sampling = published().sampling

    assert (sampling.temperature, sampling.top_p) == (0.7, 0.95)
    assert sampling.max_tokens == 131_072


@pytest.mark.parametrize(
    ("served", "model"),
    [
        ("magistral-small-2509", "magistral-small-1-2"),
        ("mistralai/Magistral-Small-2509", "magistral-small-1-2"),
        ("unsloth/Magistral-Small-2509-GGUF:UD-Q4_K_XL", "magistral-small-1-2"),
        ("Magistral-Small-2509.Q8_0.gguf", "magistral-small-1-2"),
        ("magistral-medium-2507", "magistral-medium-1-1"),
        ("magistral-small-latest", None),
        ("magistral-small-25090", None),
        ("", None),
    ],
)
def test_a_served_name_is_of_one_model_or_of_none(served, model):
    found = published().model_named(served)

    assert (found and found.id) == model


@pytest.mark.parametrize(
    ("model", "items", "words"),
    [
        ("magistral-small-1-3", "aime24", "magistral-small-1-2"),
        ("magistral-small-1-2", "aime23", "aime24"),
        ("magistral-small-1-1", "gpqa", "--published PERCENT"),
    ],
)
def test_an_unknown_figure_is_a_sentence_that_says_what_to_do(model, items, words):
    with pytest.raises(UsageError, match=words):
        published().figure(model, items)


def test_no_name_is_of_two_models():
    tables = tomllib.loads(PATH.read_text("utf-8"))["models"].values()
    names = [name for table in tables for name in table["names"]]

    assert len(names) == len(set(names))
