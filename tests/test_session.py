"""Equal probes are one request, an allowance is kept, a replay sends nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.chat import Probe, repeat
from contract.errors import UsageError
from contract.exchange import Exchange, digest, spell
from contract.probes import SUM, SUM_WHOLE
from contract.profiles import builtin
from contract.session import AllowanceSpent, NotRecorded, Session, checked_key

PROFILE = builtin()["vllm-0.16"]


def saved(*probes: Probe) -> dict[str, Exchange]:
    found = {}
    for number, probe in enumerate(probes):
        request = spell(probe, PROFILE, "m")
        found[digest(request, probe)] = Exchange(
            probe=Probe(name="stand-in"),
            profile=PROFILE,
            request=request,
            status=200 + number,
        )
    return found


def test_a_replay_answers_from_the_recording_with_the_probe_that_asked():
    with Session("http://nowhere.invalid", PROFILE, "m", saved=saved(SUM)) as session:
        exchange = session.send(SUM)

    assert exchange.status == 200
    assert exchange.probe is SUM
    assert session.sent == 0


def test_a_replay_sends_nothing_that_was_not_recorded():
    session = Session("http://nowhere.invalid", PROFILE, "m", saved=saved(SUM))

    with pytest.raises(NotRecorded, match="not in the recording"):
        session.send(SUM_WHOLE)
    assert session.exchanges() == ()


def test_a_replay_tells_samples_apart():
    samples = repeat(SUM, 3)
    session = Session("http://nowhere.invalid", PROFILE, "m", saved=saved(*samples))

    session.prefetch(samples)

    assert [session.send(probe).status for probe in samples] == [200, 201, 202]


def test_prefetch_leaves_what_goes_wrong_to_send():
    session = Session("http://nowhere.invalid", PROFILE, "m", saved=saved(SUM))

    session.prefetch((SUM, SUM_WHOLE))

    assert [e.probe for e in session.exchanges()] == [SUM]
    with pytest.raises(NotRecorded):
        session.send(SUM_WHOLE)


def test_without_an_allowance_nothing_is_sent():
    with (
        Session("http://nowhere.invalid", PROFILE, "m", allowance=0) as session,
        pytest.raises(AllowanceSpent, match=r"allowance of 0 .*--max-requests"),
    ):
        session.send(SUM)

    assert session.sent == 0


def test_the_allowance_is_the_profiles_unless_told():
    frugal = replace(PROFILE, max_requests=7)
    with Session("http://nowhere.invalid", frugal, "m") as session:
        assert session.allowance == 7


def test_planned_counts_each_different_request_once():
    session = Session("http://nowhere.invalid", PROFILE, "m", saved=saved(SUM))
    session.expect((SUM, SUM_WHOLE))
    session.expect((SUM,))
    session.send(replace(SUM, name="the same under another name"))

    assert session.planned == 2


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        pytest.param("sk-1", "sk-1", id="plain"),
        pytest.param(" sk-1\n", "sk-1", id="with-the-line-break-of-a-file"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_key_is_taken_without_the_blanks_around_it(key, kept):
    assert checked_key(key) == kept


@pytest.mark.parametrize("key", ["sk 1", "sk-\x00", "clé", "a\nb"])
def test_a_key_no_header_can_hold_is_refused_and_not_repeated(key):
    with pytest.raises(UsageError) as caught:
        checked_key(key)

    assert key not in str(caught.value)
