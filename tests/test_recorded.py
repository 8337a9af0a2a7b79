"""What real engines said keeps every check green that was made for such a request."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from contract.catalog import profiles
from contract.model.chat import CHAT
from contract.model.check import OK, Check, Level, NotApplicable
from contract.model.dialect import StreamUsage
from contract.model.probes import SUM, SUM_WHOLE
from contract.model.saved import FORMAT, load
from contract.plugins.discovery import find
from contract.run.invariants import judge_replies, scopes_of

RECORDED = Path(__file__).parent.parent / "fixtures" / "exchanges"
FILES = sorted(RECORDED.glob("recorded-*/*.json"))
CHECKS = find("checks", Check)

# A request with anything else in it is a question of its own.
ORDINARY = {
    *("model", "messages", "stream", "stream_options", "temperature", "seed"),
    *("max_tokens", "tools", "tool_choice", "parallel_tool_calls", "n"),
}
# Their judges compare with the very prompt that they send.
OF_ONE_PROMPT = {
    "usage.typed-markers-are-text",
    "sampling.one-token-is-one",
    "multimodal.thinks-about-images",
    "tools.declared-tools-are-counted",
    "tools.results-are-counted",
}
OWN_PROMPTS = {"context", "structured"}  # so do all judges of these families
DEPARTURES = {
    ("llamacpp-b11434/empty_answer_stream", "streaming.carries-text"): (
        "the model was made to stop at once"
    ),
    ("llamacpp-b11434/n2_stream", "reasoning.in-every-choice"): (
        "the model was made to answer without a thought"
    ),
}


def case_name(path):
    return f"{path.parent.name.removeprefix('recorded-')}/{path.stem}"


@cache
def exchanges():
    """The recorded answers to chats, by `engine/case`."""
    found = {}
    for path in FILES:
        saved = json.loads(path.read_text(encoding="utf-8"))
        exchange = load(saved, profiles.named(saved["profile"]))
        if exchange.status == 200 and exchange.request.path == CHAT:
            found[case_name(path)] = exchange
    return found


def alike(sent, probe):
    """Whether a request asks what *probe* asks, as far as it shapes the answer."""
    options = probe.options
    last = sent["messages"][-1:] or [{}]
    return (
        set(sent) <= ORDINARY
        and (sent.get("stream") is True) == probe.stream
        and bool(sent.get("tools")) == bool(options.tools)
        and (sent.get("tool_choice") or "auto") == (options.tool_choice or "auto")
        and (sent.get("n") or 1) == (options.n or 1)
        and [one.get("role") for one in last] == [m.role for m in probe.messages[-1:]]
    )


def asks_for_usage(exchange):
    wanted = exchange.sent.get("stream_options")
    always = exchange.profile.dialect.stream_usage is StreamUsage.LAST_CHUNK
    return always or wanted == {"include_usage": True}


def fits(check, exchange):
    """Whether *exchange* could have been the answer to what *check* sends."""
    own = check.id in OF_ONE_PROMPT or check.family in OWN_PROMPTS
    if len(check.sends) != 1 or check.expects != OK or own:
        return False
    (probe,) = check.sends
    about_usage = probe.stream and "usage" in check.id
    usual = probe.path == CHAT and probe.body is None and not probe.patches
    return (
        usual
        and alike(exchange.sent, probe)
        and (not about_usage or probe.options.usage == asks_for_usage(exchange))
        and check.needs <= exchange.profile.offers
        and check.unless not in exchange.profile.tolerates
        and check.id not in exchange.profile.waivers
    )


def judged(check, exchange):
    """`pass`, `skip`, or what was found."""
    try:
        found = [(f.message, f.expected, f.actual) for f in check.judge(exchange)]
    except NotApplicable:
        return "skip"
    return tuple(found) or "pass"


@cache
def verdicts():
    """What every fitting check says of every recording."""
    return {
        (name, check.id): judged(check, exchange)
        for name, exchange in exchanges().items()
        for check in CHECKS.values()
        if fits(check, exchange)
    }


def test_recordings_keep_the_contract_but_for_the_known_departures():
    departed = {
        place: verdict
        for place, verdict in verdicts().items()
        if verdict not in ("pass", "skip")
    }

    assert {} == {p: v for p, v in departed.items() if p not in DEPARTURES}
    assert set(DEPARTURES) == set(departed)


@pytest.mark.parametrize(
    "id",
    [
        check.id
        for check in CHECKS.values()
        if check.family in {"schema", "streaming"}
        and check.sends in {(SUM,), (SUM_WHOLE,)}
    ],
)
def test_check_of_every_answer_passes_on_a_real_one(id):
    """Or else it asks for more than any engine that was recorded gives."""
    seen = {verdict for (_, one), verdict in verdicts().items() if one == id}
    # No recording is of a provider with rate limits.
    if id != "schema.rate-limit-headers":
        assert "pass" in seen


# Engines that were started without the parser of reasoning or calls on purpose, and a
# server that this package has no profile for.
MISCONFIGURED = {
    "llamacpp-b11549-reasoning-format-none",
    "recorded-llama-cpp-python-0.3.36",
    "recorded-transformers-5.23",
    "transformers-5.23.0-no-response-template",
    "vllm-0.32.0-no-reasoning-parser",
}
# Recorded in two sessions, with two versions of the template.
TWO_TEMPLATES = ("llamacpp-b11549", "usage.streamed-equals-whole")
MADE_TO_SAY_NOTHING = "empty_answer_stream"


@cache
def recorded_by(engine):
    """Every exchange recorded from *engine*, whatever it was for."""
    found = []
    for path in sorted((RECORDED / engine).rglob("*.json")):
        saved = json.loads(path.read_text(encoding="utf-8"))
        if saved.get("format") == FORMAT:
            found.append(load(saved, profiles.named(saved["profile"])))
    return tuple(found)


def broken(check, engine):
    """The recorded replies that break the invariant *check*."""
    profile = recorded_by(engine)[0].profile
    if not check.needs <= profile.offers or check.unless in profile.tolerates:
        return []
    scope = [one for one in recorded_by(engine) if check.every in {*scopes_of(one)}]
    judgement = judge_replies(check, scope)
    return [
        (exchange.probe.name, judgement.findings[0].message)
        for exchange in judgement.broken
        if exchange.probe.name != MADE_TO_SAY_NOTHING
    ]


@pytest.mark.parametrize(
    "engine", sorted({one.name for one in RECORDED.iterdir()} - MISCONFIGURED)
)
def test_every_invariant_holds_on_all_that_a_real_engine_said(engine):
    waived = recorded_by(engine)[0].profile.waivers

    found = {
        check.id: names
        for check in CHECKS.values()
        if check.every is not None and check.level is Level.MUST
        if check.id not in waived and (engine, check.id) != TWO_TEMPLATES
        if (names := broken(check, engine))
    }

    assert found == {}
