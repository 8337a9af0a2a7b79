"""Verdicts on the URLs that a server fetched from the SSRF canary."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, rehearsed_verdict, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.multimodal import addresses
from contract.client.session import CanaryUnavailable
from contract.model.probe import CANARY
from contract.model.reply import rehearse
from contract.run.runner import judge_check

PROFILES = builtin()
VLLM = PROFILES["vllm-0.32"]


def visited(probe, status, visits):
    exchange = rehearse(mock_reply(VLLM, probe), probe, VLLM)
    return replace(exchange, status=status, visits=visits)


@pytest.mark.parametrize(
    ("status", "visits", "handled", "loopback"),
    [
        (200, ("/canary.png",), "pass", "fail"),
        (200, (), "fail", "pass"),
        (200, ("/favicon.ico",), "fail", "pass"),
        (400, (), "pass", "pass"),
        (500, ("/canary.png",), "pass", "fail"),
        (200, None, "skip", "skip"),
    ],
)
def test_visits_and_status_are_judged_together(status, visits, handled, loopback):
    exchange = visited(addresses.IMAGE_URL, status, visits)

    assert handled == verdict_on(addresses.opens_or_refuses_addresses, exchange).word
    assert loopback == verdict_on(addresses.opens_no_loopback, exchange).word


@pytest.mark.parametrize(
    ("visits", "word"), [((), "pass"), (("/text.png",), "fail"), (None, "skip")]
)
def test_fetched_url_of_a_text_is_found(visits, word):
    exchange = visited(addresses.URL_IN_TEXT, 200, visits)

    assert word == verdict_on(addresses.opens_no_address_in_text, exchange).word


@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (addresses.opens_or_refuses_addresses, addresses.address_taken_for_an_image),
        (addresses.opens_no_loopback, addresses.loopback_opened),
        (addresses.opens_no_address_in_text, addresses.links_in_texts_followed),
    ],
    ids=lambda one: one.id,
)
@pytest.mark.parametrize("name", PROFILES)
def test_mock_fetches_nothing_without_a_fault(check, fault, name):
    assert "pass" == rehearsed_verdict(check, PROFILES[name]).word
    assert "fail" == rehearsed_verdict(check, PROFILES[name], fault).word


def test_check_without_a_canary_is_skipped_with_a_reason():
    class RemoteSession:
        profile = VLLM

        def send(self, _probe):
            raise CanaryUnavailable("the target is not on this machine")

    result = judge_check(addresses.opens_no_address_in_text, RemoteSession(), "url")

    assert ("skip", "the target is not on this machine") == (
        result.outcome.value,
        result.reason,
    )


@pytest.mark.parametrize("probe", [addresses.IMAGE_URL, addresses.URL_IN_TEXT])
def test_probes_contain_only_the_url_of_the_canary(probe):
    body = mock_reply(VLLM, probe).request.body.decode()

    assert probe.canary
    assert 1 == body.count("http") == body.count(CANARY)
