"""Exchanges with model lists and chat responses, built without a server."""

from __future__ import annotations

import json

import pytest

from contract.catalog.profiles import builtin
from contract.model.exchange import Arrival, Exchange
from contract.model.probes import LIST_MODELS, SUM_WHOLE
from contract.model.wire import build_request


@pytest.fixture
def model_list():
    """`model_list(card, …)` is the response with a list of these cards."""

    def made(*cards, probe=LIST_MODELS, profile="mistral-2025-10"):
        return answered(probe, {"object": "list", "data": list(cards)}, profile)

    return made


@pytest.fixture
def answer():
    """`answer("a", "b")` is the answer to a request for model a that names model b."""

    def made(model, returned=None, *, profile="mistral-2025-10"):
        return answered(SUM_WHOLE, {"model": returned or model}, profile, model)

    return made


def answered(probe, body, profile, model="a"):
    known = builtin()[profile]
    return Exchange(
        probe=probe,
        profile=known,
        request=build_request(probe, known, model),
        status=200,
        headers=(("content-type", "application/json"),),
        arrivals=(Arrival(0.1, json.dumps(body).encode()),),
    )
