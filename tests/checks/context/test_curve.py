"""Recall by length: how answers are read, what a decline is, and what is unsound."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.context.curve import (
    PROBES,
    ROOMS,
    curve,
    long_prompts_get_sound_replies,
    recall_over_length,
    recalled,
    stated,
)
from contract.model.chat import PieceKind
from contract.model.conditions import conditional, every_nth
from contract.model.probe import FILL
from contract.model.profile import RECALLS
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_pieces
from contract.run.plan import fitted
from contract.testing.rehearsal import rehearse as rehearse_check

PROFILE = replace(builtin()["mistral-2025-10"], context_window=24_000)
FITTING = fitted(recall_over_length, PROFILE).sends
ROOMS_OF = stated(PROBES[0])


@pytest.fixture(scope="module")
def sound():
    return [mock_reply(PROFILE, probe) for probe in FITTING]


def exchanges(sound, answer):
    """The replies with `answer(probe)` as answer; None leaves it as it is."""
    for reply, probe in zip(sound, FITTING, strict=True):
        text = answer(probe)
        changed = reply if text is None else rewrite_pieces(reply, telling(text))
        yield rehearse(changed, probe, PROFILE)


def telling(text):
    def change(pieces):
        own = [piece for piece in pieces if piece.kind is PieceKind.ANSWER]
        rest = [piece for piece in pieces if piece.kind is not PieceKind.ANSWER]
        return [*rest, replace(own[0], text=text)]

    return change


def listing(rooms):
    return "\n".join(f"{room}: {word}" for word, room in rooms.items())


@pytest.mark.parametrize(
    "line",
    [
        "{room}: {word}",
        "- **Room {room}**: {word}",
        "| {room} | {word} |",
        "Room {room} has the code word “{word}”.",
        "{word} (room {room})",
        "The code word of room {room} is {word}.",
        "{room}. {word}, stated early in the text",
    ],
)
def test_answers_are_read_however_they_are_laid_out(line):
    text = "\n".join(line.format(room=r, word=w) for w, r in ROOMS_OF.items())

    assert (ROOMS, 0) == recalled(text.title(), ROOMS_OF)


def test_words_without_numbers_are_in_the_order_of_the_rooms():
    assert (ROOMS, 0) == recalled(", ".join(ROOMS_OF), ROOMS_OF)
    assert (0, ROOMS) == recalled(", ".join(reversed(ROOMS_OF)), ROOMS_OF)


def test_a_word_for_another_room_is_misplaced():
    moved = {word: room % ROOMS + 1 for word, room in ROOMS_OF.items()}

    assert (0, ROOMS) == recalled(listing(moved), ROOMS_OF)


@pytest.mark.parametrize(
    "text", ["", "I do not know.", "1\n2\n3", "9" * 500, "\uff11: x"]
)
def test_nothing_recalled_is_none(text):
    assert (0, 0) == recalled(text, ROOMS_OF)


def test_each_prompt_states_twelve_words_at_twelve_depths():
    for probe in PROBES:
        parts = probe.messages[-1].text.split(FILL)
        assert len(parts) == ROOMS + 2
        assert all(w in t for w, t in zip(stated(probe), parts[1:], strict=False))
    assert {probe.fill.tokens for probe in PROBES} == {*RECALLS.values()}
    assert sum(probe.fill.tokens for probe in PROBES) == 860_000


def test_the_mock_recalls_everything_at_each_length_that_fits(sound):
    points = curve(*exchanges(sound, lambda _: None))

    assert {4_000: 1.0, 8_000: 1.0, 20_000: 1.0} == {
        tokens: point.share.seen for tokens, point in points.items()
    }


@pytest.mark.parametrize(
    ("kept", "word"),
    [
        pytest.param(12, "pass", id="all"),
        pytest.param(11, "pass", id="one-lost"),
        pytest.param(9, "fail", id="a-quarter-lost"),
        pytest.param(0, "fail", id="all-lost"),
    ],
)
def test_only_a_clear_decline_is_reported(kept, word, sound):
    def answer(probe):
        rooms = dict(list(stated(probe).items())[:kept])
        return None if probe.fill.tokens < 20_000 else listing(rooms) or "None."

    assert word == verdict_on(recall_over_length, *exchanges(sound, answer)).word


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _: "I do not know any.", id="nothing-to-decline"),
        pytest.param(lambda p: " " if p.fill.tokens < 9_000 else None, id="no-short"),
        pytest.param(lambda p: " " if p.fill.tokens > 9_000 else None, id="no-long"),
    ],
)
def test_without_something_to_compare_nothing_is_judged(answer, sound):
    assert "skip" == verdict_on(recall_over_length, *exchanges(sound, answer)).word


def test_the_figures_are_shares_with_their_intervals(sound):
    figures = recall_over_length.measures(*exchanges(sound, lambda _: None))

    assert figures["recall_020k_rate"] == 1.0
    assert 0.8 < figures["recall_020k_low"] < 0.9
    assert len(figures) == 9


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param("!" * 40, "fail", id="symbols"),
        pytest.param("and then " * 60, "fail", id="loop"),
        pytest.param("the" * 200, "fail", id="token"),
        pytest.param("?!", "pass", id="short"),
        pytest.param("1 | anchor |\n" * 3, "pass", id="table"),
        pytest.param("Ice \u221d 3\u00b2; x \u2192 y (a, b)", "pass", id="formula"),
        pytest.param("私は部屋の合言葉を覚えていません。", "pass", id="japanese"),
    ],
)
def test_what_is_not_made_of_words_is_unsound(text, word, sound):
    found = exchanges(sound, lambda p: text if p.fill.tokens > 9_000 else None)

    assert word == verdict_on(long_prompts_get_sound_replies, *found).word


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param(lambda c: conditional(c, when=["streamed"]), id="streamed"),
        pytest.param(lambda c: conditional(c, when=["whole"]), id="whole"),
        pytest.param(lambda c: every_nth(c, 7), id="every-seventh"),
    ],
)
def test_noise_is_found_wherever_it_strikes(limit):
    def noise(reply):
        def change(pieces):
            return [replace(p, text="!" * 40) for p in pieces][:1]

        return rewrite_pieces(reply, change)

    result = rehearse_check(
        long_prompts_get_sound_replies, "mistral", change=limit(noise)
    )

    assert "fail" == result.outcome
