"""Detection: unknown servers, messages for inaccessible targets, options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.server_evidence import evidence, listing, version

from contract.catalog.profiles import builtin
from contract.catalog.providers import dialects
from contract.detection.detect import (
    detect,
    profile_named,
    recognise,
    redirect_reason,
    unreachable_reason,
)
from contract.detection.evidence import ServerEvidence
from contract.errors import UsageError
from contract.mock_server.provider import MockProvider
from contract.model.exchange import Arrival, End, Exchange
from contract.model.probe import Probe
from contract.model.reply import rehearse
from contract.model.saved import load
from contract.model.wire import Request

PROFILE = builtin()["inline"]
# Dialects whose servers are recognised as nothing else, and nothing else as them.
UNMISTAKABLE = {"sglang-0.5", "ollama", "lmstudio"}
LISTS = sorted(Path("fixtures/exchanges").glob("*/models-*.json"))


def exchange(body=b"", **more):
    return Exchange(
        probe=Probe(name="any"),
        profile=PROFILE,
        request=Request("GET", "/"),
        arrivals=(Arrival(0.0, body),),
        **more,
    )


@pytest.mark.parametrize("end", [End.REFUSED, End.RESET, End.TIMEOUT, End.TOO_LARGE])
def test_a_missing_response_is_explained_with_the_url(end):
    message = unreachable_reason(exchange(end=end, note="for a reason"), "http://h")

    assert message is not None
    assert message.startswith("http://h cannot be reached: for a reason.")


def test_any_status_is_a_response():
    assert unreachable_reason(exchange(status=500), "http://h") is None


def test_with_profile_and_model_given_nothing_is_sent():
    found = detect("http://nonexistent.invalid", builtin(), profile="inline", model="m")

    assert (found.profile.id, found.model, found.requests) == ("inline", "m", 0)
    assert found.why == "given by --profile"


def test_an_alias_names_a_profile():
    assert profile_named("vllm", builtin()).id == "vllm-0.32"


def test_an_unknown_profile_is_rejected_with_similar_names():
    with pytest.raises(UsageError, match=r"llamacpp"):
        profile_named("llamacp", builtin())


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param({}, id="nothing-there"),
        pytest.param({"models": listing({"id": "x", "owned_by": "acme"})}, id="name"),
        pytest.param(
            {
                "models": listing({"id": "x", "owned_by": "acme"}),
                "version": version("0.5.1"),
            },
            id="a-version-of-another-owner",
        ),
        pytest.param(
            {"models": listing({"id": "x", "owned_by": "mistralai"})},
            id="an-organisation-called-mistralai",
        ),
        pytest.param({"models": {"body": b"\xff\x00{"}}, id="bytes"),
        pytest.param({"models": {"json": [1, None, "x"]}}, id="a-list"),
        pytest.param({"models": {"json": {"data": {"id": 1}}}}, id="no-list"),
        pytest.param(
            {"models": listing({"id": 5, "owned_by": ["vllm"]})}, id="wrong-types"
        ),
        pytest.param({"models": {"status": None, "end": End.RESET}}, id="reset"),
        pytest.param({"version": {"json": {"version": 16}}}, id="a-numeric-version"),
    ],
)
def test_unknown_servers_are_not_recognised_and_described(answers):
    found = evidence(**answers)

    assert recognise(found) is None
    assert "GET /v1/models: status" in str(found)


URL = "https://api.example"


def redirected(location, status=307):
    return Exchange(
        probe=Probe(name="chat"),
        profile=builtin()["vllm-0.32"],
        request=Request("POST", "/v1/chat/completions"),
        status=status,
        headers=() if location is None else (("location", location),),
    )


@pytest.mark.parametrize(
    ("location", "place", "root"),
    [
        pytest.param(
            "https://eu.example/v1/chat/completions",
            "https://eu.example/v1/chat/completions",
            "https://eu.example/v1",
            id="another-host",
        ),
        pytest.param(
            "//eu.example/llm/v1/chat/completions/",
            "https://eu.example/llm/v1/chat/completions/",
            "https://eu.example/llm/v1",
            id="no-scheme",
        ),
        pytest.param(
            "http://me:pw@api.example/v1/chat/completions?token=abc",
            "http://api.example/v1/chat/completions",
            "http://api.example/v1",
            id="secrets",
        ),
        pytest.param("/v2/chat", f"{URL}/v2/chat", f"{URL}/v2/chat", id="another-path"),
    ],
)
def test_a_redirected_chat_names_the_url_to_give(location, place, root):
    assert redirect_reason(redirected(location), URL) == (
        f"POST /v1/chat/completions is redirected (307) to {place}; give that URL: "
        f"magistral-contract verify {root}"
    )


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("/v1/chat/completions/", f"{URL}/v1/chat/completions/"),
        ("http://[::1", "an invalid address"),
        ("", f"{URL}/v1/chat/completions"),
    ],
    ids=["slash", "invalid", "itself"],
)
def test_a_redirect_without_another_url_is_to_be_answered_directly(location, place):
    assert redirect_reason(redirected(location, 308), URL) == (
        f"POST /v1/chat/completions is redirected (308) to {place}; many clients do "
        "not follow that, so answer it directly."
    )


def test_a_long_location_is_one_short_line():
    reason = redirect_reason(redirected("https://x/" + "a" * 9_000 + "\n"), URL)

    assert len(reason) < 600
    assert "\n" not in reason


@pytest.mark.parametrize(("location", "status"), [("/x", 200), (None, 307)])
def test_other_answers_are_no_redirect(location, status):
    assert redirect_reason(redirected(location, status), URL) is None


class Mocked:
    """A recorder whose server is the mock of a dialect."""

    def __init__(self, dialect):
        self.mock = MockProvider(dialect)

    def record(self, probe, profile, request):
        return rehearse(self.mock.reply(request), probe, profile)


@pytest.mark.parametrize("name", dialects())
def test_no_mock_is_taken_for_one_of_another_provider(name):
    found = recognise(ServerEvidence(Mocked(dialects()[name]), PROFILE, None))
    profile = "" if found is None else found.profile

    assert UNMISTAKABLE & {name} == UNMISTAKABLE & {profile}


class Recorded:
    """A recorder whose server has a recorded model list and nothing else."""

    def __init__(self, path):
        saved = json.loads(path.read_text("utf-8"))
        self.models = load(saved, builtin()[saved["profile"]])

    def record(self, probe, profile, request):
        if request.path == self.models.request.path:
            return self.models
        return Exchange(probe=probe, profile=profile, request=request, status=404)


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.parent.name)
def test_no_recorded_server_is_taken_for_one_of_another_provider(path):
    found = recognise(ServerEvidence(Recorded(path), PROFILE, None))
    profile = "" if found is None else found.profile
    recorded = json.loads(path.read_text("utf-8"))["profile"]

    assert UNMISTAKABLE & {recorded} == UNMISTAKABLE & {profile}
