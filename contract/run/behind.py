"""Comparison of a gateway with the server behind it, reply by reply."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from contract.client.session import (
    Session,
)
from contract.detection.error_message import error_message
from contract.model.aspect import NEVER, Aspect
from contract.model.chat import CHAT, Json, PieceKind
from contract.model.check import shorten
from contract.model.exchange import Exchange
from contract.model.features import features_of
from contract.model.probe import KeyMode, Probe
from contract.model.response_kind import ResponseKind, kind_of
from contract.run.altered import Alteration, Altered, Verdict
from contract.run.costs import RECOUNTED, UNSENT, Spent, repeated
from contract.run.separation import describe

# Further times that a request with a different reply is sent to each of the two.
REPETITIONS = 2
# Requests that are repeated for each aspect; the others count if one of these does.
CONFIRMED = 3
# Samples of repeated requests are numbered from here; those of checks are fewer.
FIRST_SAMPLE = 1_000_000
# A stream whose text takes less time than this shows nothing of buffering.
LEAST_SPREAD = 0.05  # seconds
FEWEST_STREAMS = 5
# The share of the backend's time from the first text to the last, below which a stream
# was held back.
HELD_BACK = 0.25
MOST_HELD = 0.5  # a smaller share of the streams is chance
# Aspects of the generated text: they are the same twice only if the server is
# deterministic, so a difference is confirmed by asking again.
GENERATED = frozenset(
    {
        Aspect.REASONING,
        Aspect.ANSWER,
        Aspect.ARGUMENTS,
        Aspect.FINISH,
        Aspect.ORDER,
        Aspect.USAGE,
    }
)
# Headers of a connection and of a message, which each hop sets for itself.
_OF_A_HOP = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_KINDS = {
    Aspect.REASONING: PieceKind.REASONING,
    Aspect.ANSWER: PieceKind.ANSWER,
}
MOST_NAMES = 12  # of headers or members that one line names


@dataclass(frozen=True, slots=True)
class Pair:
    """The replies to one request: of the server behind, and of the gateway."""

    backend: Exchange
    gateway: Exchange

    @property
    def name(self) -> str:
        """The name of the request."""
        return self.gateway.probe.name

    @property
    def features(self) -> frozenset[str]:
        """The features of the request."""
        return features_of(self.gateway.sent, self.gateway.probe)

    @property
    def answered(self) -> bool:
        """Whether both are answers, so that there is a text to compare."""
        both = (kind_of(self.backend), kind_of(self.gateway))
        return both == (ResponseKind.ANSWERED, ResponseKind.ANSWERED)


@dataclass(frozen=True, slots=True)
class _Difference:
    """One aspect of one pair that differs."""

    pair: Pair
    backend: str
    gateway: str
    # What differs, if it is not the aspect itself: `reasoning → reasoning_content`.
    what: str = ""


@dataclass(slots=True)
class _Found:
    """The differences of one aspect, and the number of pairs that could have one."""

    differences: list[_Difference] = field(default_factory=list)
    sound: list[Pair] = field(default_factory=list)

    def add(self, pair: Pair, difference: _Difference | None) -> None:
        """Count *pair*, which has the *difference* or none."""
        if difference is None:
            self.sound.append(pair)
        else:
            self.differences.append(difference)


def compare_replies(
    gateway: Session,
    backend: Session,
    may_change: Iterable[Aspect],
    *,
    spent: tuple[Spent, Spent] | None = None,
) -> Altered:
    """
    Return what the gateway changed in the replies of the server behind it.

    Both sessions have been asked by the same checks. A text that differs is asked for
    again, at most `REPETITIONS` times of both for `CONFIRMED` requests of each aspect:
    it counts only if the server behind gives the same text each time.

    Args:
        gateway: The session with the gateway.
        backend: The session with the server behind it.
        may_change: The aspects that the profile of the gateway permits it to change.
        spent: What the gateway was sent and what that cost the server behind, and the
            same of the server behind itself; None if it was not counted.
    """
    pairs, unequal = _pairs(gateway, backend)
    found: dict[Aspect, _Found] = {aspect: _Found() for aspect in Aspect}
    for pair in pairs:
        for aspect, difference in _compare(pair):
            found[aspect].add(pair, difference)
    permitted = frozenset(may_change)
    alterations: list[Alteration] = []
    varying = 0
    for aspect, one in found.items():
        if not one.differences:
            continue
        verdict = _verdict(aspect, permitted)
        if aspect in GENERATED:
            steady, occasional, varied = _confirm(aspect, one, gateway, backend)
            varying += varied
            if steady:
                alterations.append(_alteration(aspect, verdict, one, steady))
            if occasional:
                alterations.append(
                    _alteration(aspect, Verdict.OCCASIONAL, one, occasional)
                )
        else:
            alterations += _by_what(aspect, verdict, one)
    alterations += _held_back(pairs)
    repeats, note = repeated(
        *(spent or (Spent(), Spent())), _asked_again(pairs), gateway, backend
    )
    alterations += repeats
    order = list(Verdict)
    alterations.sort(key=lambda one: order.index(one.verdict))
    return Altered(
        alterations=tuple(alterations),
        compared=len(pairs),
        unequal=unequal,
        varying=varying,
        notes=(
            *((note,) if note else ()),
            *(() if pairs else (NOTHING_COMPARED,)),
        ),
    )


def _verdict(aspect: Aspect, permitted: frozenset[Aspect]) -> Verdict:
    if aspect in NEVER:
        return Verdict.NEVER
    return Verdict.ALLOWED if aspect in permitted else Verdict.UNLISTED


def _pairs(gateway: Session, backend: Session) -> tuple[list[Pair], int]:
    """Return the replies to the same requests, and the number of unequal requests."""
    theirs = {exchange.probe: exchange for exchange in backend.exchanges()}
    pairs, unequal = [], 0
    for mine in gateway.exchanges():
        other = theirs.get(mine.probe)
        if other is None or not _is_forwarded(mine):
            continue
        if _without_model(mine) == _without_model(other):
            pairs.append(Pair(other, mine))
        else:
            unequal += 1
    return pairs, unequal


def _is_forwarded(exchange: Exchange) -> bool:
    """Return whether a gateway forwards a request: not without a key, or its model."""
    probe = exchange.probe
    if probe.hang_up_after is not None or probe.key is not KeyMode.GIVEN:
        return False
    if probe.model is not None:
        return False
    if probe.method not in {"GET", "POST"}:
        return False
    return probe.path != CHAT or not exchange.sent or "model" in exchange.sent


def _without_model(exchange: Exchange) -> object:
    """Return what was sent, but for the name of the model, which differs."""
    if not exchange.sent:
        return exchange.request.body
    return {name: value for name, value in exchange.sent.items() if name != "model"}


# ---- the aspects of one pair ------------------------------------------------------


def _compare(pair: Pair) -> Iterator[tuple[Aspect, _Difference | None]]:
    """Yield each aspect that the pair could differ in, with the difference or None."""
    backend, gateway = pair.backend, pair.gateway
    if gateway.probe.path != CHAT:
        was, now = _class(backend), _class(gateway)
        yield Aspect.PATHS, _differs(pair, was, now, gateway.probe.path)
        return
    was, now = _class(backend), _class(gateway)
    if (was, now) == (ResponseKind.FAILED, ResponseKind.REJECTED):
        # The gateway found the mistake in the request before the server failed on it.
        yield Aspect.STATUS, _differs(pair, was, now, f"{was} → {now}")
        return
    yield Aspect.ERROR_CLASS, _differs(pair, was, now, f"{was} → {now}")
    if was != now:
        return
    yield (
        Aspect.STATUS,
        _differs(
            pair,
            str(backend.status),
            str(gateway.status),
            f"{backend.status} → {gateway.status}",
        ),
    )
    if pair.answered:
        yield from _compare_answers(pair)
    elif was == ResponseKind.REJECTED:
        yield (
            Aspect.ERROR_TEXT,
            _differs(pair, error_message(backend), error_message(gateway)),
        )
    yield Aspect.HEADERS, _differing_headers(pair)
    yield from _differing_members(pair)


def _class(exchange: Exchange) -> str:
    """Return the class of a response: what a client's error handling depends on."""
    if exchange.status in {401, 403}:
        return "denied"
    return kind_of(exchange).value


