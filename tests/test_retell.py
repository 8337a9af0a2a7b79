"""The laws of retelling: what is said changes, what surrounds it stays."""

from dataclasses import replace

import pytest
from rehearsal import told

from contract.chat import Kind, Piece, joined
from contract.probes import CUT, SUM, SUM_WHOLE, TOOL, TWO_CHOICES
from contract.profiles import builtin
from contract.reply import payload
from contract.retell import count, heard, retell

PROFILES = builtin()
PROBES = (SUM, SUM_WHOLE, CUT, TOOL, TWO_CHOICES)
every_reply = pytest.mark.parametrize(
    ("profile", "probe"),
    [
        pytest.param(profile, probe, id=f"{profile.id}-{probe.name}")
        for profile in PROFILES.values()
        for probe in PROBES
    ],
)


def shouted(said):
    """The same pieces in capitals, two for one."""
    for piece in said:
        text = piece.text.upper() if piece.kind is not Kind.TOOL else piece.text
        yield replace(piece, text=text)
        yield Piece(piece.kind, "", piece.choice, piece.call)


@every_reply
def test_unchanged_words_leave_a_reply_byte_for_byte(profile, probe):
    reply = told(profile, probe)

    assert retell(reply, lambda said: said) == reply


@every_reply
def test_the_new_words_are_heard(profile, probe):
    reply = told(profile, probe)
    before, after = heard(reply), heard(retell(reply, shouted))

    assert before.pieces
    for choice in before.finishes:
        for kind in (Kind.REASONING, Kind.ANSWER):
            assert after.said(kind, choice) == before.said(kind, choice).upper()
        assert after.said(Kind.TOOL, choice) == before.said(Kind.TOOL, choice)


@every_reply
def test_finish_reasons_usage_and_times_stay(profile, probe):
    reply = told(profile, probe)

    retold = retell(reply, shouted)

    assert heard(retold).finishes == heard(reply).finishes
    assert heard(retold).usage == heard(reply).usage
    assert retold.frames[-1] == reply.frames[-1] or not reply.streamed
    times = [frame.at for frame in retold.frames]
    assert times == sorted(times)


@pytest.mark.parametrize("count", [0, 1, 40])
@pytest.mark.parametrize("name", PROFILES)
def test_fewer_and_more_pieces_find_their_place(name, count):
    reply = told(PROFILES[name], SUM)
    new = [Piece(Kind.ANSWER, f"word {number} ") for number in range(count)]

    exchange = heard(retell(reply, lambda _: new))

    assert exchange.pieces == joined(new)
    assert exchange.finish == "stop"


def test_a_reply_that_says_nothing_is_left_alone():
    reply = told(PROFILES["vllm-0.16"], SUM_WHOLE).with_json({"error": "no"})

    assert retell(reply, shouted) == reply


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=lambda probe: probe.name)
def test_only_usage_is_counted_anew(probe):
    reply = told(PROFILES["mistral-2025-10"], probe)

    def doubled(usage):
        usage["prompt_tokens"] *= 2

    changed = count(reply, doubled)

    exchange, other = heard(reply), heard(changed)
    assert other.usage["prompt_tokens"] == 2 * exchange.usage["prompt_tokens"]
    assert other.pieces == exchange.pieces
    assert len(changed.frames) == len(reply.frames)
    assert [payload(f) for f in changed.frames[:-2]] == [
        payload(f) for f in reply.frames[:-2]
    ]
