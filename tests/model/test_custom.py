from __future__ import annotations

import pytest

from contract.model.chat import Message, Tool
from contract.model.custom import Answers, AtEnd, CustomReply, Entry, searcher
from contract.model.probe import Options, Probe

ONE, TWO = CustomReply(answer="one"), CustomReply(answer="two")
ASKED = (
    Message("system", "You know frogs."),
    Message("user", "Is it sunny?"),
    Message("assistant", "Let me see."),
    Message("user", "In Rome, I mean."),
    Message("tool", "23 degrees", tool_call_id="a"),
)
TOOLS = (Tool("get_weather", "{}"), Tool("add", "{}"))


def probe(messages=ASKED, tools=TOOLS, model="m"):
    return Probe(
        name="any", messages=messages, options=Options(tools=tools), model=model
    )


@pytest.mark.parametrize(
    ("conditions", "hit"),
    [
        ({}, True),
        ({"text": "rome"}, True),
        ({"text": "23 DEG"}, True),  # what follows the last user message
        ({"text": "sunny"}, False),  # an earlier message
        ({"text": "frogs"}, False),
        ({"pattern": r"R\w+e"}, True),
        ({"pattern": "^23"}, False),  # the pattern sees one text
        ({"model": "m"}, True),
        ({"model": "n"}, False),
        ({"turn": 2}, True),
        ({"turn": 1}, False),
        ({"tools": ("add",)}, True),
        ({"tools": ("add", "sub")}, False),
        ({"tools": ()}, False),
        ({"text": "rome", "turn": 1}, False),  # all conditions must hold
    ],
)
def test_an_entry_matches_where_all_its_conditions_hold(conditions, hit):
    assert Entry(replies=(ONE,), **conditions).matches(probe()) is hit


def test_no_tools_is_a_condition_of_its_own():
    assert Entry(replies=(ONE,), tools=()).matches(probe(tools=()))


def given(*entries, requests=4):
    answers = Answers(entries)
    return [answers.take(tuple(answers.matching(probe()))) for _ in range(requests)]


@pytest.mark.parametrize(
    ("at_end", "replies"),
    [
        (AtEnd.REPEAT, [ONE, TWO, TWO, TWO]),
        (AtEnd.CYCLE, [ONE, TWO, ONE, TWO]),
        (AtEnd.NEXT, [ONE, TWO, None, None]),
    ],
)
def test_replies_come_in_order_and_then_as_the_entry_says(at_end, replies):
    assert given(Entry(replies=(ONE, TWO), at_end=at_end)) == replies


def test_the_next_entry_follows_one_that_has_ended():
    last = CustomReply(answer="last")
    found = given(
        Entry(replies=(ONE,), at_end=AtEnd.NEXT, text="rome"), Entry(replies=(last,))
    )

    assert found == [ONE, last, last, last]


def test_the_first_entry_that_matches_answers():
    assert given(Entry(replies=(ONE,)), Entry(replies=(TWO,)), requests=1) == [ONE]


def test_a_pattern_is_searched_in_linear_time():
    """With backtracking this would take longer than the age of the universe."""
    assert not searcher("(a{1,2}){40}$b").is_valid("a" * 10_000)


def test_a_pattern_that_needs_backtracking_is_refused():
    with pytest.raises(ValueError, match="regex"):
        searcher(r"(a)\1")
