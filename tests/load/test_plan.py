"""A plan survives the way to another process, and holds no secret."""

from __future__ import annotations

import json

import pytest
from support.loads import plan

from contract.errors import UsageError
from contract.load.plan import LoadPlan
from contract.model.profile import Budget


@pytest.mark.parametrize("dialect", ["mistral", "vllm-0.32", "llamacpp", "inline"])
def test_a_plan_is_read_back(dialect):
    first = plan(dialect, "mixed", schedule=(0.0, 1.5), budget=Budget(ttft=1.0))
    again = LoadPlan.from_json(json.loads(json.dumps(first.to_json())))

    assert again.to_json() == first.to_json()
    assert again.profile.dialect == first.profile.dialect
    assert again.scenario == first.scenario
    assert (again.open, again.pool) == (True, 256)


def test_the_pool_of_a_closed_model_are_its_users():
    assert (plan(users=3).open, plan(users=3).pool) == (False, 3)


def test_an_unknown_dialect_is_named():
    saved = plan().to_json()
    saved["profile"]["dialect"] = "acme"

    with pytest.raises(UsageError, match="acme is not installed here"):
        LoadPlan.from_json(saved)
