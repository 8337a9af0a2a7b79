"""The smallest JSON that still shows something."""

from __future__ import annotations

import json

from contract.run.minimise import minimise

BIG = {
    "model": "m",
    "messages": [{"role": "user", "content": "a long question"}] * 4,
    "temperature": 1.5,
    "stop": ["a", "b"],
}


def test_what_is_not_needed_is_left_out():
    found = minimise(BIG, lambda body: body.get("temperature") == 1.5, most=99)

    assert {"temperature": 1.5} == found


def test_lists_and_texts_shrink():
    def shows(body):
        return len(body.get("messages", ())) >= 2 and all(
            one.get("content") for one in body["messages"]
        )

    assert {"messages": [{"content": "a"}] * 2} == minimise(BIG, shows, most=99)


def test_what_is_needed_stays_whole():
    assert minimise(BIG, lambda body: body == BIG, most=99) == BIG


def test_no_more_is_asked_than_allowed():
    asked = []

    def shows(body):
        asked.append(body)
        return True

    found = minimise(BIG, shows, most=2)

    assert len(asked) == 2
    assert found == asked[-1]
    assert len(json.dumps(found)) < len(json.dumps(BIG))
