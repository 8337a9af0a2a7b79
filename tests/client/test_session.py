"""Tests of sessions without a network: memo, allowance and replay."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.client.session import NotRecorded, RequestLimitReached, Session
from contract.model.exchange import Exchange
from contract.model.probe import Fill, Probe, repeat
from contract.model.probes import FILLED_PROMPT, SUM, SUM_WHOLE, user
from contract.model.profile import Profile
from contract.model.reply import rehearse
from contract.model.saved import digest
from contract.model.wire import build_request
from contract.tokens.padding import CALIBRATION_REQUESTS, padded

PROFILE = builtin()["vllm-0.16"]
COARSE = builtin()["llamacpp"]
FILLED = Probe(name="filled", messages=(user(FILLED_PROMPT),), fill=Fill(1_000))


def saved(*probes: Probe) -> dict[str, Exchange]:
    found = {}
    for number, probe in enumerate(probes):
        request = build_request(probe, PROFILE, "m")
        found[digest(request, probe)] = Exchange(
            probe=Probe(name="recorded"),
            profile=PROFILE,
            request=request,
            status=200 + number,
        )
    return found


def test_a_replay_returns_the_recorded_exchange_with_the_given_probe():
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


def test_a_replay_distinguishes_samples():
    samples = repeat(SUM, 3)
    session = Session("http://nowhere.invalid", PROFILE, "m", saved=saved(*samples))

    session.prefetch(samples)

    assert [session.send(probe).status for probe in samples] == [200, 201, 202]


def test_prefetch_leaves_errors_to_send():
    session = Session("http://nowhere.invalid", PROFILE, "m", saved=saved(SUM))

    session.prefetch((SUM, SUM_WHOLE))

    assert [e.probe for e in session.exchanges()] == [SUM]
    with pytest.raises(NotRecorded):
        session.send(SUM_WHOLE)


def test_without_an_allowance_nothing_is_sent():
    with (
        Session("http://nowhere.invalid", PROFILE, "m", allowance=0) as session,
        pytest.raises(RequestLimitReached, match=r"allowance of 0 .*--max-requests"),
    ):
        session.send(SUM)

    assert session.sent == 0


def test_the_allowance_is_the_profiles_by_default():
    frugal = replace(PROFILE, max_requests=7)
    with Session("http://nowhere.invalid", frugal, "m") as session:
        assert session.allowance == 7


def test_planned_counts_each_different_request_once():
    session = Session("http://nowhere.invalid", PROFILE, "m", saved=saved(SUM))
    session.expect((SUM, SUM_WHOLE))
    session.expect((SUM,))
    session.send(replace(SUM, name="the same under another name"))

    assert session.planned == 2


def answered(probe: Probe, profile: Profile) -> dict[str, Exchange]:
    """The mock's exchange for *probe* as it is sent, by digest."""
    request = build_request(padded(probe, profile), profile, "m")
    exchange = rehearse(mock_reply(profile, probe), probe, profile)
    return {digest(request, probe): exchange}


def test_a_filled_prompt_is_recorded_and_replayed_by_the_length_it_had():
    session = Session(
        "http://nowhere.invalid", PROFILE, "m", saved=answered(FILLED, PROFILE)
    )
    exchange = session.send(FILLED)

    assert exchange.probe is FILLED
    assert 1_000 == exchange.count("prompt_tokens")
    assert session.notes == ("prompts of a given length are counted by Tekken v13",)


def test_calibration_requests_are_sent_first_where_tokens_are_counted_differently():
    saved = {}
    for probe in (*CALIBRATION_REQUESTS, FILLED):
        saved.update(answered(probe, COARSE))
    session = Session("http://nowhere.invalid", COARSE, "m", saved=saved)

    assert 1_000 == session.send(FILLED).count("prompt_tokens")
    assert [*CALIBRATION_REQUESTS] == [
        x.probe for x in session.exchanges() if x.probe != FILLED
    ]
    assert "by calibration" in session.notes[0]


def test_a_padded_prompt_cannot_be_replayed_without_calibration():
    session = Session(
        "http://nowhere.invalid", COARSE, "m", saved=answered(FILLED, COARSE)
    )

    with pytest.raises(NotRecorded, match="yardstick-short"):
        session.send(FILLED)


def test_a_replay_does_not_measure_this_machine():
    session = Session("http://nowhere.invalid", PROFILE, "m", saved={})
    session.measure()

    assert session.notes == ()
