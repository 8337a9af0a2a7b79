"""Tests of quantised weights: the checks that fail in each format."""

import os
from pathlib import Path

import pytest
from support.quantisation import FORMATS, quantise

from contract.engines.environments import interpreter
from contract.model.check import Check, Level
from contract.model.profile import Capability
from contract.plugins.discovery import find
from contract.run.opening import open_target
from contract.run.report import Outcome
from contract.run.select import select
from contract.tiny.llamacpp import write

pytestmark = pytest.mark.live
PAGE = Path(__file__).parents[2] / "docs" / "quantisation.md"
LIBRARIES = "MAGISTRAL_CONTRACT_LIBLLAMA"
SELECTED = (
    "reasoning",
    "tools",
    "streaming",
    "languages",
    "structured",
    "conversation.answers-a-sum",
)
CHECKS = select(find("checks", Check).values(), SELECTED)
BLOCK = 256  # weights in a block of the K quantisations
NONE = "none"  # on the page, for a format in which no check fails
HEAD = "| Format | MUST checks that fail |\n|---|---|\n"


@pytest.fixture(scope="module")
def libraries():
    if LIBRARIES not in os.environ:
        pytest.skip(f"{LIBRARIES} is not set; .ci/live sets it to libllama's folder")
    return Path(os.environ[LIBRARIES])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantised")
    write(folder / "tiny.gguf", folder / "mmproj.gguf", block=BLOCK)
    return folder


def failing(file, mmproj):
    """The MUST checks that fail with the weights in *file*."""
    target = f"llamacpp:{file}?mmproj={mmproj}&python={interpreter('llamacpp')}"
    offers = frozenset({Capability.FOLLOWS_INSTRUCTIONS})
    with open_target(target, concurrency=1, offers=offers) as verification:
        results = list(verification.verify(CHECKS))
    assert sum(result.outcome is Outcome.PASS for result in results) > len(CHECKS) / 2
    return [
        result.check.id
        for result in results
        if result.outcome is Outcome.FAIL and result.check.level is Level.MUST
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_failing_checks_of_a_format_are_those_on_the_page(
    name, libraries, model, request
):
    file = model / f"{name}.gguf"
    quantise(libraries, model / "tiny.gguf", name, file)
    failed = ", ".join(f"`{one}`" for one in failing(file, model / "mmproj.gguf"))
    row = f"| {name} | {failed or NONE} |\n"
    text = PAGE.read_text("utf-8")
    if request.config.getoption("--update-golden"):
        rows = dict(rows_of(text)) | {name: row}
        text = (
            text.partition(HEAD)[0]
            + HEAD
            + "".join(rows[n] for n in FORMATS if n in rows)
        )
        PAGE.write_text(text, "utf-8")

    assert row in text


def rows_of(text):
    for line in text.partition(HEAD)[2].splitlines(keepends=True):
        yield line.split("|")[1].strip(), line
