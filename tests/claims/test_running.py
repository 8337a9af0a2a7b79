"""The requests of a run, and what ends one."""

from __future__ import annotations

import pytest

from contract.claims.items import Item, Kind
from contract.claims.ledger import Entry
from contract.claims.running import ASSUMED_TOKENS, Asking, change, mean_tokens
from contract.claims.verdict import Outcome
from contract.errors import UsageError

ITEM = Item(id="1", prompt="6 times 7?", answer="42", kind=Kind.INTEGER)


def asking(window):
    return Asking(temperature=0.7, top_p=0.95, max_tokens=131_072, window=window)


def entry(**values):
    return Entry(item="1", draw=0, outcome=Outcome.RIGHT, **values)


def test_an_item_is_asked_at_the_published_sampling():
    probe = asking(131_072).probe(ITEM, 3)

    assert (probe.options.temperature, probe.options.top_p) == (0.7, 0.95)
    assert 130_000 < probe.options.max_tokens < 131_072
    assert asking(200_000).probe(ITEM, 0).options.max_tokens == 131_072
    assert probe != asking(131_072).probe(ITEM, 4)
    assert not asking(32_768).whole


def test_a_window_without_room_for_an_answer_is_a_sentence():
    with pytest.raises(UsageError, match="too small for the item 1"):
        asking(1_024).probe(ITEM, 0)


def test_another_model_or_fingerprint_during_the_run_is_named():
    same = [entry(model="a", fingerprint="f")] * 3

    assert change(same) == ""
    assert "from answer 4 on" in change([*same, entry(model="b")])
    assert "the fingerprint was 'f'" in change([*same, entry(fingerprint="g")])


def test_the_cost_is_assumed_until_it_is_measured():
    assert mean_tokens([]) == ASSUMED_TOKENS
    assert mean_tokens([entry(prompt_tokens=1, completion_tokens=9), entry()]) == 10
