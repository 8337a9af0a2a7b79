from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.rehearsal import verdict_on

from contract.catalog.profiles import builtin
from contract.checks.models.created import created_is_past
from contract.model.exchange import Arrival, Exchange
from contract.model.probes import LIST_MODELS
from contract.model.wire import Request

NOW = 1_790_000_000
DAY = 86_400


def listed(created):
    """The exchange of a model list with one model that was *created* then."""
    body = {"object": "list", "data": [{"id": "m", "created": created}]}
    return Exchange(
        probe=LIST_MODELS,
        profile=builtin()["vllm-0.32"],
        request=Request("GET", LIST_MODELS.path),
        status=200,
        headers=(("content-type", "application/json"),),
        arrivals=(Arrival(0.0, json.dumps(body).encode()),),
    )


@pytest.mark.parametrize(
    ("created", "word"),
    [
        (0, "pass"),
        (NOW, "pass"),
        (NOW + DAY, "pass"),
        (NOW + DAY + 1, "fail"),
        (NOW * 1_000, "fail"),
        ("today", "skip"),
        (True, "skip"),
    ],
)
def test_a_model_may_not_be_created_in_the_future(created, word):
    seen = listed(created)

    assert verdict_on(created_is_past, replace(seen, sent_at=NOW)).word == word


def test_without_the_time_of_the_request_nothing_is_judged():
    assert verdict_on(created_is_past, listed(NOW * 1_000)).word == "skip"
