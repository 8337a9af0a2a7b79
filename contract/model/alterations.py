"""
Alterations: endpoints that serve another model than they say, or serve it otherwise.

No check is proven by them, because each reply keeps the contract. `identify` finds
them, by comparison with a fingerprint of the sound server.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil

from contract.model.chat import Image, Json, Piece, PieceKind
from contract.model.outages import failure
from contract.model.probe import Probe
from contract.model.rejection import Rejection, RejectionReason
from contract.model.reply import Reply
from contract.model.rewrite import rewrite_pieces, rewrite_usage

_SYSTEM_PROMPT = 41  # tokens of the hidden system prompt
_TURN = 2  # tokens that the other template adds to each message
_WINDOW = 4_096  # tokens that the cut context holds
_CHARACTERS = 4  # of a long text, in one token of common words
_LONG_WORD = 6  # letters from which the other tokenizer divides a word once more
_GRID = 0.25  # nats to which the log probabilities of the quantised weights are rounded
_SHIFT = 2.0  # nats by which those of other weights differ at most
_SCALE = 0.5  # of each side of a downscaled image


@dataclass(frozen=True, slots=True, kw_only=True)
class Alteration:
    """A change of replies that another deployment of a model makes."""

    # The name for `--fault`.
    id: str
    # One sentence for `list --faults`.
    description: str
    # What `identify` says that the endpoints differ in, if it shows at all.
    differs_in: str
    # The reply to a chat -> the reply of the altered deployment.
    strike: Callable[[Reply, Probe], Reply]

    def __call__(self, reply: Reply) -> Reply:
        """Return the reply of the altered deployment, for chats that are answered."""
        if reply.probe is None or reply.status != HTTPStatus.OK:
            return reply
        return self.strike(reply, reply.probe)


def _share(*words: str) -> float:
    """Return a number from -1 to 1 that depends on *words* alone."""
    text = "\x00".join(words).encode(errors="surrogatepass")
    return zlib.crc32(text) / 2**31 - 1


def _asked(probe: Probe) -> str:
    return probe.messages[-1].text if probe.messages else ""


def _with_logprobs(reply: Reply, change: Callable[[str, float], float]) -> Reply:
    """Return *reply* with *change* applied to each (token, log probability)."""

    def one(entry: Json) -> None:
        if isinstance(entry, dict) and isinstance(entry.get("logprob"), int | float):
            value = change(str(entry.get("token")), float(str(entry["logprob"])))
            entry["logprob"] = min(round(value, 6), 0.0)

    def changed(value: Json) -> Json:
        choices = value.get("choices") if isinstance(value, dict) else None
        for choice in choices if isinstance(choices, list) else ():
            logprobs = choice.get("logprobs") if isinstance(choice, dict) else None
            content = logprobs.get("content") if isinstance(logprobs, dict) else None
            for entry in content if isinstance(content, list) else ():
                one(entry)
                top = entry.get("top_logprobs") if isinstance(entry, dict) else None
                for other in top if isinstance(top, list) else ():
                    one(other)
        return value

    return reply.change(changed)


def _weights(reply: Reply, probe: Probe) -> Reply:
    asked = _asked(probe)

    def other(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        return tuple(
            Piece(one.kind, one.text.swapcase(), one.choice, one.call)
            if one.kind is PieceKind.ANSWER
            else one
            for one in pieces
        )

    shifted = _with_logprobs(
        reply, lambda token, value: value + _SHIFT * _share(asked, token)
    )
    return rewrite_pieces(shifted, other)


def _quantised(reply: Reply, probe: Probe) -> Reply:
    asked = _asked(probe)
    return _with_logprobs(
        reply,
        lambda token, value: (
            round((value + _GRID * _share(asked, token)) / _GRID) * _GRID
        ),
    )


def _with_prompt(reply: Reply, count: Callable[[int], int]) -> Reply:
    """Return *reply* with *count* of its prompt tokens."""

    def change(usage: dict[str, Json]) -> None:
        before = usage.get("prompt_tokens")
        total = usage.get("total_tokens")
        if isinstance(before, int):
            usage["prompt_tokens"] = count(before)
            if isinstance(total, int):
                usage["total_tokens"] = total + count(before) - before

    return rewrite_usage(reply, change)


def _tokenizer(reply: Reply, probe: Probe) -> Reply:
    """Divide long words once more, and scripts other than Latin into characters."""
    text = " ".join(message.text for message in probe.messages)
    more = sum(not one.isascii() for one in text)
    more += sum(len(word) >= _LONG_WORD for word in text.split())
    return _with_prompt(reply, lambda count: count + more)


def _template(reply: Reply, probe: Probe) -> Reply:
    more = _TURN * len(probe.messages)
    return _with_prompt(reply, lambda count: count + more)


def _system_prompt(reply: Reply, _probe: Probe) -> Reply:
    return _with_prompt(reply, lambda count: count + _SYSTEM_PROMPT)


def _no_thought(reply: Reply, _probe: Probe) -> Reply:
    """Answer at once: what would have been thought is not written."""

    def change(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        answer = [one for one in pieces if one.kind is not PieceKind.REASONING]
        if len(answer) == len(pieces) or answer:
            return tuple(answer)
        return (Piece(PieceKind.ANSWER, "The answer is 42", pieces[0].choice),)

    return rewrite_pieces(reply, change)


def _always_thinks(reply: Reply, probe: Probe) -> Reply:
    """Think also where the request switches that off."""
    if probe.messages and probe.messages[-1].prefix:
        return reply

    def change(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        if any(one.kind is PieceKind.REASONING for one in pieces):
            return pieces
        choice = pieces[0].choice
        return (Piece(PieceKind.REASONING, "Okay, let me think.", choice), *pieces)

    return rewrite_pieces(reply, change)


def _window(reply: Reply, probe: Probe) -> Reply:
    """Read the end of a long prompt only, as servers with a small window do."""
    if sum(len(message.text) for message in probe.messages) < _CHARACTERS * _WINDOW:
        return reply
    return _with_prompt(reply, lambda count: min(count, _WINDOW))


def _refusing(reply: Reply, probe: Probe) -> Reply:
    """Refuse a long prompt, as servers with a small window should."""
    length = sum(len(message.text) for message in probe.messages) // _CHARACTERS
    if length < _WINDOW:
        return reply
    problem = Rejection(
        reason=RejectionReason.OVERFLOW, count=length, limit=_WINDOW, value=length
    )
    return failure(reply, problem)


def _downscaled(reply: Reply, probe: Probe) -> Reply:
    """Halve the sides of images before they are read."""
    grid = reply.dialect.patch_grid
    if grid is None:
        return reply
    fewer = 0
    for message in probe.messages:
        for part in message.parts:
            if isinstance(part, Image) and part.data[12:16] == b"IHDR":
                width = int.from_bytes(part.data[16:20])
                height = int.from_bytes(part.data[20:24])
                halves = max(ceil(width * _SCALE), 1), max(ceil(height * _SCALE), 1)
                fewer += _cost(grid(width, height)) - _cost(grid(*halves))
    return _with_prompt(reply, lambda count: count - fewer) if fewer else reply


def _cost(grid: tuple[int, int]) -> int:
    return (grid[0] + 1) * grid[1]


_WEIGHTS = "weights or quantisation"
_TEMPLATE = "chat template or system prompt"
_ALL = (
    Alteration(
        id="weights-changed",
        description="Other weights: other log probabilities, and other answers.",
        differs_in=_WEIGHTS,
        strike=_weights,
    ),
    Alteration(
        id="weights-quantised",
        description="Quantised weights: log probabilities are a little off.",
        differs_in=_WEIGHTS,
        strike=_quantised,
    ),
    Alteration(
        id="tokenizer-changed",
        description="Another tokenizer: texts cost other numbers of tokens.",
        differs_in="tokenizer",
        strike=_tokenizer,
    ),
    Alteration(
        id="template-changed",
        description="Another chat template: each message costs two tokens more.",
        differs_in=_TEMPLATE,
        strike=_template,
    ),
    Alteration(
        id="system-prompt-hidden",
        description="A system prompt of 41 tokens is put before each request.",
        differs_in=_TEMPLATE,
        strike=_system_prompt,
    ),
    Alteration(
        id="effort-lowered",
        description="There is no thought, although the request asks for one.",
        differs_in="effort",
        strike=_no_thought,
    ),
    Alteration(
        id="effort-ignored",
        description="There is a thought, although the request switches it off.",
        differs_in="effort",
        strike=_always_thinks,
    ),
    Alteration(
        id="window-cut-silently",
        description="Of a prompt only the last 4,096 tokens are read, with status 200.",
        differs_in="context cut",
        strike=_window,
    ),
    Alteration(
        id="window-cut",
        description="A prompt of more than 4,096 tokens is refused.",
        differs_in="context cut",
        strike=_refusing,
    ),
    Alteration(
        id="image-downscaled",
        description="Images are halved in both directions before they are read.",
        differs_in="vision tower",
        strike=_downscaled,
    ),
)
ALTERATIONS = {one.id: one for one in _ALL}
"""Every alteration by its name."""
