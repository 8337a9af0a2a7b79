from __future__ import annotations

import pytest

from contract.catalog.changes import Limits, chain, read_change, read_changes
from contract.catalog.providers import dialects
from contract.errors import UsageError
from contract.mock_server.provider import MockProvider
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Profile
from contract.model.wire import build_request

VLLM = dialects()["vllm-0.16"]
PROFILE = Profile(id="vllm-0.16", dialect=VLLM)


def reply(probe=SUM_WHOLE):
    request = build_request(probe, PROFILE, "magistral-small-2509")
    return MockProvider(VLLM).reply(request)


@pytest.mark.parametrize(
    "text", ["http-503", "field-renamed", "vllm-30139", "keep-alive-comments"]
)
def test_faults_breakages_outages_and_quirks_are_found(text):
    assert callable(read_change(text))


def test_options_after_the_name_are_read():
    change = read_change("http-429?retry-after=7&when=streamed")

    assert change(reply(SUM_WHOLE)).status == 200
    assert ("retry-after", "7") in change(reply(SUM)).headers
    delayed = read_change("slow?delay=250ms")(reply(SUM))
    assert delayed.frames[0].at == pytest.approx(0.25)


def test_an_option_of_a_fault_comes_before_the_limits_of_all():
    limits = Limits(every=5)
    always = read_change("http-500?every=1", limits=limits)
    sometimes = read_change("http-500", limits=limits)

    assert always(reply()).status == 500
    assert [sometimes(reply()).status for _ in range(5)] == [200, 200, 200, 200, 500]


def test_two_faults_with_a_rate_strike_different_chats():
    one, other = (read_change(f"http-{s}?rate=0.5") for s in (500, 503))
    hits = [(one(reply()).status, other(reply()).status) for _ in range(40)]

    assert {(500, 503), (500, 200), (200, 503), (200, 200)} == set(hits)


def test_several_are_applied_in_order():
    change = read_changes(["slow?delay=1s", "cut-off"])
    before = reply()
    after = change(before)

    assert after.frames[0].at == pytest.approx(before.frames[0].at + 1)
    assert len(after.body) < len(before.body)
    assert read_changes([]) is None
    assert chain([None, None]) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("htp-429", "'http-429'"),
        ("http-429?rat=1", "did you mean 'rate'"),
        ("http-429?rate=ten", "a number such as 0.1"),
        ("http-429?rate=2", "from 0 to 1"),
        ("http-429?retry-after=soon", "a whole number"),
        ("http-429?retry-after=-1", "from 0"),
        ("http-500?delay=1s", "no option 'delay'"),
        ("field-renamed?retry-after=1", "no option 'retry-after'"),
        ("slow?delay=x", "a duration"),
        ("slow?when=sometimes", "Unknown condition"),
        ("slow?rate=0.1&every=2", "exclude each other"),
    ],
)
def test_what_is_wrong_is_said(text, words):
    with pytest.raises(UsageError, match=f"(?i){words}"):
        read_change(text)
