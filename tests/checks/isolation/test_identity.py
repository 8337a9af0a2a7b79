"""Response id checks: unique ids, and one id in each stream."""

from __future__ import annotations

from dataclasses import replace

from support.rehearsal import verdict_on

from contract.catalog.profiles import builtin
from contract.checks.isolation import identity
from contract.mock_server.provider import MockProvider
from contract.model.reply import rehearse
from contract.model.wire import build_request

PROFILE = builtin()["vllm-0.32"]
PROVIDER = MockProvider(PROFILE.dialect)


def served(probe, number):
    request = build_request(probe, PROFILE, "magistral-small-2509")
    return rehearse(PROVIDER.reply(request, number), probe, PROFILE)


def test_a_repeated_request_must_get_a_new_id():
    one, other = (served(p, n) for n, p in enumerate(identity.TWICE))

    assert "pass" == verdict_on(identity.repeats_have_own_ids, one, other).word
    assert "fail" == verdict_on(identity.repeats_have_own_ids, one, one).word


def test_every_pair_that_shares_an_id_is_a_finding():
    exchanges = [served(p, n // 2) for n, p in enumerate(identity.MARKED_PROMPTS)]

    found = verdict_on(identity.ids_differ, *exchanges).findings

    assert [f.at for f in found] == [
        "canary-of-5 and canary-of-89",
        "canary-of-13 and canary-of-144",
        "canary-of-34 and canary-of-55",
    ]


def test_a_finding_names_the_owner_of_a_foreign_chunk():
    one, other, third = (served(p, n) for n, p in enumerate(identity.STREAMS))
    mixed = with_second_event_of(one, other)

    (finding,) = verdict_on(identity.streams_are_apart, mixed, other, third).findings

    assert "stream-b" in finding.actual
    assert finding.at.startswith("stream-a, event 1")


def with_second_event_of(one, other):
    """Return *one* with its second event taken from *other*."""
    first, _, *rest = one.arrivals
    return replace(one, arrivals=(first, other.arrivals[1], *rest))
