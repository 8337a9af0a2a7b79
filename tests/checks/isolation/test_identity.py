"""Two responses have two ids, and a stream has one."""

from __future__ import annotations

from dataclasses import replace

from rehearsal import judged

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


def test_a_request_sent_again_is_another_response():
    one, other = (served(p, n) for n, p in enumerate(identity.TWICE))

    assert "pass" == judged(identity.repeats_have_own_ids, one, other).word
    assert "fail" == judged(identity.repeats_have_own_ids, one, one).word


def test_every_pair_with_one_id_is_named():
    seen = [served(p, n // 2) for n, p in enumerate(identity.CANARIES)]

    found = judged(identity.ids_differ, *seen).findings

    assert [f.at for f in found] == [
        "canary-of-5 and canary-of-89",
        "canary-of-13 and canary-of-144",
        "canary-of-34 and canary-of-55",
    ]


def test_the_owner_of_a_strayed_chunk_is_named():
    one, other, third = (served(p, n) for n, p in enumerate(identity.STREAMS))
    mixed = rehearse_with(one, other)

    (finding,) = judged(identity.streams_are_apart, mixed, other, third).findings

    assert "stream-b" in finding.actual
    assert finding.at.startswith("stream-a, event 1")


def rehearse_with(one, other):
    """*one* with its second event taken from *other*."""
    first, _, *rest = one.arrivals
    return replace(one, arrivals=(first, other.arrivals[1], *rest))
