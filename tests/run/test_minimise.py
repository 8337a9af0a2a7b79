"""Reduction of a JSON value that reproduces a failure."""

from __future__ import annotations

import json

from contract.run.minimise import minimise

BIG = {
    "model": "m",
    "messages": [{"role": "user", "content": "a long question"}] * 4,
    "temperature": 1.5,
    "stop": ["a", "b"],
}


def test_unneeded_members_are_removed():
    found = minimise(BIG, lambda body: body.get("temperature") == 1.5, max_attempts=99)

    assert {"temperature": 1.5} == found


def test_lists_and_texts_are_shortened():
    def reproduces(body):
        return len(body.get("messages", ())) >= 2 and all(
            one.get("content") for one in body["messages"]
        )

    assert {"messages": [{"content": "a"}] * 2} == minimise(
        BIG, reproduces, max_attempts=99
    )


def test_needed_parts_are_kept():
    assert minimise(BIG, lambda body: body == BIG, max_attempts=99) == BIG


def test_the_number_of_attempts_is_bounded():
    tried = []

    def reproduces(body):
        tried.append(body)
        return True

    found = minimise(BIG, reproduces, max_attempts=2)

    assert len(tried) == 2
    assert found == tried[-1]
    assert len(json.dumps(found)) < len(json.dumps(BIG))
