"""Tests of the target `mock` in every dialect and with every option."""

import threading
import time

import httpx
import pytest

from contract.catalog.profiles import builtin, named
from contract.detection.detect import detect
from contract.errors import UsageError
from contract.model.probes import SUM
from contract.model.wire import build_request
from contract.plugins.discovery import find
from contract.targets import mock
from contract.targets.base import TargetKind, parse_target

KINDS = find("targets", TargetKind)
CHANGES = {
    "teapot": lambda reply: reply.with_status(418),
    "marked": lambda reply: reply.with_header("x-marked", "yes"),
}


def opened(text):
    return parse_target(text, KINDS, CHANGES).open()


def chat(target, *, key=None, model=None):
    profile = named(target.profile)
    request = build_request(
        SUM, profile, model or target.model, target.key if key is None else key
    )
    return httpx.post(
        target.url + request.path,
        headers=list(request.headers),
        content=request.body,
        trust_env=False,
    )


@pytest.mark.parametrize("name", builtin())
def test_every_profile_opens_and_answers(name):
    with opened(f"mock:{name}") as target:
        assert target.profile == name
        assert target.is_mock
        assert chat(target).status_code == 200
    assert not [thread for thread in threading.enumerate() if thread.name == "mock"]


@pytest.mark.parametrize(
    ("text", "profile"),
    [
        ("mock", "mistral-2025-10"),
        ("mock:mistral", "mistral-2025-10"),
        ("mock:vllm", "vllm-0.32"),
    ],
)
def test_aliases_resolve_to_a_profile(text, profile):
    with opened(text) as target:
        assert target.profile == profile


def test_key_is_required_and_passed_on():
    with opened("mock:vllm?key=sk-mock") as target:
        assert target.key == "sk-mock"
        assert chat(target, key="sk-other").status_code == 401
        assert chat(target).status_code == 200
        assert "sk-mock" not in repr(target)


def test_generated_key_is_required_by_default():
    with opened("mock:vllm") as target:
        assert chat(target, key="sk-other").status_code == 401
        assert chat(target).status_code == 200


def test_empty_key_requires_none():
    with opened("mock:vllm?key=") as target:
        assert target.key is None
        assert chat(target).status_code == 200


def test_model_is_the_only_one_served():
    with opened("mock:vllm?model=mine") as target:
        assert target.model == "mine"
        assert chat(target, model="magistral-small-2509").status_code == 404
        assert chat(target, model="mine").status_code == 200


def test_window_is_as_small_as_given():
    with opened("mock:vllm?window=20") as target:
        assert chat(target).status_code == 400


def test_latency_options_delay_the_response():
    with opened("mock:vllm?ttft=150ms&icl=10ms&jitter=1ms&seed=3") as target:
        start = time.perf_counter()
        chat(target)

        assert time.perf_counter() - start >= 0.15


def test_vocabulary_is_loaded_before_the_first_timed_request(monkeypatch):
    loaded = []
    monkeypatch.setattr(mock.tekken, "encoding", lambda: loaded.append("vocabulary"))
    with opened("mock:vllm?ttft=100ms"):
        assert loaded == ["vocabulary"]


def test_fault_and_quirk_change_the_replies():
    with opened("mock:vllm?fault=teapot&quirk=marked") as target:
        response = chat(target)

        assert response.status_code == 418
        assert response.headers["x-marked"] == "yes"


@pytest.mark.parametrize("option", ["fault", "quirk"])
def test_fault_and_quirk_work_alone(option):
    with opened(f"mock?{option}=marked") as target:
        assert chat(target).headers["x-marked"] == "yes"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mock:vlm-0.16", "Did you mean 'vllm-0.16'"),
        ("mock:martian", "Unknown dialect 'martian'"),
        ("mock?ttfd=1", "Did you mean 'ttft'"),
        ("mock?fault=teapod", "Did you mean 'teapot'"),
        ("mock?window=0", "at least 1 token"),
        ("mock?window=many", "whole number"),
        ("mock?ttft=soon", "duration"),
    ],
)
def test_invalid_option_raises_a_usage_error(text, message):
    with pytest.raises(UsageError, match=message), opened(text):
        pytest.fail("the target was opened")


def test_two_targets_can_be_open_at_once():
    with opened("mock:vllm") as one, opened("mock:llamacpp") as other:
        assert one.url != other.url
        assert (chat(one).status_code, chat(other).status_code) == (200, 200)


@pytest.mark.parametrize("name", ["mistral-2025-10", "mistral-2026-08"])
def test_each_dialect_lists_the_models_by_which_it_is_recognised(name):
    with opened(f"mock:{name}") as target:
        found = detect(target.url, builtin(), key=target.key)

    assert found.profile.id == name
    assert found.model == builtin()[name].model
