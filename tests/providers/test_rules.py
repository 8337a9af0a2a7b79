"""Every dialect has the rules of its server."""

import pytest

from contract.catalog.providers import dialects
from contract.providers.openai_format import completion_budget
from contract.providers.sglang import rules as sglang_rules

DIALECTS = dialects()


@pytest.mark.parametrize(
    ("name", "images", "rule"),
    [
        ("mistral-2025-10", 8, completion_budget.must_fit),
        ("mistral-2026-08", 8, completion_budget.must_fit),
        ("mistral-2026-10", None, completion_budget.must_fit),
        ("vllm-0.11", 10, completion_budget.clamped),
        ("vllm-0.12", 10, completion_budget.clamped),
        ("vllm-0.16", 10, completion_budget.clamped),
        ("vllm-0.32-rust", None, completion_budget.unbounded),
        ("inline", 10, completion_budget.clamped),
        ("litellm", None, completion_budget.unbounded),
        ("llamacpp", None, completion_budget.unbounded),
        ("lmstudio", None, completion_budget.unbounded),
        ("ollama", None, completion_budget.unbounded),
        ("sglang-0.5", None, sglang_rules.budget),
        ("transformers", None, completion_budget.unbounded),
    ],
)
def test_dialect_has_the_rules_of_its_server(name, images, rule):
    found = DIALECTS[name].rules

    assert (found.image_limit, found.completion_budget) == (images, rule)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.id)
def test_open_paths_are_never_chat(dialect):
    assert not any(path.startswith("/v1/") for path in dialect.rules.open_paths)
