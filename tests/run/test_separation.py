from __future__ import annotations

import pytest

from contract.run.separation import describe


def features(*names):
    return frozenset(names)


TOOLS, STREAM, BOTH = (
    features("tools"),
    features("streamed"),
    features("tools", "streamed"),
)
NONE = features()


@pytest.mark.parametrize(
    ("broken", "sound", "words"),
    [
        ([TOOLS], [], "all of them"),
        ([TOOLS, TOOLS], [NONE, STREAM], "all with tools"),
        ([BOTH], [TOOLS, STREAM, NONE], "all streamed, with tools"),
        ([NONE], [STREAM, BOTH], "all whole"),
        ([TOOLS], [TOOLS, NONE, NONE, STREAM], "1 of the 2 with tools"),
        ([STREAM, NONE], [STREAM, NONE], "about one in 2, whatever the request"),
        ([NONE] * 2, [NONE] * 12, "about one in 7, whatever the request"),
        ([NONE], [NONE] * 6, "too few to say which"),
        ([NONE] * 7, [NONE] * 3, "most, whatever the request"),
    ],
)
def test_the_failing_replies_are_told_from_the_sound_ones(broken, sound, words):
    assert describe(broken, sound).startswith(words)


def test_one_feature_is_preferred_to_two():
    more = features("tools", "streamed", "stop")

    assert describe([more], [TOOLS, STREAM]) == "all with stop"
