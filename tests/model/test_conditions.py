from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.catalog.profiles import builtin
from contract.errors import UsageError
from contract.model.conditions import CONDITIONS, conditional, holds
from contract.model.probes import SUM, SUM_WHOLE, TOOL, TWO_CHOICES
from contract.model.reply import JSON_TYPE, Frame, Reply
from contract.model.wire import build_request

PROFILE = builtin()["vllm-0.32"]


def reply(probe, body=b"{}"):
    return Reply(
        headers=(JSON_TYPE,),
        frames=(Frame(0.0, body),),
        dialect=PROFILE.dialect,
        request=build_request(probe, PROFILE, "m"),
        probe=probe,
    )


def marked(reply):
    return reply.with_header("x-struck", "yes")


def struck(change, probe):
    return ("x-struck", "yes") in change(reply(probe)).headers


@pytest.mark.parametrize(
    ("when", "hit"),
    [
        (["streamed"], [SUM, TOOL, TWO_CHOICES]),
        (["whole"], [SUM_WHOLE]),
        (["tools"], [TOOL]),
        (["streamed", "n"], [TWO_CHOICES]),
        (["whole", "tools"], []),
        (["second-choice"], []),  # the first header is no choice
        ([], [SUM, SUM_WHOLE, TOOL, TWO_CHOICES]),
    ],
)
def test_a_change_strikes_where_all_conditions_hold(when, hit):
    change = conditional(marked, when=when)

    probes = [SUM, SUM_WHOLE, TOOL, TWO_CHOICES]
    assert [one for one in probes if struck(change, one)] == hit


def test_every_third_chat_is_struck():
    change = conditional(marked, every=3)

    assert [struck(change, SUM) for _ in range(7)] == [
        *(False, False, True),
        *(False, False, True),
        False,
    ]


def test_only_chats_that_meet_the_condition_are_counted():
    change = conditional(marked, when=["tools"], every=2)

    assert [struck(change, one) for one in (TOOL, SUM, TOOL)] == [False, False, True]


def test_the_first_choice_stays_as_it_was():
    def emptied(reply):
        return reply.change(lambda body: {"choices": [{}] * len(body["choices"])})

    two = replace(TWO_CHOICES, stream=False)
    body = json.dumps({"choices": [{"index": 0}, {"index": 1}]}).encode()

    change = conditional(emptied, when=["second-choice"])

    assert change(reply(two, body)).json == {"choices": [{"index": 0}, {}]}


def test_a_request_that_was_not_understood_meets_no_feature():
    unknown = replace(reply(SUM_WHOLE), probe=None)
    unread = replace(unknown, request=replace(unknown.request, body=b"\xff"))

    assert [name for name in CONDITIONS if holds([name], unread)] == ["whole"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"when": ["weekend"]}, "Unknown condition 'weekend'; known: streamed"),
        ({"every": 0}, "every must be at least 1, not 0"),
    ],
)
def test_a_wrong_condition_is_an_error(options, words):
    with pytest.raises(UsageError, match=words):
        conditional(marked, **options)


def test_a_rate_strikes_a_share_of_the_chats_and_the_same_ones_every_time():
    def strikes(seed):
        change = conditional(marked, rate=0.25, seed=seed)
        return [struck(change, SUM) for _ in range(400)]

    assert strikes("1") == strikes("1")
    assert strikes("1") != strikes("2")
    assert 60 < sum(strikes("1")) < 140


@pytest.mark.parametrize(("rate", "share"), [(0.0, 0), (1.0, 20)])
def test_the_ends_of_a_rate_are_none_and_all(rate, share):
    change = conditional(marked, rate=rate)

    assert sum(struck(change, SUM) for _ in range(20)) == share


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate": 1.5}, "from 0 to 1"),
        ({"rate": -0.1}, "from 0 to 1"),
        ({"rate": float("nan")}, "from 0 to 1"),
        ({"rate": 0.5, "every": 2}, "exclude each other"),
    ],
)
def test_a_wrong_rate_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        conditional(marked, **options)
