from __future__ import annotations

from dataclasses import replace

import pytest

from contract.model.chat import Image, Message, Options, Text
from contract.model.features import FEATURES, WORDS, features_of
from contract.model.probe import Fill, Probe
from contract.model.probes import SUM, SUM_WHOLE, TOOL, TWO_CHOICES

PLAIN = Probe(name="plain", messages=(Message("user", "Hello"),))


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        (PLAIN, set()),
        (SUM_WHOLE, {"max_tokens"}),
        (SUM, {"streamed", "max_tokens"}),
        (TOOL, {"streamed", "max_tokens", "tools"}),
        (TWO_CHOICES, {"streamed", "max_tokens", "n"}),
        (replace(PLAIN, options=Options(stop=("x",))), {"stop"}),
        (replace(PLAIN, options=Options(response_format="{}")), {"response_format"}),
        (replace(PLAIN, reasons=False), {"thinking-off"}),
        (replace(PLAIN, fill=Fill(9_000)), {"long"}),
        (replace(PLAIN, fill=Fill(1, of_window=True)), {"long"}),
        (
            replace(
                PLAIN,
                messages=(
                    Message("system", "Be brief."),
                    Message("user", (Text("What is this?"), Image(b"x"))),
                    Message("assistant", "A cat."),
                    Message("tool", "{}", tool_call_id="a"),
                ),
            ),
            {"system", "images", "turns", "tool-result"},
        ),
    ],
)
def test_the_features_of_a_probe(probe, expected):
    assert features_of({}, probe) == expected


def test_a_body_that_was_sent_as_it_is_has_the_same_features():
    image = {"type": "image_url", "image_url": {"url": "data:,"}}
    body = {
        "stream": True,
        "tools": [{}],
        "n": 2,
        "stop": ".",
        "response_format": {"type": "text"},
        "max_completion_tokens": 3,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "assistant", "content": None},
            {"role": "tool", "content": "x" * 8_000},
            {"role": "user", "content": [image]},
        ],
    }

    assert features_of(body, Probe(name="raw")) == set(FEATURES) - {"thinking-off"}


@pytest.mark.parametrize(
    "body",
    [
        {"messages": 3, "n": "2"},
        {"messages": [None, {"role": []}, {"content": [3, {"image": 1}]}]},
    ],
)
def test_any_body_has_features(body):
    assert features_of(body, Probe(name="raw")) == set()


def test_every_feature_has_words_with_and_without_it():
    assert list(WORDS) == list(FEATURES)
    assert all(present and absent for present, absent in WORDS.values())
