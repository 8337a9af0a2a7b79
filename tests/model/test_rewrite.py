"""Rewriting a reply changes its text and keeps everything else."""

from dataclasses import replace

import pytest
from support.rehearsal import mock_reply

from contract.catalog.profiles import builtin
from contract.model.chat import Piece, PieceKind, merge_pieces
from contract.model.probes import CUT, SUM, SUM_WHOLE, TOOL, TWO_CHOICES
from contract.model.profile import Capability
from contract.model.reply import event_json
from contract.model.rewrite import decode_reply, rewrite_pieces, rewrite_usage

PROFILES = builtin()
PROBES = (SUM, SUM_WHOLE, CUT, TOOL, TWO_CHOICES)
every_reply = pytest.mark.parametrize(
    ("profile", "probe"),
    [
        pytest.param(profile, probe, id=f"{profile.id}-{probe.name}")
        for profile in PROFILES.values()
        for probe in PROBES
        if probe is not TWO_CHOICES or Capability.CHOICES in profile.offers
    ],
)


def capitalised(pieces):
    """Yield the pieces in capitals, each followed by an empty one."""
    for piece in pieces:
        text = piece.text.upper() if piece.kind is not PieceKind.TOOL else piece.text
        yield replace(piece, text=text)
        yield Piece(piece.kind, "", piece.choice, piece.call)


@every_reply
def test_unchanged_pieces_leave_a_reply_byte_for_byte(profile, probe):
    reply = mock_reply(profile, probe)

    assert rewrite_pieces(reply, lambda pieces: pieces) == reply


@every_reply
def test_the_new_text_is_decoded(profile, probe):
    reply = mock_reply(profile, probe)
    before = decode_reply(reply)
    after = decode_reply(rewrite_pieces(reply, capitalised))

    assert before.pieces
    for choice in before.finishes:
        for kind in (PieceKind.REASONING, PieceKind.ANSWER):
            assert after.text_of(kind, choice) == before.text_of(kind, choice).upper()
        assert after.text_of(PieceKind.TOOL, choice) == before.text_of(
            PieceKind.TOOL, choice
        )


@every_reply
def test_finish_reasons_usage_and_times_stay(profile, probe):
    reply = mock_reply(profile, probe)

    rewritten = rewrite_pieces(reply, capitalised)

    assert decode_reply(rewritten).finishes == decode_reply(reply).finishes
    assert decode_reply(rewritten).usage == decode_reply(reply).usage
    assert rewritten.frames[-1] == reply.frames[-1] or not reply.streamed
    times = [frame.at for frame in rewritten.frames]
    assert times == sorted(times)


@pytest.mark.parametrize("count", [0, 1, 40])
@pytest.mark.parametrize("name", PROFILES)
def test_fewer_and_more_pieces_are_placed_in_order(name, count):
    reply = mock_reply(PROFILES[name], SUM)
    new = [Piece(PieceKind.ANSWER, f"word {number} ") for number in range(count)]

    exchange = decode_reply(rewrite_pieces(reply, lambda _: new))

    assert exchange.pieces == merge_pieces(new)
    assert exchange.finish == "stop"


def test_log_probabilities_stay_without_their_text():
    asks = replace(SUM, options=replace(SUM.options, logprobs=1))
    reply = mock_reply(PROFILES["vllm-0.32"], asks)

    def answers(pieces):
        return [p for p in pieces if p.kind is PieceKind.ANSWER]

    before, after = (
        sum(c.get("logprobs") is not None for _, c in decode_reply(one).choices)
        for one in (reply, rewrite_pieces(reply, answers))
    )
    assert before == after > 0
    assert decode_reply(rewrite_pieces(reply, answers)).reasoning == ""


def test_a_reply_without_text_stays():
    reply = mock_reply(PROFILES["vllm-0.16"], SUM_WHOLE).with_json({"error": "no"})

    assert rewrite_pieces(reply, capitalised) == reply


@pytest.mark.parametrize("probe", [SUM, SUM_WHOLE], ids=lambda probe: probe.name)
def test_only_usage_is_rewritten(probe):
    reply = mock_reply(PROFILES["mistral-2025-10"], probe)

    def doubled(usage):
        usage["prompt_tokens"] *= 2

    changed = rewrite_usage(reply, doubled)

    exchange, other = decode_reply(reply), decode_reply(changed)
    assert other.usage["prompt_tokens"] == 2 * exchange.usage["prompt_tokens"]
    assert other.pieces == exchange.pieces
    assert len(changed.frames) == len(reply.frames)
    assert [event_json(f) for f in changed.frames[:-2]] == [
        event_json(f) for f in reply.frames[:-2]
    ]
