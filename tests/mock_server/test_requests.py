"""Tests of request parsing: every body gives a task or a rejection."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.catalog.providers import dialects
from contract.mock_server.requests import read_request
from contract.model.chat import freeze
from contract.model.probe import Patch, apply_patches
from contract.model.rejection import RejectionReason
from contract.tokens import counting

DIALECTS = dialects()
MODELS = ("magistral-small-2509", "other")
BODY = {
    "model": "magistral-small-2509",
    "messages": [{"role": "user", "content": "What is 6*7?"}],
}


def read(body, name="vllm-0.16", window=1_000):
    dialect = DIALECTS[name]
    if dialect.surface is not None and not isinstance(body, bytes):
        body = dialect.surface.write(body)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(raw, dialect, dialect.rules, MODELS, window)


def change(pointer, value):
    return apply_patches(BODY, [Patch("change", pointer, freeze(value))])


@pytest.mark.parametrize("name", DIALECTS)
def test_valid_body_gives_a_task_with_its_completion(name):
    found = read(BODY, name)

    assert found.rejection is None
    assert (found.task.prompt_tokens, found.task.budget) == (10, 990)
    assert found.task.window_limited
    assert found.completion.usage.prompt == 10


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", RejectionReason.MALFORMED, id="empty"),
        pytest.param(b'{"model": ', RejectionReason.MALFORMED, id="truncated"),
        pytest.param(b'{"a": NaN}', RejectionReason.MALFORMED, id="nan"),
        pytest.param(b'{"a": "\xff"}', RejectionReason.ENCODING, id="not-utf8"),
        pytest.param(b"[" * 5_000, RejectionReason.MALFORMED, id="deep"),
        pytest.param([], RejectionReason.SCHEMA, id="list"),
        pytest.param("text", RejectionReason.SCHEMA, id="text"),
        pytest.param({"model": "x"}, RejectionReason.SCHEMA, id="no-messages"),
        pytest.param(
            change("/temperature", "hot"), RejectionReason.SCHEMA, id="temperature"
        ),
        pytest.param(change("/model", "unknown"), RejectionReason.MODEL, id="model"),
        pytest.param(
            change("/messages/0/role", "assistant"), RejectionReason.ORDER, id="order"
        ),
        pytest.param(
            change(
                "/messages/0/content",
                [{"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/x"}}],
            ),
            RejectionReason.IMAGE_URL,
            id="image",
        ),
        pytest.param(
            change("/messages/0/content", counting.filler(998)),
            RejectionReason.OVERFLOW,
            id="overflow",
        ),
        pytest.param(
            change("/max_tokens", 1_001), RejectionReason.MAX_TOKENS, id="max-tokens"
        ),
        pytest.param(
            change(
                "/response_format",
                {
                    "type": "json_schema",
                    "json_schema": {
                        "name": "x",
                        "schema": {"type": "integer", "minimum": 2, "maximum": 1},
                    },
                },
            ),
            RejectionReason.UNSUPPORTED,
            id="no-such-value",
        ),
    ],
)
def test_invalid_body_gives_one_rejection(body, reason):
    found = read(body)

    assert found.task is None
    assert found.rejection.reason is reason


def test_schema_rejection_has_pointer_and_value():
    rejection = read(change("/temperature", "hot")).rejection

    assert rejection.pointer == "/temperature"
    assert rejection.value == "hot"


@pytest.mark.parametrize(
    ("name", "model", "served"),
    [
        ("vllm-0.16", None, True),
        ("vllm-0.16", "", True),
        ("vllm-0.16", "unknown", False),
        ("mistral-2025-10", "", False),
        ("mistral-2025-10", "other", True),
        ("llamacpp", "unknown", True),
        ("llamacpp", None, True),
    ],
)
def test_model_names_are_accepted_as_in_each_dialect(name, model, served):
    found = read(change("/model", model), name)

    assert served is (found.rejection is None)


@pytest.mark.parametrize(
    ("name", "options", "reasons"),
    [
        ("mistral-2025-10", {}, True),
        ("mistral-2025-10", {"prompt_mode": "reasoning"}, True),
        ("mistral-2025-10", {"prompt_mode": None}, False),
        ("mistral-2026-08", {}, False),
        ("mistral-2026-08", {"reasoning_effort": "none"}, False),
        ("mistral-2026-08", {"reasoning_effort": "high"}, True),
        ("vllm-0.16", {}, True),
        ("vllm-0.16", {"prompt_mode": None, "reasoning_effort": "none"}, True),
        ("vllm-0.16", {"response_format": {"type": "json_object"}}, False),
        ("vllm-0.16", {"response_format": {"type": "text"}}, True),
        ("llamacpp", {"response_format": {"type": "json_object"}}, True),
    ],
)
def test_reasoning_is_switched_as_in_each_dialect(name, options, reasons):
    found = read({**BODY, **options}, name)

    assert reasons is (found.completion.usage.reasoning > 0)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_tokens": "5"}, 5),
        ({"max_completion_tokens": 5}, 5),
        ({"max_tokens": 4, "max_completion_tokens": 5}, 5),
    ],
)
def test_max_tokens_are_accepted_in_every_form(options, count):
    assert read({**BODY, **options}).completion.usage.completion == count


def test_random_completions_are_not_kept():
    assert read(change("/messages/0/content", "#random")).completion is None
    assert read({**change("/messages/0/content", "#random"), "seed": 1}).completion


def test_reasoning_is_hidden_on_demand():
    found = read({**BODY, "include_reasoning": False})

    assert found.task.shows_reasoning is False
    assert found.completion.usage.reasoning == 13


@pytest.mark.parametrize("name", DIALECTS)
@given(body=st.binary(max_size=60))
def test_no_bytes_raise(name, body):
    found = read(body, name)

    assert (found.rejection is None) is (found.task is not None)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "role", "content", "function", "name"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        *("/messages", "/messages/0", "/messages/0/role", "/messages/0/content"),
        *("/messages/0/tool_calls", "/model", "/max_tokens", "/n", "/stop", "/seed"),
        *("/temperature", "/tools", "/tool_choice", "/response_format", "/stream"),
        *("/random_seed", "/stream_options", "/prompt_mode", "/unknown"),
    ]
)


@pytest.mark.parametrize("name", DIALECTS)
@given(changes=st.lists(st.tuples(FIELDS, VALUES), max_size=3))
def test_no_json_raises(name, changes):
    body = BODY
    for pointer, value in changes:
        try:
            body = apply_patches(body, [Patch("any", pointer, json.dumps(value))])
        except RecursionError:
            return
    found = read(body, name)

    assert (found.rejection is None) is (found.task is not None)
