"""The load engine, `contract.load.engine` in processes of its own, against mocks."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import pytest
from support.loads import KEY, failed, loading

from contract.load.measure import FOREIGN
from contract.mock_server.app import serving
from contract.run.report import Outcome
from contract.targets.mock import build

pytestmark = pytest.mark.load
DIALECTS = (
    *(
        "mistral",
        "mistral-2026-08",
        "mistral-2026-10",
        "vllm-0.32",
        "vllm-0.16",
        "vllm-0.12",
        "vllm-0.11",
    ),
    *("llamacpp", "transformers", "inline"),
)
# Found by the triage of every reply, by invariants on the sample, or by comparing
# replies; with what limits them, and the check that fails.
FAULTS = {
    "error-in-the-stream?every=7": "load.requests-are-answered",
    "cut-off?every=7": "load.requests-are-answered",
    "http-500?every=9": "load.requests-are-answered",
    "http-502?every=9": "load.requests-are-answered",
    "connection-reset?every=7": "streaming.completes",
    "closing-marker-shown?when=streamed&every=5": "reasoning.no-marker-in-answer",
    "opening-marker-shown?every=7": "reasoning.no-marker-in-reasoning",
    "field-renamed?every=7": "reasoning.right-field",
    "answer-filed-as-thought?every=7": "reasoning.answer-arrives",
    "thought-resumes?every=7": "reasoning.precedes-answer",
    "thought-sent-twice?every=7": "reasoning.not-repeated-in-answer",
    "prompt-returned?when=system&every=2": "conversation.system-is-not-echoed",
    "role-written-out?every=7": "conversation.answer-begins-without-role",
    "request-id-of-the-worker?every=7": "headers.request-ids-differ",
    "template-of-another-model?every=7": "reasoning.no-control-token",
    "beams-shown?every=3": "sampling.one-choice-by-default",
    "created-zero?every=7": "schema.created-is-now",
    "created-per-chunk?every=7": "streaming.created-is-constant",
    "index-missing?every=7": "streaming.choices-are-numbered",
    "role-missing?when=tools&every=2": "streaming.role-first",
    "total-without-prompt?every=7": "usage.sums-up",
    "cache-counted-in-blocks?every=3": "usage.cached-within-prompt",
    "id-fixed?when=whole": "schema.ids-are-unique",
    "stop-string-shown?when=stop": "sampling.stop-is-not-shown",
    "pairs-torn?when=streamed": "languages.pairs-are-not-torn",
}


@pytest.fixture(scope="module")
def load():
    with loading() as engines:
        yield engines


@pytest.fixture
def served():
    """`served(change)`: the URL of a mock whose replies are changed."""
    with ExitStack() as stack:
        yield lambda change: stack.enter_context(
            serving(build("vllm-0.32", key=KEY, change=change))
        )


def swapping(every):
    """Of every so many chats, one gets the reply to the chat before."""
    seen = []

    def change(reply):
        if reply.probe is None:
            return reply
        seen.append(reply)
        if len(seen) % every or len(seen) < 2:
            return reply
        return replace(reply, frames=seen[-2].frames, headers=seen[-2].headers)

    return change


def test_errors_inside_answers_fail_the_run_with_their_request(load):
    target = "mock:mistral?fault=error-in-the-stream&every=7"
    step, results = load.run(target, requests=28)
    answered = next(r for r in results if r.check.id == "load.requests-are-answered")

    assert answered.outcome is Outcome.FAIL
    assert "an error with status 200" in answered.findings[0].actual
    assert answered.curl.startswith("curl ")
    assert KEY not in answered.curl
    assert step.totals.kinds["an error with status 200"] == answered.tally.broken
    assert "streaming.completes" in failed(results)


def test_a_reply_to_another_prompt_is_cross_talk(load, served, monkeypatch):
    monkeypatch.setenv("MISTRAL_API_KEY", KEY)
    target = served(swapping(5)) + "/v1?profile=vllm-0.32"
    step, results = load.run(target, requests=30, scenario="chat", users=3)
    own = next(r for r in results if r.check.id == "load.no-cross-talk")

    assert own.outcome is Outcome.FAIL
    assert FOREIGN in own.findings[0].message
    assert step.totals.suspicions[FOREIGN] == own.tally.broken


def test_an_open_model_sends_its_schedule(load):
    schedule = tuple(number * 0.02 for number in range(20))
    step, results = load.run("mock:vllm", users=None, schedule=schedule)

    assert step.totals.sent == 20
    assert failed(results) == set()
    assert step.troubles == ()
    assert step.totals.latencies["ttft"].count > 10
    assert step.totals.latencies["e2e"].count == 20
    assert len(step.generators) == 1
    assert "CHAT,ticket," in step.files["stats"]
    assert "<html" in step.files["html"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_sound_server_passes_in_each_dialect(load, dialect):
    step, results = load.run(f"mock:{dialect}", requests=80)

    assert failed(results) == set()
    assert step.totals.kinds == {"answered": 80}
    assert step.totals.suspicions == {}
    assert Outcome.ERROR not in {result.outcome for result in results}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_under_load(load, fault):
    name, _, limits = fault.partition("?")
    _, results = load.run(f"mock:vllm?fault={name}&{limits}", requests=140)

    assert FAULTS[fault] in failed(results)


@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_busy_server_does_not_fail_and_is_not_good(load, status):
    target = f"mock:vllm?fault=http-{status}&every=4"
    step, results = load.run(target, requests=40)

    assert failed(results) == set()
    assert step.totals.kinds["busy"] == 10
    assert step.totals.goodput == 0.75


def test_two_processes_send_and_total_what_one_does(load):
    """The counts of requests and prompts are exact; times differ from run to run."""
    target = "mock:vllm"
    one, _ = load.run(target, requests=60, users=4)
    with loading(processes=2) as pair:
        two, results = pair.run(target, requests=60, users=4)

    assert failed(results) == set()
    assert two.troubles == ()
    assert len(two.generators) == 2
    for name in ("kinds", "chats", "suspicions", "measured", "answered"):
        assert getattr(one.totals, name) == getattr(two.totals, name)
    assert one.totals.prompt_tokens == two.totals.prompt_tokens
    assert one.totals.tokens == two.totals.tokens
    counts = [
        {name: values.count for name, values in step.totals.latencies.items()}
        for step in (one, two)
    ]
    del counts[0]["icl"], counts[1]["icl"]  # events that arrive together are one
    assert counts[0] == counts[1]
    assert "Aggregated,60," in two.files["stats"]


def test_a_stall_of_the_server_shows_in_the_tail(load):
    """The mock waits ten seconds once; one user alone cannot send meanwhile."""
    schedule = tuple(number * 0.1 for number in range(30))
    step, _ = load.run(
        "mock:vllm?fault=slow&every=20", users=None, schedule=schedule, in_flight=1
    )
    e2e = step.totals.latencies["e2e"]

    assert step.totals.sent == 30
    assert e2e.percentile(50) < 5
    assert e2e.percentile(90) > 9
    assert step.totals.late >= 9
