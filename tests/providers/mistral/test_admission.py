"""What a model does not support is rejected with the API's status and words."""

import json

import pytest

from contract.mock_server.provider import MockProvider, served_models
from contract.model import images
from contract.model.wire import Request
from contract.providers.mistral.admission import supported_by_the_model
from contract.providers.mistral.dialect import MISTRAL_2026_10

REFUSED = "reasoning_effort={} is not supported for this model. Supported values: {}"
MOCK = MockProvider(MISTRAL_2026_10, models=served_models(MISTRAL_2026_10))


def ask(**members):
    body = {
        "model": "mistral-large-4",
        "messages": [{"role": "user", "content": "What is 6 times 7?"}],
        **members,
    }
    header = ("content-type", "application/json")
    data = json.dumps(body).encode()
    return MOCK.reply(Request("POST", "/v1/chat/completions", (header,), data))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"reasoning_effort": "max"},
            REFUSED.format("max", "none, minimal, low, medium, high, xhigh"),
        ),
        (
            {"reasoning_effort": "low", "model": "mistral-small-2603"},
            REFUSED.format("low", "none, high"),
        ),
        (
            {"reasoning_effort": "none", "model": "mistral-large-latest"},
            "Reasoning effort is not enabled for this model",
        ),
        (
            {"logprobs": True, "model": "mistral-small-latest"},
            "Logprobs are not enabled for this model",
        ),
        ({"prompt_logprobs": True}, "Prompt logprobs are not enabled for this model"),
        (
            {"prompt_mode": "reasoning"},
            "Reasoning prompt mode is not enabled for this model",
        ),
        ({"max_tokens": 262_145}, "max_tokens must be at most 262144 for this model"),
    ],
)
def test_unsupported_options_get_400_and_3051(members, message):
    reply = ask(**members)

    assert 400 == reply.status
    assert (message, "3051") == (reply.json["message"], reply.json["code"])


@pytest.mark.parametrize(
    "members",
    [
        {"reasoning_effort": "xhigh"},
        {"logprobs": True, "top_logprobs": 2},
        {"top_k": 5, "min_tokens": 1, "repetition_penalty": 1.1},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"max_tokens": 262_144},
        {"model": "magistral-small-2509"},
    ],
)
def test_supported_options_are_answered(members):
    assert 200 == ask(**members).status


@pytest.mark.parametrize(
    ("model", "effort", "thinks"),
    [
        ("mistral-large-4", None, True),
        ("mistral-large-4", "none", False),
        ("mistral-small-2603", None, False),
        ("mistral-small-2603", "high", True),
        ("mistral-large-2512", None, False),
    ],
)
def test_the_default_depends_on_the_model(model, effort, thinks):
    members = {} if effort is None else {"reasoning_effort": effort}
    content = ask(model=model, **members).json["choices"][0]["message"]["content"]

    assert thinks == isinstance(content, list)


def test_an_image_more_than_the_model_takes_is_rejected():
    part = {"type": "image_url", "image_url": images.picture(28, 28).uri}

    def with_images(number, model):
        content = [{"type": "text", "text": "How many?"}, *[part] * number]
        return ask(model=model, messages=[{"role": "user", "content": content}]).status

    assert (200, 400) == (
        with_images(100, "mistral-large-4"),
        with_images(101, "mistral-large-4"),
    )
    assert (200, 400) == (
        with_images(8, "mistral-small-2603"),
        with_images(9, "mistral-small-2603"),
    )


def test_the_rule_is_that_of_the_dialect():
    assert supported_by_the_model in MISTRAL_2026_10.rules.admission