def _differs(pair: Pair, was: str, now: str, what: str = "") -> _Difference | None:
    return None if was == now else _Difference(pair, was, now, what)


def _compare_answers(pair: Pair) -> Iterator[tuple[Aspect, _Difference | None]]:
    backend, gateway = pair.backend, pair.gateway
    model = [_model(one) for one in (backend, gateway)]
    requested = [one.sent.get("model") for one in (backend, gateway)]
    # A gateway may have a name of its own for the model, which is the one requested.
    if model != requested:
        yield Aspect.MODEL, _differs(pair, str(model[0]), str(model[1]))
    if backend.streamed and gateway.streamed:
        counts = [len(one.timing.marks) for one in (backend, gateway)]
        yield Aspect.CHUNKS, _differs(pair, *map(str, counts))
    if _greedy(backend):
        for aspect in GENERATED:
            was, now = (_value(aspect, one) for one in (backend, gateway))
            if aspect is not Aspect.ORDER or _same_kinds(backend, gateway):
                yield aspect, _differs(pair, was, now)


def _greedy(exchange: Exchange) -> bool:
    """Return whether a deterministic server gives the same text each time."""
    body = exchange.sent
    return body.get("temperature") == 0 or any(
        name in body for name in ("seed", "random_seed")
    )


def _model(exchange: Exchange) -> Json:
    for chunk in exchange.folded:
        if isinstance(chunk.json, dict) and "model" in chunk.json:
            return chunk.json["model"]
    return None


