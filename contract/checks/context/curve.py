"""
Recall by the length of the prompt, as a curve, and whether long prompts get replies.

A prompt states twelve words between filler, at twelve depths, and asks for all of them
with their places. So one request measures one length at every depth: sixteen requests
of 860,000 prompt tokens together, fewer where the context window is smaller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from contract.checks.faults.texts import with_text
from contract.checks.judging.answered import ANSWERED_OR_REJECTED
from contract.checks.sources import MODEL_CARD
from contract.model.chat import Options, PieceKind
from contract.model.check import (
    CLIENT_ERRORS,
    OK,
    Finding,
    Findings,
    NotApplicable,
    check,
    fault,
    shorten,
    spell,
)
from contract.model.exchange import Exchange
from contract.model.interval import Interval, share
from contract.model.probe import FILL, Fill, Probe
from contract.model.probes import MAX_TOKENS, user
from contract.model.profile import RECALLS, Capability
from contract.model.reply import Reply

NEEDS = frozenset({Capability.FOLLOWS_INSTRUCTIONS, Capability.STREAMING})
CARD = f"{MODEL_CARD}: performance might degrade past 40k"
# What a whole answer and what a stream is asked for.
WORDS = (
    (
        *("anchor", "basket", "candle", "dragon", "engine", "feather"),
        *("garden", "helmet", "island", "jacket", "kettle", "ladder"),
    ),
    (
        *("magnet", "needle", "orchid", "pepper", "quarry", "ribbon"),
        *("saddle", "temple", "umbrella", "violin", "walnut", "zipper"),
    ),
)
ROOMS = 12
QUESTION = (
    " What are the code words of the rooms? Answer with one line for each room: its "
    "number and its code word."
)
# Tokens up to which a prompt is short: longer ones are compared with these.
SHORT = 8_000
_HALF = 0.5  # of the words of short prompts, without which there is no decline
# A text repeats itself if its last characters recur with at most this period.
_TAIL, _PERIOD = 240, 60
_LONG_ENOUGH, _LETTERS = 20, 0.5  # characters; share of them that are of words
_TOKEN = re.compile(r"\d+|[^\W\d_]+")


def _probe(tokens: int, form: int) -> Probe:
    """Return the request of *tokens* tokens, whole (0) or streamed (1)."""
    words = WORDS[form]
    # The second time from the last room to the first: a place is no number.
    rooms = range(1, ROOMS + 1) if form == 0 else range(ROOMS, 0, -1)
    stated = (
        f"{FILL}. The code word of room {room} is {word}."
        for room, word in zip(rooms, words, strict=True)
    )
    text = "Read this text." + "".join(stated) + f"{FILL}." + QUESTION
    return Probe(
        name=f"recall-{tokens // 1_000}k-{'streamed' if form else 'whole'}",
        messages=(user(text),),
        options=Options(max_tokens=MAX_TOKENS, temperature=0.0, seed=7),
        stream=form == 1,
        fill=Fill(tokens),
    )


PROBES = tuple(_probe(tokens, form) for tokens in RECALLS.values() for form in (0, 1))


def stated(probe: Probe) -> Mapping[str, int]:
    """Return the room of each word that *probe* states."""
    rooms = range(1, ROOMS + 1) if not probe.stream else range(ROOMS, 0, -1)
    return dict(zip(WORDS[probe.stream], rooms, strict=True))


def recalled(answer: str, rooms: Mapping[str, int]) -> tuple[int, int]:
    """
    Return how many words an answer has for their own room, and how many for another.

    A number belongs to the word after it ("3: candle"), or to the one before it
    ("candle (room 3)"), whichever fits better. Words without any number are in the
    order of the rooms.
    """
    tokens = _TOKEN.findall(answer.casefold())
    named = list(dict.fromkeys(token for token in tokens if token in rooms))
    if not any(token.isdecimal() for token in tokens):
        ordered = sorted(rooms, key=lambda word: rooms[word])
        right = sum(a == b for a, b in zip(named, ordered, strict=False))
    else:
        right = max(
            len(set(_placed(one, rooms))) for one in (tokens, list(reversed(tokens)))
        )
    return right, len(named) - right


def _placed(tokens: list[str], rooms: Mapping[str, int]) -> Iterator[str]:
    """Yield the words that follow the number of their room."""
    last: int | None = None
    for token in tokens:
        if token.isdecimal():
            last = int(token) if len(token) < 5 else None  # noqa: PLR2004  # digits
        elif token in rooms and rooms[token] == last:
            yield token


@dataclass(slots=True)
class Point:
    """The words of one length of prompt."""

    asked: int = 0
    right: int = 0
    misplaced: int = 0

    @property
    def share(self) -> Interval | None:
        """The share of the words that were recalled; None if none were asked for."""
        return share(self.right, self.asked)


def curve(*exchanges: Exchange) -> Mapping[int, Point]:
    """
    Return the points of the curve by the length of the prompt in tokens.

    Rejections, replies without an answer, and those that max_tokens cut off, are no
    points.
    """
    points: dict[int, Point] = {}
    for exchange in exchanges:
        fill = exchange.probe.fill
        cut = ("length",) in exchange.finishes.values()
        if (
            exchange.status != HTTPStatus.OK
            or fill is None
            or cut
            or not exchange.answer.strip()
        ):
            continue
        rooms = stated(exchange.probe)
        right, misplaced = recalled(exchange.answer, rooms)
        point = points.setdefault(fill.tokens, Point())
        point.asked += len(rooms)
        point.right += right
        point.misplaced += misplaced
    return dict(sorted(points.items()))


def _figures(*exchanges: Exchange) -> Mapping[str, float]:
    names = {tokens: name for name, tokens in RECALLS.items()}
    found: dict[str, float] = {}
    for tokens, point in curve(*exchanges).items():
        if (seen := point.share) is not None:
            found[f"{names[tokens]}_rate"] = seen.seen
            found[f"{names[tokens]}_low"] = seen.low
            found[f"{names[tokens]}_high"] = seen.high
    return found


@check(
    "context.recall-over-length",
    "Of a long text as much SHOULD be recalled as of one of 8,000 tokens.",
    source=CARD,
    sends=PROBES,
    needs=NEEDS,
    expects=ANSWERED_OR_REJECTED,
    slow=True,
    fitting=True,
    measures=_figures,
)
def recall_over_length(*exchanges: Exchange) -> Findings:
    """
    A measurement: the share at each length is in the report, with its interval.

    A length is reported if the whole 95 % interval of its share is below that of the
    short prompts. The words of one request are not independent, so a single such length
    may be chance; `context.recalls-within-40k` judges what the card promises.
    """
    points = curve(*exchanges)
    short = Point()
    for tokens, point in points.items():
        if tokens <= SHORT:
            short.asked += point.asked
            short.right += point.right
    base = short.share
    longer = {tokens: point for tokens, point in points.items() if tokens > SHORT}
    if base is None or not longer:
        raise NotApplicable(
            "no short prompt was answered to compare with"
            if base is None
            else "no longer prompt fits the window, or was answered"
        )
    if base.seen < _HALF:
        raise NotApplicable(
            f"only {base.seen:.0%} is recalled of short prompts; see "
            "context.recalls-every-place"
        )
    for tokens, point in longer.items():
        seen = point.share
        if seen is not None and seen.high < base.low:
            yield Finding(
                f"less is recalled of a prompt of {tokens:,} tokens",
                expected=f"{base.seen:.0%} (95 % interval {base.low:.0%} to "
                f"{base.high:.0%}), as of short prompts",
                actual=f"{seen.seen:.0%} ({seen.low:.0%} to {seen.high:.0%}), and "
                f"{point.misplaced} of {point.asked} words for another room",
                at=f"prompts of {tokens:,} tokens",
            )


@check(
    "context.long-prompts-get-sound-replies",
    "A reply to a prompt of any length within the window MUST consist of words.",
    source="vllm-project/vllm#35718: gibberish; ollama/ollama#11130: noise",
    sends=PROBES,
    needs=NEEDS,
    expects=OK | CLIENT_ERRORS,
    slow=True,
    fitting=True,
)
def long_prompts_get_sound_replies(*exchanges: Exchange) -> Findings:
    """No endless repetition, no run of symbols, not nothing; wrong words are sound."""
    answered = [one for one in exchanges if one.status == HTTPStatus.OK]
    if not answered:
        raise NotApplicable("no prompt was served; see context.serves-8k")
    judged = False
    for exchange in answered:
        texts = [exchange.reasoning, exchange.answer]
        judged = judged or any(text.strip() for text in texts)
        for text in texts:
            if (problem := _problem(text)) is not None:
                yield Finding(
                    f"a reply {problem}",
                    expected="words",
                    actual=shorten(spell(text[-_PERIOD:])),
                    at=f"request {exchange.probe.name}",
                )
                break
        if not any(text.strip() for text in texts) and exchange.finish == "stop":
            judged = True
            yield Finding(
                "a reply is empty",
                expected="words",
                actual="no text",
                at=f"request {exchange.probe.name}",
            )
    if not judged:
        raise NotApplicable("no reply has a text")


def _problem(text: str) -> str | None:
    """Return what is wrong with *text* as a clause; None if it consists of words."""
    seen = "".join(text.split())
    letters = sum(letter.isalnum() for letter in seen)
    if len(seen) >= _LONG_ENOUGH and letters < _LETTERS * len(seen):
        return "consists of symbols"
    tail = text[-_TAIL:]
    if len(tail) == _TAIL and any(
        tail[period:] == tail[:-period] for period in range(1, _PERIOD + 1)
    ):
        return "repeats itself"
    return None


def _answered_with(reply: Reply, least: int, answer: str) -> Reply:
    """Return *reply* with *answer* if it is to such a prompt of *least* characters."""
    prompt = (
        reply.probe.messages[-1].text if reply.probe and reply.probe.messages else ""
    )
    if len(prompt) < least or "The code word of room" not in prompt:
        return reply
    return with_text(reply, PieceKind.ANSWER, answer)


LONG = 60_000  # characters of a prompt of more than 8,000 tokens


@fault(breaks=recall_over_length)
def positions_not_scaled(reply: Reply) -> Reply:
    """The factor that scales positions is missing, so long texts are a blur."""
    return _answered_with(
        reply, LONG, "I do not remember the code words of these rooms."
    )


@fault(breaks=recall_over_length)
def rooms_confused(reply: Reply) -> Reply:
    """Words of a long text are recalled, and given to other rooms."""
    rooms = stated(reply.probe) if reply.probe is not None else {}
    lines = (f"{room % ROOMS + 1}: {word}" for word, room in rooms.items())
    return _answered_with(reply, LONG, "\n".join(lines))


@fault(breaks=long_prompts_get_sound_replies, also=("context.recall-over-length",))
def long_prompts_end_in_a_loop(reply: Reply) -> Reply:
    """A cache in too few bits makes replies to long prompts repeat themselves."""
    return _answered_with(reply, LONG, "The room " + "of the room " * 40)


@fault(breaks=long_prompts_get_sound_replies, also=("context.recall-over-length",))
def long_prompts_end_in_noise(reply: Reply) -> Reply:
    """Attention overflows in half precision, and one symbol is all that follows."""
    return _answered_with(reply, LONG, "!" * 120)
