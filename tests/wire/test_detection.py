"""Tests of detection over a real port, and of the messages where it fails."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.catalog.profiles import builtin
from contract.client.timeouts import Limits
from contract.detection.detect import detect
from contract.errors import TargetError, UsageError

SOON = Limits(connect=2.0, first_byte=0.3, between=0.3, total=2.0, max_bytes=1_000_000)
CARD = {"id": "served", "owned_by": "vllm", "max_model_len": 32768}
KEY = "sk-2f8a-secret"


def paths(**answers):
    def script(c):
        name = c.line.split()[1].rpartition("/")[2]
        answer = answers.get(name, {"status": 404, "value": {"detail": "Not Found"}})
        c.answer(
            answer.get("value"),
            **{k: v for k, v in answer.items() if k != "value"},
        )

    return script


def models(*cards):
    return {"value": {"object": "list", "data": list(cards)}}


def found_at(server, **more):
    return detect(server.url, builtin(), limits=SOON, **more)


def test_profile_model_and_window_are_detected(served):
    server = served(paths(models=models(CARD), version={"value": {"version": "0.16"}}))

    found = found_at(server)

    assert (found.profile.id, found.model) == ("vllm-0.16", "served")
    assert found.profile.context_window == 32768
    assert "32768" in found.why
    assert found.requests == len(server.requests) <= 4


def test_a_given_profile_keeps_its_window_and_only_the_model_is_detected(served):
    server = served(paths(models=models(CARD)))

    found = found_at(server, profile="vllm-0.12")

    assert (found.profile, found.model) == (builtin()["vllm-0.12"], "served")
    assert len(server.requests) == 1


def hosted(id, window, **more):
    return {
        "id": id,
        "object": "model",
        "owned_by": "mistralai",
        "capabilities": {"completion_chat": True},
        "max_context_length": window,
        **more,
    }


def test_a_window_that_only_a_page_promises_yields_to_the_card(served):
    server = served(paths(models=models(hosted("mistral-large-4", 524_288))))
    detected, given = found_at(server), found_at(server, profile="mistral-2026-10")

    assert "mistral-2026-10" == detected.profile.id == given.profile.id
    assert 524_288 == detected.profile.context_window == given.profile.context_window


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            "magistral-small-2509",
            "requested magistral-small-2509, served mistral-small",
        ),
        ("magistral-small-latest", "served mistral-small-2603, as its model card says"),
        ("mistral-large-4", "serves mistral-large-4"),
    ],
)
def test_the_model_that_answers_in_place_of_another_is_named(served, model, said):
    cards = (
        hosted("mistral-large-4", 1_048_576, name="mistral-large-4"),
        hosted("magistral-small-latest", 262_144, name="mistral-small-2603"),
        hosted("mistral-small-2603", 262_144, name="mistral-small-2603"),
    )
    found = found_at(served(paths(models=models(*cards))), model=model)

    assert said in found.why
    assert ("served" in found.why) == (model != "mistral-large-4")
    assert found.profile.image_limit == (100 if model == "mistral-large-4" else 8)


def test_a_given_model_is_used_unchanged(served):
    found = found_at(served(paths(models=models(CARD))), model="another")

    assert found.model == "another"


def test_the_key_is_sent_with_the_request_for_the_model_list(served):
    server = served(paths(models=models(CARD)))

    found_at(server, key=KEY)

    assert f"authorization: bearer {KEY}".encode() in server.requests[0].lower()


@pytest.mark.parametrize(
    ("names", "model"),
    [
        pytest.param(["one"], "one", id="the-only-one"),
        pytest.param(["a", "b"], "a", id="the-first-of-a-few"),
        pytest.param(
            ["a", "b", "c", "d", "e", "My-Magistral"], "My-Magistral", id="a-magistral"
        ),
        pytest.param(
            ["magistral-x", "mistralai/Magistral-Small-2509"],
            "mistralai/Magistral-Small-2509",
            id="the-profiles-own",
        ),
        pytest.param([], "mistralai/Magistral-Small-2509", id="an-empty-list"),
    ],
)
def test_the_model_is_chosen_from_the_list(served, names, model):
    cards = [{**CARD, "id": name} for name in names]

    found = found_at(served(paths(models=models(*cards))), profile="vllm-0.16")

    assert found.model == model


def test_among_many_models_the_first_is_chosen(served):
    cards = [{**CARD, "id": f"m{number}"} for number in range(9)]
    found = found_at(served(paths(models=models(*cards))), profile="vllm-0.16")

    assert found.model == "m0"


def test_a_server_that_lists_no_model_needs_one_given(served):
    nameless = replace(builtin()["inline"], id="mine", model=None)
    server = served(paths(models=models()))

    with pytest.raises(UsageError, match=r"name one with --model"):
        detect(server.url, {"mine": nameless}, profile="mine", limits=SOON)


def test_an_unknown_server_is_described_and_the_profiles_listed(served):
    unknown = {"id": "x", "owned_by": "acme"}

    with pytest.raises(UsageError) as caught:
        found_at(served(paths(models=models(unknown))))

    for word in ("owned_by acme", "--profile", "vllm-0.16", "inline"):
        assert word in str(caught.value)


def page(c):
    c.answer(body=b"<!doctype html><p>hi", headers=(("Content-Type", "text/html"),))


def redirect(c):
    c.answer({}, status=308, headers=(("Location", "https://elsewhere.example/"),))


def loading(c):
    c.answer({"error": {"message": "Loading model", "code": 503}}, status=503)


def locked(c):
    c.answer({"detail": f"Invalid key {KEY}"}, status=401)


def slow(c):
    c.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n ")
    while not c.over.wait(0.1):
        c.write(b" ")


def flood(c):
    c.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not c.over.is_set():
        c.write(b"x" * 65_536)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param(slow, "does not end", id="a-byte-at-a-time"),
        pytest.param(flood, "larger than 1000000 bytes", id="a-flood"),
        pytest.param(page, "is the URL the root of the API?", id="web-page"),
        pytest.param(
            lambda c: c.answer(body=b" <html>", status=404, headers=()),
            "is the URL the root of the API?",
            id="web-page-without-a-type",
        ),
        pytest.param(redirect, "https://elsewhere.example/", id="redirect"),
        pytest.param(loading, "503, Loading model", id="still-loading"),
        pytest.param(locked, "Check the API key in MY_KEY", id="key-rejected"),
        pytest.param(lambda c: c.reset(), "Does it speak HTTP?", id="reset"),
        pytest.param(lambda c: c.wait(), "still starting", id="silent"),
    ],
)
def test_the_message_is_one_line_without_the_key(served, script, words):
    with pytest.raises(TargetError) as caught:
        found_at(served(script), key=KEY, variable="MY_KEY")

    assert words in str(caught.value)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


def test_the_message_for_a_missing_key_names_the_variable(served):
    with pytest.raises(TargetError, match="set MY_KEY"):
        found_at(served(locked), variable="MY_KEY")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x00\xff\xfe", id="bytes"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(json.dumps({"data": [{"id": {}}]}).encode(), id="odd-card"),
    ],
)
def test_an_invalid_model_list_is_a_fault_of_the_server(served, raw):
    with pytest.raises(TargetError, match="give --profile and --model"):
        found_at(served(paths(models={"body": raw})))

    nameless = {"mine": replace(builtin()["inline"], id="mine", model=None)}
    with pytest.raises(TargetError, match="give --model"):
        detect(
            served(paths(models={"body": raw})).url,
            nameless,
            profile="mine",
            limits=SOON,
        )


@pytest.mark.parametrize("window", [2**21 + 1, 2 * 10**9, 10**30, 10**4_000])
def test_a_window_beyond_memory_is_not_believed(served, window):
    found = found_at(served(paths(models=models({**CARD, "max_model_len": window}))))

    assert found.profile.context_window == builtin()[found.profile.id].context_window
    assert "more than the 2097152 that can be tested" in found.why
    assert "--context-window" in found.why
    assert len(found.why) < 300
