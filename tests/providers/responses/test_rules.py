from __future__ import annotations

import pytest

from contract.model.probe import Probe
from contract.model.probes import user
from contract.providers.responses import rules

ASKED = Probe(name="asked", messages=(user("Hi"),))


@pytest.mark.parametrize("name", ["previous_response_id", "conversation", "prompt"])
def test_what_would_have_to_be_stored_is_refused(name):
    rejection = rules.keeps_nothing(ASKED, {name: "resp_1"})

    assert rejection.pointer == f"/{name}"
    assert name in rejection.message
    assert rules.keeps_nothing(ASKED, {name: None}) is None


def test_a_request_without_items_is_refused():
    assert rules.input_has_items(ASKED, {}) is None
    assert rules.input_has_items(Probe(name="empty"), {}).pointer == "/input"