def _value(aspect: Aspect, exchange: Exchange) -> str:
    """Return one aspect of the generated text, in a form that can be compared."""
    if aspect in _KINDS:
        value: object = exchange.texts_of(_KINDS[aspect])
    elif aspect is Aspect.ARGUMENTS:
        value = _calls(exchange)
    elif aspect is Aspect.FINISH:
        value = {index: list(one) for index, one in exchange.finishes.items()}
    elif aspect is Aspect.USAGE:
        value = {name: exchange.count(name) for name in _COUNTS}
    else:
        value = [kind.value for kind in _order(exchange)]
    if isinstance(value, dict) and set(value) <= {0}:
        value = value.get(0, "")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _order(exchange: Exchange) -> list[PieceKind]:
    """Return the kinds of text of the first choice, in the order in which they came."""
    kinds: list[PieceKind] = []
    for piece in exchange.pieces:
        if piece.choice == 0 and piece.text and kinds[-1:] != [piece.kind]:
            kinds.append(piece.kind)
    return kinds


def _same_kinds(backend: Exchange, gateway: Exchange) -> bool:
    return set(_order(backend)) == set(_order(gateway))


def _calls(exchange: Exchange) -> list[list[str]]:
    """Return name and arguments of each tool call, by choice and place."""
    found: dict[tuple[int, object], list[str]] = {}
    for _, choice in exchange.folded_choices:
        index = choice.get("index")
        part = choice.get("delta" if exchange.streamed else "message")
        calls = part.get("tool_calls") if isinstance(part, dict) else None
        for place, call in enumerate(calls if isinstance(calls, list) else ()):
            function = call.get("function") if isinstance(call, dict) else None
            if not isinstance(call, dict) or not isinstance(function, dict):
                continue
            key = (index if isinstance(index, int) else 0, call.get("index", place))
            texts = found.setdefault(key, ["", ""])
            for which, name in enumerate(("name", "arguments")):
                if isinstance(text := function.get(name), str):
                    texts[which] += text
    return list(found.values())


def _differing_headers(pair: Pair) -> _Difference | None:
    was, now = (
        {name for name, _ in one.headers} - _OF_A_HOP
        for one in (pair.backend, pair.gateway)
    )
    if was == now:
        return None
    dropped, added = sorted(was - now), sorted(now - was)
    return _Difference(pair, ", ".join(dropped), ", ".join(added))


