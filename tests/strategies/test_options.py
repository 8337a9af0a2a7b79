"""Every option, and every pair of options, occurs."""

from __future__ import annotations

import dataclasses

import pytest

from contract.catalog.profiles import builtin
from contract.model.chat import Options
from contract.strategies.options import combined

PROFILES = builtin()


def test_every_pair_of_options_occurs():
    made = combined(PROFILES["mistral-2025-10"].offers)

    assert any(o.temperature == 1.5 and o.presence_penalty == -2.0 for o in made)
    assert not any(o.tools and o.response_format for o in made)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("name", PROFILES)
def test_every_offered_option_occurs(name):
    offers = PROFILES[name].offers
    made = combined(offers)
    values = {
        field.name: {getattr(one, field.name) for one in made}
        for field in dataclasses.fields(Options)
    }
    # Not set directly: reasoning is requested by `reasons`, usage always.
    unused = {"prompt_mode", "reasoning_effort", "usage"}
    unused |= set() if "seed" in offers else {"seed"}
    unused |= set() if "choices" in offers else {"n"}
    unused |= set() if "stop" in offers else {"stop"}
    unused |= set() if "logprobs" in offers else {"logprobs"}
    unused |= set() if "json-schema" in offers else {"response_format"}
    unused |= set() if "parallel-tools" in offers else {"parallel_tool_calls"}

    assert unused == {option for option, found in values.items() if len(found) == 1}
