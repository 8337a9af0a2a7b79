"""The gate for texts of the page, and the bound on its size."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from contract.reporters.page import rendering
from contract.reporters.page.rendering import LADDER, bounded, render


@pytest.mark.parametrize(
    ("text", "shown"),
    [("abc", "abc"), ("abcd", "abc … 1 more characters"), ("", "")],
)
def test_a_text_is_cut_with_the_number_of_the_other_characters(text, shown):
    assert bounded(text, 3) == shown


def test_each_step_shows_less():
    for sooner, later in pairwise(LADDER):
        assert later.text < sooner.text
        assert later.findings <= sooner.findings
        assert later.exchanges <= sooner.exchanges
        assert later.body <= sooner.body


def test_the_first_page_that_fits_is_taken(report, monkeypatch):
    whole = render(report)
    long = replace(report, headers=(replace(report.headers[0], why="é" * 2_000),))
    monkeypatch.setattr(rendering, "MOST_BYTES", len(render(long).encode()) - 1)
    cut = render(long)

    assert "To keep this page" not in whole
    assert "at most 1000 characters" in cut


def test_values_side_by_side_make_no_command_of_a_ci_system(report):
    header = replace(report.headers[0], url="##vso[task", why="#", profile="#")

    assert "##vso[" not in render(replace(report, headers=(header,)))
