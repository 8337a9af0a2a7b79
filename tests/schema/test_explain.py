"""
Explanations describe the actual mistake, in the intended branch of a union.

`openapi.schema_errors` returns what `contract.schema.explain` makes of a mistake.
"""

from typing import Any

import pytest

from contract.schema import openapi

USER = {"role": "user", "content": "Hello"}
THINK_TEXT = {"type": "thinking", "thinking": "t"}


def test_deep_nesting_is_rejected_without_a_crash():
    deep: Any = []
    for _ in range(5000):
        deep = [deep]

    (violation,) = openapi.schema_errors(
        "Vllm016ChatRequest", {"messages": deep}, most=1
    )

    assert not openapi.accepts("Vllm016ChatRequest", {"messages": deep})
    assert violation.message


@pytest.mark.parametrize(
    ("name", "value", "pointer", "keyword", "message"),
    [
        pytest.param(
            "Mistral202608ChatRequest",
            {"model": "m", "messages": [USER], "max_completion_tokens": 9},
            "/max_completion_tokens",
            "additionalProperties",
            "/max_completion_tokens is not allowed here, with value 9",
            id="forbidden property",
        ),
        pytest.param(
            "Mistral202608ChatRequest",
            {"messages": [USER]},
            "/model",
            "required",
            "the value has no 'model', only messages",
            id="missing property",
        ),
        pytest.param(
            "Mistral202608ChatRequest",
            {"model": "m", "messages": [{"role": "wizard", "content": "x"}]},
            "/messages/0/role",
            "enum",
            '/messages/0/role is "wizard", '
            'expected "system", "user", "assistant" or "tool"',
            id="tag that no branch has",
        ),
        pytest.param(
            "Mistral202608ChatRequest",
            {"model": "m", "messages": [{"role": "user", "content": 5}]},
            "/messages/0/content",
            "type",
            "/messages/0/content is 5, expected a string, an array or null",
            id="type that no branch has",
        ),
        pytest.param(
            "Mistral202608ChatRequest",
            {"model": "m", "messages": [{"role": "system", "content": [THINK_TEXT]}]},
            "/messages/0/content/0/thinking",
            "type",
            '/messages/0/content/0/thinking is "t", expected an array',
            id="deep in the intended branch",
        ),
        pytest.param(
            "Vllm016ChatRequest",
            {"messages": [USER], "temperature": 3},
            "/temperature",
            "maximum",
            "/temperature is 3, expected at most 2",
            id="bound",
        ),
        pytest.param(
            "Vllm016Error",
            {"error": {"message": "m", "type": "t", "param": None, "code": "400"}},
            "/error/code",
            "type",
            '/error/code is "400", expected an integer',
            id="the intended envelope",
        ),
        pytest.param(
            "Mistral202608Error",
            {"object": "error", "type": "invalid_model", "param": None, "code": "1500"},
            "/message",
            "required",
            "the value has no 'message', only object, type, param, code",
            id="the intended error",
        ),
        pytest.param(
            "Mistral202608ChatEvent",
            float("nan"),
            "",
            "type",
            "the value is NaN, expected an object",
            id="not even JSON",
        ),
    ],
)
def test_the_first_reason_is_the_actual_mistake(name, value, pointer, keyword, message):
    violation = openapi.schema_errors(name, value)[0]

    assert message == violation.message
    assert (pointer, keyword) == (violation.pointer, violation.keyword)
    assert violation.expected
    assert violation.actual


def test_reasons_are_few_and_short():
    value = {"model": "m" * 10_000, "messages": [{"role": "x" * 10_000}] * 50}
    found = openapi.schema_errors("Mistral202608ChatRequest", value, most=3)

    assert len(found) == 3
    for violation in found:
        assert (
            max(map(len, (violation.message, violation.expected, violation.actual)))
            < 400
        )
