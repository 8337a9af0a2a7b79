"""`list`, on the terminal and as pages of documentation."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pytest

from contract.catalog.breakages import breakages
from contract.catalog.profiles import builtin
from contract.cli.listing import page
from contract.model.check import Check, Fault, Finding, Quirk
from contract.plugins import discovery
from contract.plugins.discovery import find
from contract.targets.base import TargetKind, options

DOCS = Path(__file__).parent.parent.parent / "docs" / "checks.md"
BREAKAGES = DOCS.with_name("breakages.md")


def _judge(_exchange):
    yield Finding("never")


def test_the_committed_page_of_checks_is_up_to_date(command, request):
    text = command("list", "--markdown").out
    if request.config.getoption("--update-golden"):
        DOCS.write_text(text, encoding="utf-8")

    assert DOCS.read_text(encoding="utf-8") == text


def test_every_check_is_listed_with_its_parts(command):
    out = command("list").out

    for check in find("checks", Check).values():
        assert f"\n{check.id}   {check.level.value}" in f"\n{out}"
        assert check.requirement in out
        assert f"source   {check.source}" in out


@pytest.mark.parametrize(
    ("option", "extension_point", "kind"),
    [
        pytest.param("--faults", "checks", Fault, id="faults"),
        pytest.param("--quirks", "quirks", Quirk, id="quirks"),
        pytest.param("--targets", "targets", TargetKind, id="targets"),
    ],
)
def test_all_extensions_are_listed(command, option, extension_point, kind):
    done = command("list", option)

    assert done.code == 0
    assert set(find(extension_point, kind)) <= set(done.out.splitlines())


@pytest.mark.parametrize(
    "kind", find("targets", TargetKind).values(), ids=lambda k: k.id
)
def test_every_option_of_a_target_has_a_description(command, kind):
    lines = command("list", "--targets").out.splitlines()
    below = lines[lines.index(kind.id) + 1 :]
    section = takewhile(lambda line: line.startswith("    "), below)
    descriptions = dict(line.strip().split(maxsplit=1) for line in section)

    for option in options(kind):
        assert option.description
        assert option.description in descriptions[f"?{option.name}={option.unit}"]


def test_durations_and_switches_are_listed_with_their_default(command):
    out = command("list", "--targets").out

    assert "?ttft=TIME                time until the first text, such as 80ms" in out
    assert "?startup=TIME             time within which the server must be rea" in out
    assert "reasoning and answer by the tokenizer (default yes)" in out


def test_option_without_a_description_is_listed_with_its_default(command, monkeypatch):
    def opened(_argument, *, retries: int = 3, pause: float = 0.0, note: str = ""):
        """A target."""

    kinds = {"plain": TargetKind("plain", opened)}
    monkeypatch.setattr(discovery, "find", lambda *_: kinds)
    lines = command("list", "--targets").out.splitlines()

    assert "    ?retries=N                default 3" in lines
    assert "    ?pause=TIME               such as 80ms or 1.5s" in lines
    assert "    ?note=TEXT                no description" in lines


def test_every_breakage_is_listed_with_its_report(command):
    lines = command("list", "--breakages").out.splitlines()

    for name, breakage in breakages().items():
        assert name in lines
        assert f"    report   {breakage.url}" in lines


def test_the_committed_page_of_breakages_is_up_to_date(command, request):
    text = command("list", "--breakages", "--markdown").out
    if request.config.getoption("--update-golden"):
        BREAKAGES.write_text(text, encoding="utf-8")

    assert BREAKAGES.read_text(encoding="utf-8") == text


def test_every_profile_is_listed(command):
    done = command("list", "--profiles")

    assert set(builtin()) <= set(done.out.splitlines())


def test_a_selection_limits_the_list(command):
    done = command("list", "--select", "streaming", "--ignore", "*.completes")

    assert "streaming.ends-with-done" in done.out
    assert "streaming.completes" not in done.out
    assert "reasoning." not in done.out


def test_a_selection_without_a_match_is_a_usage_error(command):
    done = command("list", "--select", "streeming")

    assert (done.code, done.out) == (2, "")
    assert "Did you mean 'streaming'" in done.err


def test_bars_and_tags_are_escaped_in_a_row():
    check = Check(
        id="a.b",
        requirement="`a|b` MUST be <b>.",
        source="x|y",
        sends=(),
        judge=_judge,
    )

    assert "| `a.b` | MUST | `a\\|b` MUST be &lt;b>. | x\\|y |  |" in page([check], [])


def test_two_lists_at_once_are_rejected(command):
    done = command("list", "--faults", "--breakages")

    assert done.code == 2
    assert "--faults and --breakages exclude each other; choose one." in done.err
