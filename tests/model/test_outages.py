from __future__ import annotations

from dataclasses import replace

import pytest

from contract.catalog.providers import dialects
from contract.mock_server.provider import MockProvider
from contract.model.exchange import End
from contract.model.outages import OUTAGES
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.profile import Profile
from contract.model.wire import Request, build_request
from contract.schema import openapi

DIALECTS = dialects()


def answered(dialect="vllm-0.16", probe=SUM_WHOLE):
    profile = Profile(id=dialect, dialect=DIALECTS[dialect])
    provider = MockProvider(DIALECTS[dialect])
    return provider.reply(build_request(probe, profile, "magistral-small-2509"))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_an_error_has_the_status_and_the_form_of_its_dialect(dialect, status):
    struck = OUTAGES[f"http-{status}"](answered(dialect))

    assert struck.status == status
    name = DIALECTS[dialect].prefix + "Error"
    is_text = ("content-type", "text/plain; charset=utf-8") in struck.headers
    assert is_text or openapi.accepts(name, struck.json)
    assert is_text is (dialect == "transformers" and status == 500)


def test_a_bad_gateway_is_a_page_of_the_proxy():
    struck = OUTAGES["http-502"](answered())

    assert struck.status == 502
    assert struck.headers == (("content-type", "text/html"),)
    assert b"<h1>502 Bad Gateway</h1>" in struck.body


@pytest.mark.parametrize(("seconds", "sent"), [(1, "1"), (7, "7"), (0, "0")])
def test_a_429_says_when_to_try_again(seconds, sent):
    outage = replace(OUTAGES["http-429"], retry_after=seconds)

    assert ("retry-after", sent) in outage(answered()).headers


def test_the_slow_one_is_late_by_its_delay():
    before = answered(probe=SUM)
    after = replace(OUTAGES["slow"], delay=3.0)(before)

    assert after.body == before.body
    assert [f.at for f in after.frames] == [f.at + 3.0 for f in before.frames]


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE])
def test_a_cut_off_answer_is_half_of_it_and_a_reset(probe):
    before = answered(probe=probe)
    after = OUTAGES["cut-off"](before)

    assert after.end is End.RESET
    assert before.body.startswith(after.body)
    assert 0 < len(after.body) < len(before.body) * 0.8


@pytest.mark.parametrize("name", OUTAGES)
def test_only_chats_are_struck(name):
    models = MockProvider(DIALECTS["vllm-0.16"]).reply(Request("GET", "/v1/models"))

    assert OUTAGES[name](models) is models
