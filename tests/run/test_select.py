"""Selection of checks by id, family and pattern."""

from __future__ import annotations

import pytest
from support.saved_sessions import made_check

from contract.errors import UsageError
from contract.run.select import select

FAMILY = [
    made_check(id="usage.sums-up"),
    made_check(id="usage.counts"),
    made_check(id="schema.message"),
]


@pytest.mark.parametrize(
    ("chosen", "ignored", "kept"),
    [
        pytest.param((), (), "usage.sums-up usage.counts schema.message", id="all"),
        pytest.param(("usage",), (), "usage.sums-up usage.counts", id="family"),
        pytest.param(("schema.message",), (), "schema.message", id="one"),
        pytest.param(
            ("*.counts", "schema"), (), "usage.counts schema.message", id="two"
        ),
        pytest.param((), ("usage.*",), "schema.message", id="all-but"),
        pytest.param(("usage",), ("*.counts",), "usage.sums-up", id="both"),
    ],
)
def test_select_accepts_ids_families_and_patterns(chosen, ignored, kept):
    found = select(FAMILY, chosen, ignored)

    assert [one.id for one in found] == kept.split()


@pytest.mark.parametrize(
    ("chosen", "ignored", "words"),
    [
        pytest.param(("usage.sum-up",), (), "usage.sums-up", id="near-id"),
        pytest.param((), ("shema",), "schema", id="near-family"),
        pytest.param(("x*",), (), "x\\*", id="pattern"),
        pytest.param(("usage",), ("usage",), "No check is left", id="nothing-left"),
    ],
)
def test_a_selection_without_a_check_is_rejected(chosen, ignored, words):
    with pytest.raises(UsageError, match=words):
        select(FAMILY, chosen, ignored)
