from __future__ import annotations

from dataclasses import replace

from contract.checks.combinations import requests
from contract.model.features import features_of
from contract.model.probe import Probe

PAIRS = {
    name: value
    for name, value in vars(requests).items()
    if isinstance(value, tuple) and value and isinstance(value[0], Probe)
}


def features(probe):
    return features_of({}, probe)


def test_each_request_is_sent_for_a_stream_and_for_a_whole_answer():
    for streamed, whole in PAIRS.values():
        assert streamed == replace(whole, stream=True)


def test_each_request_combines_features():
    for streamed, _ in PAIRS.values():
        assert len(features(streamed) - {"streamed", "max_tokens"}) >= 2


def test_tools_images_and_formats_each_occur_with_several_other_features():
    met = [features(streamed) for streamed, _ in PAIRS.values()]

    for name in ("tools", "images", "response_format", "n", "stop"):
        beside = set().union(*(one for one in met if name in one))
        assert len(beside - {name, "streamed", "max_tokens"}) >= 2
