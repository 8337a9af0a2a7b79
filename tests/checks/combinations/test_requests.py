from __future__ import annotations

from dataclasses import replace

from contract.checks.combinations import requests
from contract.model.features import features_of
from contract.model.probe import Probe

GROUPS = [
    value
    for value in vars(requests).values()
    if isinstance(value, tuple) and value and isinstance(value[0], Probe)
]
PAIRS = [pair for group in GROUPS for pair in zip(group[::2], group[1::2], strict=True)]


def features(probe):
    return features_of({}, probe)


def test_each_request_is_sent_for_a_stream_and_for_a_whole_answer():
    for streamed, whole in PAIRS:
        assert streamed == replace(whole, stream=True)


def test_each_request_combines_features():
    for streamed, _ in PAIRS:
        assert len(features(streamed) - {"streamed", "max_tokens"}) >= 2


def test_tools_images_and_formats_each_occur_with_several_other_features():
    met = [features(streamed) for streamed, _ in PAIRS]

    for name in ("tools", "images", "response_format", "n", "stop"):
        beside = set().union(*(one for one in met if name in one))
        assert len(beside - {name, "streamed", "max_tokens"}) >= 2
