"""Tests of recordings of real engines: the results of the checks, and the page."""

from __future__ import annotations

from collections import Counter
from contextlib import chdir
from functools import cache
from pathlib import Path

import pytest

from contract.model.check import Check
from contract.plugins.discovery import find
from contract.reporters.markdown import markdown
from contract.run.opening import open_recordings
from contract.run.report import Outcome, Report

ROOT = Path(__file__).parent.parent
EXCHANGES = ROOT / "fixtures" / "exchanges"
PAGE = ROOT / "docs" / "engines.md"
MARK = "<!-- from here on: "
CONFORMANT = (
    "llamacpp-0.7.0",
    "llamacpp-b11549",
    "transformers-5.23.0",
    "vllm-0.32.0",
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
KEYED = ("llamacpp-0.7.0", "llamacpp-b11549", "vllm-0.32.0")


@cache
def judged() -> Report:
    """Return a report of every check on all recordings with a manifest."""
    checks = tuple(find("checks", Check).values())
    # The page names the folder as a reader of the project would.
    with chdir(ROOT):
        recordings = open_recordings(EXCHANGES.relative_to(ROOT))
    results = [
        result for each in recordings for result in each.verify(checks, slow=True)
    ]
    # Time and place of the run are not shown on the page.
    headers = tuple(recording.initial_header for recording in recordings)
    return Report(headers=headers, results=tuple(results))


def outcomes(name: str) -> dict[str, Outcome]:
    return {r.check.id: r.outcome for r in judged().results if r.target == name}


@pytest.mark.parametrize("name", CONFORMANT)
@pytest.mark.long
def test_no_check_fails_on_a_real_engine_beyond_its_waivers(name):
    counts = Counter(outcomes(name).values())

    assert counts[Outcome.FAIL] == counts[Outcome.ERROR] == 0
    assert counts[Outcome.PASS] > 80


@pytest.mark.parametrize(("name", "signs"), MISCONFIGURED.items())
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


def test_the_page_about_engines_shows_the_results(request):
    # The bytes of an image depend on the version of Pillow: with another version, the
    # requests differ from the recorded ones.
    if outcomes("vllm-0.32.0")["multimodal.takes-png"] is Outcome.SKIP:
        pytest.skip("this version of Pillow encodes images differently")
    head, mark, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
    line = rest.partition("\n")[0]
    page = f"{head}{mark}{line}\n\n{markdown.render(judged())}"
    if request.config.getoption("--update-golden"):
        PAGE.write_text(page, encoding="utf-8", newline="\n")

    assert page == PAGE.read_text(encoding="utf-8")
