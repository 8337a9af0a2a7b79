"""Verification of a target from its text to its results, live and replayed."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest

import contract
from contract.catalog.profiles import builtin
from contract.client.timeouts import Limits
from contract.errors import EndpointError, SpecError, TargetError, UsageError
from contract.mock_server.app import serving
from contract.mock_server.provider import MockProvider
from contract.model.check import Check, Finding, check
from contract.model.probes import SUM, SUM_WHOLE
from contract.plugins.discovery import find
from contract.run.opening import open_recordings, open_target, reply_changes
from contract.run.report import Outcome, Report, to_json

KEY = "sk-2f8a-secret-key"
SOON = Limits(connect=2.0, first_byte=1.0, between=1.0, total=3.0)
CARD = {"id": "served", "owned_by": "vllm", "max_model_len": 4096}


@check("test.answers", "It MUST answer 42.", source="a test", sends=SUM)
def answers(exchange):
    if "42" not in exchange.answer:
        yield Finding("no 42", "42", exchange.answer)


@check("test.whole", "It MUST be whole.", source="a test", sends=SUM_WHOLE)
def whole(exchange):
    if exchange.streamed:
        yield Finding("streamed")


def server(c, *, echo=""):
    """A minimal vLLM: the model list, the version, and 42 for every chat."""
    path = c.line.split()[1]
    if path == "/v1/models":
        c.answer({"object": "list", "data": [CARD]})
    elif path == "/version":
        c.answer({"version": "0.16.0"})
    elif b'"stream":true' in c.request:
        c.stream()
        delta = {"choices": [{"index": 0, "delta": {"content": f"42{echo}"}}]}
        c.chunk(b"data: " + json.dumps(delta).encode() + b"\n\n")
        c.chunk(b"data: [DONE]\n\n")
        c.chunk(b"")
    else:
        c.answer({"choices": [{"index": 0, "message": {"content": f"42{echo}"}}]})


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch):
    for name in ("MISTRAL_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def sends_comments(c):
    """Keep a stream open with comments, like a proxy whose engine has stopped."""
    c.stream()
    while not c.over.wait(0.1):
        c.chunk(b":\n\n")


def never_stops(c):
    c.stream()
    delta = {"choices": [{"index": 0, "delta": {"content": "42"}}]}
    while not c.over.is_set():
        c.chunk(b"data: " + json.dumps(delta).encode() + b"\n\n")


@pytest.mark.parametrize(
    ("chat", "why"),
    [
        pytest.param(sends_comments, "not complete after 1 s", id="comments-only"),
        pytest.param(never_stops, "larger than 100000 bytes", id="endless-text"),
    ],
)
def test_an_endless_response_is_awaited_once(served, chat, why):
    def script(c):
        chat(c) if c.line.startswith("POST") else server(c)

    running = served(script)
    limits = replace(SOON, total=1.0, max_bytes=100_000)
    with (
        pytest.raises(TargetError, match="does not end") as caught,
        open_target(running.url, limits=limits),
    ):
        pass

    assert why in str(caught.value)
    assert 1 == sum(request.startswith(b"POST") for request in running.requests)


def test_a_stream_that_hangs_after_some_text_is_judged(served):
    def script(c):
        if not c.line.startswith("POST"):
            server(c)
            return
        c.stream()
        delta = {"choices": [{"index": 0, "delta": {"content": "4"}}]}
        c.chunk(b"data: " + json.dumps(delta).encode() + b"\n\n")
        c.wait()

    limits = replace(SOON, between=0.2)
    with open_target(served(script).url, limits=limits) as verification:
        result = verification.run(find("checks", Check)["streaming.completes"])

    assert result.outcome is Outcome.FAIL


def test_a_server_that_stays_open_after_done_is_judged_like_any_other(served):
    """The limits are longer than any test: only [DONE] can end these streams."""

    def script(c):
        if not c.line.startswith("POST"):
            server(c)
            return
        c.stream()
        delta = {"choices": [{"index": 0, "delta": {"content": "42"}}]}
        c.chunk(b"data: " + json.dumps(delta).encode() + b"\n\n")
        c.chunk(b"data: [DONE]\n\n")
        while not c.over.wait(0.05):
            c.chunk(b": keep-alive\n\n")

    checks = find("checks", Check)
    judged = [answers, checks["streaming.completes"]]
    with open_target(served(script).url, limits=Limits(between=300.0)) as verification:
        results = verification.results([*judged, checks["streaming.closes-after-done"]])

    assert [Outcome.PASS, Outcome.PASS, Outcome.FAIL] == [r.outcome for r in results]
    assert "left the connection open" in results[-1].findings[0].actual


def test_a_url_is_opened_detected_and_judged(served):
    running = served(server)

    with open_target(f"{running.url}/v1", limits=SOON) as verification:
        results = list(verification.verify([answers, whole]))

    header = verification.header
    assert [r.outcome for r in results] == [Outcome.PASS, Outcome.PASS]
    assert (header.profile, header.model, header.url) == (
        "vllm-0.16",
        "served",
        running.url,
    )
    assert "0.16.0" in header.why
    # The model list, /props, /version, the smoke test, and one for each check.
    assert header.requests == len(running.requests) == 6
    assert verification.profile.context_window == 4096


def test_a_recording_gives_the_same_results_without_the_server(served, tmp_path):
    running = served(server)
    with open_target(f"{running.url}/v1", limits=SOON) as verification:
        live = list(verification.verify([answers]))
        verification.save(tmp_path)
    sent = len(running.requests)

    (replay,) = open_recordings(tmp_path)
    again = list(replay.verify([answers, whole]))

    assert len(running.requests) == sent
    assert [r.outcome for r in again] == [Outcome.PASS, Outcome.SKIP]
    assert again[0].exchanges[0].arrivals[0].data == (
        live[0].exchanges[0].arrivals[0].data
    )
    assert replay.profile == verification.profile
    assert "recorded" in replay.header.why
    assert again[0].again.startswith("magistral-contract replay ")


def test_recordings_of_one_url_are_distinguished_by_their_folders(served, tmp_path):
    running = served(server)
    for name in ("before", "after"):
        with open_target(running.url, limits=SOON) as verification:
            list(verification.verify([answers]))
            verification.save(tmp_path / name)

    assert ["after", "before"] == [r.target for r in open_recordings(tmp_path)]
    assert [running.url] == [r.target for r in open_recordings(tmp_path / "after")]


def test_an_echoed_key_is_in_no_file_and_no_report(served, tmp_path, monkeypatch):
    def echoing(c):
        server(c, echo=f" for {KEY}")

    monkeypatch.setenv("MY_KEY", KEY)
    running = served(echoing)
    with open_target(running.url, limits=SOON, key_env="MY_KEY") as verification:
        results = tuple(verification.verify([answers, whole]))
        verification.save(tmp_path)
    report = Report(headers=(verification.header,), results=results)

    assert any(KEY.encode() in request for request in running.requests)
    assert KEY not in json.dumps(to_json(report))
    assert KEY not in repr(report)
    assert all(KEY not in p.read_text("utf-8") for p in tmp_path.iterdir())


def test_again_repeats_the_options(served):
    running = served(server)
    options = {"profile": "vllm-0.12", "model": "other model"}
    with open_target(
        running.url, limits=SOON, repeat=("--profiles", "mine.toml"), **options
    ) as verification:
        result = verification.run(answers)

    assert result.again == (
        f"magistral-contract verify {running.url} --profile vllm-0.12 "
        "--model 'other model' --profiles mine.toml --select test.answers"
    )


def test_the_plan_is_known_before_its_requests_are_sent(served):
    with open_target(served(server).url, limits=SOON) as verification:
        before = verification.session.sent

        assert len(verification.plan([answers, whole])) == 2
        assert verification.session.sent == before == 1


def chat(**more):
    def script(c):
        if c.line.startswith("GET"):
            server(c)
        else:
            c.answer({"error": {"message": "not allowed"}}, **more)

    return script


@pytest.mark.parametrize(
    ("script", "words"),
    [
        pytest.param(chat(status=401), 'denies access (401): "not allowed"', id="401"),
        pytest.param(chat(status=403), '(403): "not allowed"', id="403"),
        pytest.param(chat(status=404), "It lists served.", id="404"),
        pytest.param(
            lambda c: server(c) if c.line.startswith("GET") else c.reset(),
            "cannot be reached",
            id="reset",
        ),
        pytest.param(
            lambda c: server(c) if c.line.startswith("GET") else c.wait(),
            "no byte of the body",
            id="silent",
        ),
    ],
)
def test_a_server_that_cannot_answer_is_one_sentence(served, script, words):
    with (
        pytest.raises(TargetError) as caught,
        open_target(served(script).url, limits=SOON),
    ):
        pytest.fail("it was opened")

    assert words in str(caught.value)


def test_a_server_without_a_model_says_so(served):
    def script(c):
        if c.line.startswith("GET"):
            c.answer({"object": "list", "data": []})
        else:
            c.answer({"detail": "Not Found"}, status=404)

    with (
        pytest.raises(TargetError, match="It lists no model"),
        open_target(served(script).url, limits=SOON, profile="vllm-0.16"),
    ):
        pytest.fail("it was opened")


def test_rate_limits_are_waited_for_from_the_first_request_on(served):
    """Every second request is rejected: of detection, the smoke test and the checks."""
    count = itertools.count()

    def script(c):
        if next(count) % 2:
            server(c)
        else:
            c.answer({}, status=429, headers=(("Retry-After", "0.01"),))

    running = served(script)
    with open_target(running.url, limits=SOON) as verification:
        results = list(verification.verify([answers, whole]))

    header = verification.header
    assert [Outcome.PASS, Outcome.PASS] == [r.outcome for r in results]
    assert header.requests == len(running.requests) == 12
    assert "6 requests were repeated" in header.notes[-1]


def test_a_mock_that_limits_the_rate_is_judged_in_full():
    replies = itertools.count()

    def limited(reply):
        if next(replies) % 9:
            return reply
        return reply.with_status(429).with_header("retry-after", "0.01")

    with serving(MockProvider(builtin()["vllm-0.32"].dialect, change=limited)) as url:
        report = contract.verify(url, select=["streaming", "usage", "rejections"])

    (header,) = report.headers
    assert report.exit_code == 0
    assert Outcome.ERROR not in report.counts
    assert "the server limited the rate: " in header.notes[-1]
    assert "not answered" not in header.notes[-1]


def test_an_invalid_retry_budget_is_rejected_before_anything_is_sent(served):
    running = served(server)

    with (
        pytest.raises(UsageError, match="retry budget must be 0"),
        open_target(running.url, retry_budget=-1.0),
    ):
        pytest.fail("it was opened")

    assert not running.requests


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirected_chat_ends_the_run_with_one_sentence(served, status, monkeypatch):
    """The address may repeat the key that was sent."""
    monkeypatch.setenv("MY_KEY", KEY)
    where = (("Location", f"https://eu.example/{KEY}/v1/chat/completions"),)
    running = served(chat(status=status, headers=where))

    with (
        pytest.raises(EndpointError) as caught,
        open_target(running.url, limits=SOON, key_env="MY_KEY"),
    ):
        pytest.fail("it was opened")

    assert f"is redirected ({status}) to https://eu.example/***/v1/" in str(
        caught.value
    )
    assert 1 == sum(request.startswith(b"POST") for request in running.requests)


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_error_responses_are_left_to_the_checks(served, status):
    with open_target(
        served(chat(status=status)).url, limits=SOON, retry_budget=0.0
    ) as verification:
        result = verification.run(answers)

    assert result.outcome in {Outcome.FAIL, Outcome.ERROR}


def test_a_closed_port_is_a_target_error(served):
    running = served(server)
    url = running.url
    running.over.set()
    running.listener.close()

    with pytest.raises(TargetError), open_target(url, limits=SOON):
        pytest.fail("it was opened")


def test_a_waiver_of_an_unknown_check_is_rejected(served):
    mine = replace(builtin()["vllm-0.16"], id="mine", waivers={"schema.mesage": "x"})

    with (
        pytest.raises(SpecError, match=r"schema\.mesage"),
        open_target(
            served(server).url, profile="mine", profiles={"mine": mine}, limits=SOON
        ),
    ):
        pytest.fail("it was opened")


def test_a_key_over_plain_http_is_noted(served, monkeypatch):
    monkeypatch.setattr("contract.run.opening.is_unencrypted", lambda _root: True)
    monkeypatch.setenv("MISTRAL_API_KEY", KEY)

    with open_target(served(server).url, limits=SOON) as verification:
        assert any("unencrypted" in note for note in verification.header.notes)


def test_an_unknown_target_is_a_usage_error():
    with pytest.raises(UsageError, match="Unknown target"), open_target("mok"):
        pytest.fail("it was opened")


def test_faults_and_quirks_can_be_looked_up():
    assert reply_changes()
