"""The Markdown reporter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.reporters.markdown import code, markdown, text


def test_the_text_is_golden(report, golden):
    shown = markdown.render(report)

    assert golden("report.md", shown) == shown


def test_every_row_of_a_table_has_as_many_cells_as_its_head(report):
    plain = markdown.render(report).replace("\\|", "")
    blocks = [block.splitlines() for block in plain.split("\n\n")]
    tables = [block for block in blocks if block[0].startswith("| ")]

    assert len(tables) == 2
    for table in tables:
        assert len({line.count("|") for line in table}) == 1


@pytest.mark.parametrize(
    ("value", "span"),
    [
        pytest.param("a", "`a`", id="plain"),
        pytest.param("a|b", "`a\\|b`", id="pipe"),
        pytest.param("a\\|b", "`a\\\\x7cb`", id="pipe-after-a-backslash"),
        pytest.param("a`b", "``a`b``", id="backtick"),
        pytest.param("`", "`` ` ``", id="only-a-backtick"),
        pytest.param("a\nb", "`a\\nb`", id="line-break"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_code_span_can_contain_anything(value, span):
    assert code(value) == span


def test_a_failed_should_is_a_warning(report):
    lines = markdown.render(report).splitlines()
    row = next(line for line in lines if line.startswith("| `usage.counts-reasoning`"))

    assert row.endswith("| SHOULD |  | warning |")
    assert any(line.startswith("- warning `usage.counts-reasoning`") for line in lines)
    assert lines[0] == (
        "**FAILED with 1 warning: 1 MUST failed, 1 SHOULD failed, "
        "1 check could not be judged, 3 checks passed, 1 waived, 6 skipped.**"
    )


def test_text_is_not_markup():
    assert text("<b>[x](y)*_`") == "\\<b\\>\\[x\\](y)\\*\\_\\`"
    assert text("![x] &lt; ~~a~~ $b$") == "\\!\\[x\\] \\&lt; \\~\\~a\\~\\~ \\$b\\$"


@pytest.mark.parametrize(
    "word",
    [
        "https://evil.example/?q=1",
        "(HTTP://evil.example)",
        "www.evil.example",
        "mailto:a@b.example",
        "somebody@evil.example",
        "@octocat",
        "vllm-project/vllm#1",
        "#1",
        "GH-12",
        "0123abcd",
        ":octocat:",
    ],
)
def test_what_github_would_link_is_code(word):
    assert text(f"see {word} there") == f"see `{word}` there"


def test_the_source_of_a_requirement_stays_a_link(report):
    url = "https://example.org/spec"
    linked = replace(
        report,
        results=tuple(
            replace(r, check=replace(r.check, source=url)) for r in report.results
        ),
    )

    assert f"Source: {url}." in markdown.render(linked)


def test_failures_come_first_and_the_table_is_folded(report):
    shown = markdown.render(report)
    places = [
        shown.index(part)
        for part in (
            "**FAILED",
            "- **fail** `reasoning.precedes-answer`",
            "- **error** `schema.error`",
            "<details>",
            "| Check | Level |",
            "</details>",
        )
    ]

    assert places == sorted(places)
    assert "<summary>12 checks, with their outcomes</summary>" in shown


@pytest.mark.parametrize("word", ["x" * 200_000, "a/" * 100_000, "#1" * 100_000])
def test_a_long_word_is_read_once(word):
    """A pattern that is tried at each of its characters would take minutes."""
    assert len(text(word)) >= len(word)
