"""Lists of models, as an exchange nobody had to send."""

from __future__ import annotations

import json

import pytest

from contract.catalog.profiles import builtin
from contract.model.exchange import (
    Arrival,
    Exchange,
)
from contract.model.probes import (
    LIST_MODELS,
    SUM_WHOLE,
)
from contract.model.wire import build_request


@pytest.fixture
def listed():
    """`listed(card, …)` is the list that holds these cards."""

    def made(*cards, probe=LIST_MODELS, profile="mistral-2025-10"):
        return answered(probe, {"object": "list", "data": list(cards)}, profile)

    return made


@pytest.fixture
def asked():
    """`asked("a")` is the answer to a request for model a, which names *told*."""

    def made(model, told=None, *, profile="mistral-2025-10"):
        return answered(SUM_WHOLE, {"model": told or model}, profile, model)

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
