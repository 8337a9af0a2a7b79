from __future__ import annotations

import pytest

from contract.reporters.markdown import (
    code,
    markdown,
    text,
)


def test_what_people_read_is_golden(report, golden):
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
        pytest.param("a`b", "``a`b``", id="back-tick"),
        pytest.param("`", "`` ` ``", id="only-a-back-tick"),
        pytest.param("a\nb", "`a\\nb`", id="line-break"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_code_span_holds_anything(value, span):
    assert code(value) == span


def test_text_is_no_markup():
    assert text("<b>[x](y)*_`") == "\\<b\\>\\[x\\](y)\\*\\_\\`"
