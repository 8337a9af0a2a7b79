"""Requests of several families are one request, whichever family sends them first."""

from __future__ import annotations

from contract.checks.combined import requests
from contract.model.check import Check, Combined
from contract.model.probe import Probe
from contract.plugins.discovery import find

CHECKS = tuple(find("checks", Check).values())


def _probes(value):
    if isinstance(value, Combined):
        return value.sends
    if isinstance(value, tuple) and value and isinstance(value[0], Probe):
        return value
    return (value,) if isinstance(value, Probe) else ()


SHARED = {
    name: probes
    for name, value in vars(requests).items()
    if not name.startswith("_") and name.isupper() and (probes := _probes(value))
}


def test_each_is_sent_by_checks_of_more_than_one_kind():
    sent = {
        probe: {
            check.id
            for check in CHECKS
            for sends in (check.sends, *(one.sends for one in check.combined))
            if probe in sends
        }
        for name, probes in SHARED.items()
        if name not in {"BRIEF", "PAIR", "SUM", "SUM_WHOLE", "CUT", "CUT_WHOLE", "TOOL"}
        for probe in probes
    }

    assert {p.name for p, found in sent.items() if len(found) < 2} <= {
        "tool-pair-whole",  # what the conversation with results begins with
        "open-question",
        "streamed-twin",
    }


def test_streams_whose_rhythm_is_compared_differ_in_one_feature():
    plain = requests.PLAIN_STREAM

    assert requests.TOOLS_STREAM.messages == plain.messages
    assert requests.FORMAT_STREAM.messages == plain.messages
    assert requests.IMAGE_STREAM.options == plain.options


def test_what_is_asked_twice_is_the_same_request_twice():
    one, other = requests.GREEDY_TWICE

    assert (one.messages, one.options) == (other.messages, other.options)
    assert one != other


def test_results_follow_the_calls_that_they_answer():
    asked, calling, *results = requests.RESULTS_WHOLE.messages

    assert asked == requests.PAIR.messages[0]
    assert [one.tool_call_id for one in results] == [
        call.id for call in calling.tool_calls
    ]
