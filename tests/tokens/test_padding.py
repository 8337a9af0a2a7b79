"""Prompts of an exact length, also for servers with another template."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.model.chat import Message, Options, Text
from contract.model.probe import FILL, Fill, Probe
from contract.model.probes import FILLED_PROMPT, SUM_WHOLE, user
from contract.model.profile import Capability
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_usage
from contract.tokens import counting, padding
from contract.tokens.padding import (
    CALIBRATION_REQUESTS,
    CALIBRATION_WORDS,
    CannotPad,
    padded,
    template_overhead,
)

PROFILE = replace(builtin()["vllm-0.32"], context_window=4_096)
COARSE = builtin()["llamacpp"]
ONE = Probe(name="one", messages=(user(FILLED_PROMPT),))
PLACES = (
    pytest.param((user(FILL),), id="nothing-else"),
    pytest.param((user(f"{FILL}. And:{FILL}\n\n{FILL}!"),), id="three-places"),
    pytest.param(
        (
            Message("system", f"Be brief.{FILL}"),
            user(FILL),
            Message("assistant", f"So{FILL}."),
            user("Go on."),
        ),
        id="several-messages",
    ),
    pytest.param((Message("user", (Text(FILL), Text("b"))),), id="parts"),
)


def prompt(probe, profile=PROFILE):
    return counting.prompt(profile.dialect.prepare(probe))


def charged(probe, more=0, factor=1):
    """
    Return the exchange of a calibration request with a server of another count.

    *more* is its template overhead in tokens, *factor* its tokens per word.
    """

    def change(usage):
        words = counting.count_text(probe.messages[0].text)
        usage["prompt_tokens"] += more + (factor - 1) * words

    return rehearse(rewrite_usage(mock_reply(COARSE, probe), change), probe, COARSE)


@pytest.mark.parametrize("messages", PLACES)
@pytest.mark.parametrize(
    "fill", [Fill(300), Fill(1_001), Fill(-1, of_window=True), Fill(7, of_window=True)]
)
def test_a_padded_prompt_has_the_exact_length(messages, fill):
    made = padded(Probe(name="x", messages=messages, fill=fill), PROFILE)

    assert fill.size(PROFILE.context_window) == prompt(made)
    assert made.fill is None
    assert FILL not in "".join(message.text for message in made.messages)


@given(st.integers(400, 9_000), st.sampled_from(sorted(builtin())))
def test_every_length_is_met_in_every_dialect(length, name):
    profile = builtin()[name]
    made = padded(replace(ONE, fill=Fill(length)), profile)

    assert length == prompt(made, profile)


def test_words_are_distributed_evenly():
    messages = tuple(user(FILL) for _ in range(10))
    made = padded(Probe(name="x", messages=messages, fill=Fill(1_000)), PROFILE)
    found = {counting.count_text(message.text) for message in made.messages}

    assert max(found) - min(found) <= 1


def test_probes_without_a_length_stay():
    assert padded(SUM_WHOLE, PROFILE) is SUM_WHOLE


def test_max_tokens_can_exceed_the_completion_budget():
    made = padded(replace(ONE, fill=Fill(200, room=1)), PROFILE)

    assert (4_096 - 200 + 1) == made.options.max_tokens


@pytest.mark.parametrize(
    "probe",
    [
        pytest.param(replace(ONE, fill=Fill(5)), id="too-short"),
        pytest.param(
            Probe(name="x", messages=(user("Hi."),), fill=Fill(100)), id="no-place"
        ),
    ],
)
def test_a_length_that_cannot_be_met_is_reported(probe):
    with pytest.raises(CannotPad, match=f"the request {probe.name} does not fit"):
        padded(probe, PROFILE)


@pytest.mark.parametrize("more", [0, 5, -2])
def test_template_overhead_is_measured_and_subtracted(more):
    found = template_overhead(*(charged(probe, more) for probe in CALIBRATION_REQUESTS))
    made = padded(replace(ONE, fill=Fill(700)), COARSE, found)

    assert more == found
    assert 700 == prompt(made, COARSE) + more


def test_words_of_several_tokens_cannot_size_prompts():
    with pytest.raises(
        CannotPad,
        match=f"{CALIBRATION_WORDS} more words cost {2 * CALIBRATION_WORDS} more",
    ):
        template_overhead(*(charged(probe, factor=2) for probe in CALIBRATION_REQUESTS))


@pytest.mark.parametrize("more", [10**9, -(10**9), 10**30])
def test_an_absurd_count_sizes_no_prompt(more):
    with pytest.raises(CannotPad, match="prompt_tokens for a prompt of some 20 words"):
        template_overhead(*(charged(probe, more) for probe in CALIBRATION_REQUESTS))


def test_a_usage_without_counts_cannot_size_prompts():
    uncounted = [
        rehearse(rewrite_usage(mock_reply(COARSE, probe), dict.clear), probe, COARSE)
        for probe in CALIBRATION_REQUESTS
    ]

    with pytest.raises(CannotPad, match="the usage has no prompt_tokens"):
        template_overhead(*uncounted)


@pytest.mark.parametrize(
    ("fill", "offers", "expected"),
    [
        pytest.param(Fill(9), {Capability.EXACT_TOKENS}, False, id="exact"),
        pytest.param(Fill(9), set(), True, id="calibrated"),
        pytest.param(None, set(), False, id="no-length"),
    ],
)
def test_calibration_is_for_servers_without_exact_counts(fill, offers, expected):
    profile = replace(PROFILE, offers=frozenset(offers))

    assert expected == padding.needs_calibration(replace(ONE, fill=fill), profile)


@pytest.mark.parametrize(
    ("fill", "asked", "expected"),
    [
        pytest.param(Fill(4_095), 1, False, id="fits"),
        pytest.param(Fill(4_096), 1, True, id="no-budget-for-a-token"),
        pytest.param(Fill(4_000), 97, True, id="no-budget-for-the-answer"),
        pytest.param(Fill(99, of_window=True), 1, False, id="relative-to-the-window"),
        pytest.param(Fill(4_000, room=1), None, False, id="budget-exceeded-on-purpose"),
        pytest.param(None, 9_999, False, id="no-length"),
    ],
)
def test_a_fixed_length_may_exceed_the_window(fill, asked, expected):
    probe = replace(ONE, fill=fill, options=Options(max_tokens=asked))

    assert expected == padding.exceeds_window(probe, PROFILE)


def test_the_report_states_the_counting_method():
    assert "counted by Tekken v13" in padding.counting_method(PROFILE, 0)
    assert "+5 to the count of Tekken v13" in padding.counting_method(COARSE, 5)
