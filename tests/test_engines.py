"""Tests of recordings of real engines: the results of the checks, and the page."""

from __future__ import annotations

from collections import Counter
from contextlib import chdir
from functools import cache
from pathlib import Path

import pytest

from contract.cli.table_reports import REPORTERS
from contract.cli.table_rows import Row, row
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.reporters.markdown import markdown
from contract.reporters.page.rendering import MOST_BYTES
from contract.run.beside import read_beside
from contract.run.opening import open_recordings
from contract.run.report import Outcome, Report, in_order

ROOT = Path(__file__).parent.parent
EXCHANGES = ROOT / "fixtures" / "exchanges"
PAGE = ROOT / "docs" / "engines.md"
MARK = "<!-- from here on: "
TABLE = "<!-- from here: magistral-contract table fixtures/exchanges "
TABLE_ENDS = "\n<!-- to here -->\n"
CONFORMANT = (
    "litellm-1.108.4-llamacpp",
    "litellm-1.108.4-vllm",
    "llamacpp-0.7.0",
    "llamacpp-b11549",
    "sglang-0.5.23",
    "transformers-5.23.0",
    "vllm-0.32.0",
    "vllm-0.32.0-rust",
)
MARKED = {"reasoning.right-field", "reasoning.no-marker-in-answer"}
# Transformers removes the markers, so that reasoning and answer are one text.
GLUED = {"reasoning.present", "reasoning.tool-call-is-apart"}
MISCONFIGURED = {
    "llamacpp-b11549-reasoning-format-none": MARKED,
    "transformers-5.23.0-no-response-template": GLUED,
    "vllm-0.32.0-no-reasoning-parser": MARKED,
}
# The other engines were started without a key or do not support keys.
KEYED = (
    "litellm-1.108.4-llamacpp",
    "litellm-1.108.4-vllm",
    "llamacpp-0.7.0",
    "llamacpp-b11549",
    "sglang-0.5.23",
    "vllm-0.32.0",
    "vllm-0.32.0-rust",
)


@cache
def everything() -> tuple[Report, tuple[Row, ...]]:
    """Return the results of every check on all recordings, and a row for each."""
    checks = tuple(find("checks", Check).values())
    # The page names the folder as a reader of the project would.
    with chdir(ROOT):
        recordings = open_recordings(EXCHANGES.relative_to(ROOT))
    results, rows = [], []
    for each in recordings:
        found = tuple(each.verify(checks, slow=True))
        results += found
        rows.append(
            row(
                each.target,
                header=each.initial_header,
                results=in_order(found, checks),
                exchanges=each.session.exchanges(),
                profile=each.profile,
                beside=read_beside(EXCHANGES / each.target),
            )
        )
    # Time and place of the run are not shown on the page.
    headers = tuple(recording.initial_header for recording in recordings)
    return Report(headers=headers, results=tuple(results)), tuple(rows)


def judged() -> Report:
    return everything()[0]


def outcomes(name: str) -> dict[str, Outcome]:
    return {r.check.id: r.outcome for r in judged().results if r.target == name}


@pytest.mark.parametrize("name", CONFORMANT)
@pytest.mark.long
def test_no_check_fails_on_a_real_engine_beyond_its_waivers(name):
    counts = Counter(outcomes(name).values())

    assert counts[Outcome.FAIL] == counts[Outcome.ERROR] == 0
    assert counts[Outcome.PASS] > 80


@pytest.mark.parametrize(("name", "signs"), MISCONFIGURED.items())
@pytest.mark.long
def test_a_missing_reasoning_parser_is_detected(name, signs):
    failed = {
        name for name, outcome in outcomes(name).items() if outcome is Outcome.FAIL
    }

    assert signs <= failed
    assert not {check for check in failed if check.startswith(("schema.", "usage."))}


@pytest.mark.parametrize("name", [*CONFORMANT, *MISCONFIGURED])
def test_recordings_hold_no_key(name):
    files = (EXCHANGES / name).glob("*.json")
    text = "".join(path.read_text(encoding="utf-8") for path in files)

    assert (name in KEYED) == ("***" in text)
    assert "sk-vllm" not in text
    assert "sk-llama" not in text
    assert "sk-gateway" not in text
    assert "sk-sglang" not in text


@pytest.mark.long
def test_the_page_about_engines_shows_the_results(request):
    # The bytes of an image depend on the version of Pillow: with another version, the
    # requests differ from the recorded ones.
    if outcomes("vllm-0.32.0")["multimodal.takes-png"] is Outcome.SKIP:
        pytest.skip("this version of Pillow encodes images differently")
    text = PAGE.read_text(encoding="utf-8")
    above, table, rest = text.partition(TABLE)
    command, _, rest = rest.partition("\n")
    _, ends, rest = rest.partition(TABLE_ENDS)
    between, mark, rest = rest.partition(MARK)
    line = rest.partition("\n")[0]
    rows = REPORTERS["markdown"].render(everything()[1], "checks.md")
    page = (
        f"{above}{table}{command}\n\n{rows}{ends}{between}"
        f"{mark}{line}\n\n{markdown.render(judged())}"
    )
    if request.config.getoption("--update-golden"):
        PAGE.write_text(page, encoding="utf-8", newline="\n")

    assert table
    assert ends
    assert page == PAGE.read_text(encoding="utf-8")


@pytest.mark.long
def test_the_table_names_every_engine_and_says_which_keeps_the_contract():
    rows = everything()[1]

    assert {one.name for one in rows if one.kept} >= set(CONFORMANT)
    assert {one.name for one in rows if not one.kept} == set(MISCONFIGURED)
    assert {one.name for one in rows if not (one.engine and one.version)} == set()
    page = REPORTERS["html"].render(rows, "checks.md")
    assert len(page.encode()) < MOST_BYTES
    assert all(one.name in page for one in rows)