def _differing_members(pair: Pair) -> Iterator[tuple[Aspect, _Difference | None]]:
    """Yield the members with a value, and those that are null, that differ."""
    (was, was_null), (now, now_null) = map(_members, (pair.backend, pair.gateway))
    dropped, added = dict(was), dict(now)
    for path in was.keys() & now.keys():
        del dropped[path], added[path]
    renamed = []
    for old, text in list(dropped.items()):
        new = next((n for n, t in added.items() if text and t == text), None)
        if new is not None:
            renamed.append(f"{old} → {new}")
            del dropped[old], added[new]
    was_text = ", ".join(sorted(dropped))
    now_text = ", ".join(sorted(added))
    if renamed or dropped or added:
        what = ", ".join(sorted(renamed))
        yield Aspect.MEMBERS, _Difference(pair, was_text, now_text, what)
    else:
        yield Aspect.MEMBERS, None
    lost, gained = was_null - now_null - set(now), now_null - was_null - set(was)
    yield (
        Aspect.NULLS,
        _Difference(pair, ", ".join(sorted(lost)), ", ".join(sorted(gained)))
        if lost or gained
        else None,
    )


def _members(exchange: Exchange) -> tuple[dict[str, str], set[str]]:
    """
    Return the text at each path of the body that has a value, and the paths of nulls.

    The places in lists are left out, and the texts of all events are joined, so that
    the division of a stream makes no difference. Only reasoning and answers have a text
    by which a renamed member is recognised.
    """
    texts: dict[str, str] = {}
    nulls: set[str] = set()

    def walk(value: Json, path: str, depth: int) -> None:
        if isinstance(value, dict):
            for name, member in value.items():
                walk(member, f"{path}.{name}" if path else str(name), depth + 1)
        elif isinstance(value, list):
            for member in value:
                walk(member, f"{path}[]", depth + 1)
        elif value is None:
            nulls.add(path)
        elif value != "" or path not in texts:
            text = value if isinstance(value, str) and depth >= _TEXT_DEPTH else ""
            texts[path] = texts.get(path, "") + text

    for chunk in exchange.folded if exchange.status == 200 else ():  # noqa: PLR2004
        walk(chunk.json, "", 0)
    if exchange.status != 200:  # noqa: PLR2004  # HTTP's OK
        walk(exchange.json, "", 0)
    return texts, nulls - set(texts)


_TEXT_DEPTH = 3  # choices[].message.content


# ---- the aspects of the whole run -------------------------------------------------


def _confirm(
    aspect: Aspect, found: _Found, gateway: Session, backend: Session
) -> tuple[list[_Difference], list[_Difference], int]:
    """
    Return the differences that are the gateway's, in all of its replies and in some.

    The last number is that of the differences of requests to which the server behind
    gives different replies itself. Those beyond `CONFIRMED` requests are counted as
    the ones that were repeated.
    """
    steady: list[_Difference] = []
    occasional: list[_Difference] = []
    varying: list[_Difference] = []
    for difference in found.differences[:CONFIRMED]:
        pair = difference.pair
        theirs = {_value(aspect, one) for one in _again(backend, pair.backend)}
        if theirs != {difference.backend}:
            varying.append(difference)
            continue
        mine = [_value(aspect, one) for one in _again(gateway, pair.gateway)]
        always = bool(mine) and difference.backend not in mine
        (steady if always else occasional).append(difference)
    rest = found.differences[CONFIRMED:]
    if steady:
        return steady + rest, occasional, len(varying)
    if occasional:
        return steady, occasional + rest, len(varying)
    return steady, occasional, len(varying) + len(rest)


def _again(session: Session, exchange: Exchange) -> list[Exchange]:
    """Return further replies to the request of *exchange*."""
    found = []
    for number in range(REPETITIONS):
        probe = replace(exchange.probe, sample=FIRST_SAMPLE + number)
        try:
            found.append(session.send(probe))
        except UNSENT:
            break
    return found


def _alteration(
    aspect: Aspect,
    verdict: Verdict,
    found: _Found,
    differences: Sequence[_Difference],
    what: str = "",
) -> Alteration:
    first = differences[0]
    broken = [one.pair.features for one in differences]
    changed = {id(one.pair) for one in differences}
    others = [one.pair for one in found.differences if id(one.pair) not in changed]
    sound = [pair.features for pair in (*found.sound, *others)]
    return Alteration(
        aspect=aspect,
        verdict=verdict,
        what=what or first.what,
        backend=shorten(first.backend),
        gateway=shorten(first.gateway),
        request=first.pair.name,
        changed=len(differences),
        compared=len(differences) + len(sound),
        where=describe(broken, sound),
    )


def _by_what(aspect: Aspect, verdict: Verdict, found: _Found) -> Iterator[Alteration]:
    """Yield one alteration for each thing that changed, the most frequent first."""
    if aspect in {Aspect.HEADERS, Aspect.NULLS, Aspect.MEMBERS}:
        yield _names(aspect, verdict, found)
        return
    groups: dict[str, list[_Difference]] = {}
    for one in found.differences:
        groups.setdefault(one.what, []).append(one)
    for what, some in sorted(groups.items(), key=lambda item: -len(item[1])):
        yield _alteration(aspect, verdict, found, some, what)


def _names(aspect: Aspect, verdict: Verdict, found: _Found) -> Alteration:
    """Return one alteration of all names that were renamed, dropped and added."""
    columns: list[dict[str, int]] = [{}, {}, {}]
    for difference in found.differences:
        texts = (difference.what, difference.backend, difference.gateway)
        for column, text in zip(columns, texts, strict=True):
            for name in filter(None, text.split(", ")):
                column[name] = column.get(name, 0) + 1
    renamed, dropped, added = map(_listed, columns)
    one = _alteration(aspect, verdict, found, found.differences, renamed or aspect)
    return replace(one, what=renamed, backend=dropped, gateway=added, request="")


def _listed(names: Mapping[str, int]) -> str:
    """Return the most frequent of *names*, joined."""
    shown = sorted(names, key=lambda name: (-names[name], name))
    more = len(shown) - MOST_NAMES
    return ", ".join(shown[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _held_back(pairs: Iterable[Pair]) -> Iterator[Alteration]:
    """Yield the alteration that streams arrive at once, if they do."""
    spreads = [
        (_spread(pair.backend), _spread(pair.gateway), pair)
        for pair in pairs
        if pair.answered and pair.backend.streamed and pair.gateway.streamed
    ]
    measured = [one for one in spreads if one[0] >= LEAST_SPREAD]
    if len(measured) < FEWEST_STREAMS:
        return
    held = [
        (was, now, pair)
        for was, now, pair in measured
        if now < HELD_BACK * was
        # One that is merely faster begins as soon.
        and _first(pair.gateway) > _first(pair.backend) + was / 2
    ]
    if len(held) < MOST_HELD * len(measured):
        return
    was, now, pair = max(held, key=lambda one: one[0])
    yield Alteration(
        aspect=Aspect.PACE,
        verdict=Verdict.NEVER,
        what="streams are held back",
        backend=f"{was:.2f} s from the first text to the last",
        gateway=f"{now:.2f} s",
        request=pair.name,
        changed=len(held),
        compared=len(measured),
        where="",
    )


def _spread(exchange: Exchange) -> float:
    """Return the seconds from the first text of a stream to the last."""
    times = exchange.text_times
    return times[-1] - times[0] if times else 0.0


def _first(exchange: Exchange) -> float:
    """Return the seconds until the first text of a stream."""
    times = exchange.text_times
    return times[0] if times else 0.0


NOTHING_COMPARED = "No request was sent to both, so no reply could be compared."


def _asked_again(pairs: Iterable[Pair]) -> tuple[Probe, ...]:
    """Return requests that cost both the same, to be sent to both once more."""
    chosen = [one for one in pairs if one.answered and _greedy(one.backend)]
    return tuple(
        replace(pair.backend.probe, sample=FIRST_SAMPLE + REPETITIONS + number)
        for number, pair in enumerate(chosen[:RECOUNTED])
    )
