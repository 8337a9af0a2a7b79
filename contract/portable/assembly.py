"""
Assembly of a reply: one JSON structure of what requirements speak of.

`prelude.js` assembles the same structure from the text of a reply, by the same rules.
`docs/portable.md` describes its members.
"""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from contract.model.chat import Json, PieceKind
from contract.model.exchange import Exchange
from contract.model.folding import Chunk
from contract.model.response_kind import error_in, is_error, kind_of
from contract.model.strict_json import MISSING, read_json
from contract.model.think import MARKERS
from contract.portable.facts import CONTROL, REASONING_FIELDS, facts_of

# Blanks that every regular expression engine agrees on.
BLANK = " \t\n\r\f\v\u00a0"
_CONTROL = re.compile(CONTROL)
_HTML = re.compile(r"[ \t\n\r\f\v]*<(?:!doctype[ \t\n\r]+html|html)\b", re.IGNORECASE)
_FENCED = re.compile(
    r"[ \t\n\r]*```[A-Za-z0-9_]*\n?([\s\S]*?)\n?```[ \t\n\r]*", re.ASCII
)
_STATUSES = range(100, 600)
_CUT = ("length", "model_length")
Object = dict[str, Any]


def assemble(exchange: Exchange) -> dict[str, Json]:
    """
    Return what requirements speak of in *exchange*, as JSON; computed once.

    Total: no bytes of a server make it raise.

    Usage: `assemble(exchange)["stream"]["sentinels"] == 1`.
    """
    return exchange.derived("portable", _assemble)


def clock_of(exchange: Exchange) -> float | None:
    """Return when a request was sent, or the Date of its response; seconds, or None."""
    if exchange.sent_at is not None:
        return exchange.sent_at
    try:
        date = email.utils.parsedate_to_datetime(exchange.header("date") or "")
        return date.timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _assemble(exchange: Exchange) -> dict[str, Json]:
    request: Any = facts_of(exchange)
    kind = kind_of(exchange)
    # A body that is labelled as a stream and holds no event may still be JSON.
    whole = not (exchange.streamed and exchange.event_count)
    whole_json = exchange.json if whole else None
    choices = _Choices(exchange)
    texts = _texts(exchange, choices)
    usage = exchange.usage
    in_body = status_in(whole_json)
    calls = _calls(exchange, request["tools"])
    finish = choices.finish
    spent = exchange.count("completion_tokens")
    full = request["limit"] is not None and spent is not None
    first = next((one for one in texts if one["index"] == 0), {})
    now = clock_of(exchange)
    return {
        "request": request,
        "status": exchange.status,
        "headers": _headers(exchange),
        "contentType": {
            "type": exchange.media_type,
            "charsets": [*_charsets(exchange.header("content-type") or "")],
        },
        "kind": kind.value,
        "ended": exchange.end.whole,
        "streamed": exchange.streamed,
        "isJson": whole and exchange.is_json,
        "isHtml": whole and _is_html(exchange),
        "body": whole_json,
        "statusInBody": in_body,
        "bodyDisagrees": in_body is not None and in_body != exchange.status,
        "error": error_in(exchange) is not None,
        "stream": _stream(exchange),
        "chunks": _chunks(exchange),
        "choices": choices.listed(calls),
        "numbering": choices.numbering(request["n"]),
        "finish": finish,
        "finishReasons": choices.reasons(),
        "finishValues": choices.values,
        "hasPieces": bool(exchange.pieces),
        "texts": list[Json](texts),
        "reasoning": first.get("reasoning", ""),
        "answer": first.get("answer", ""),
        "markers": _markers(texts, request["quotedMarkers"]),
        "controlTokens": _control_tokens(texts, request["quotedTokens"]),
        "stopsShown": [
            stop
            for stop in request["stop"]
            if any(stop in one["reasoning"] or stop in one["answer"] for one in texts)
        ],
        **_fields(exchange, choices),
        "calls": calls,
        # Calls whose id is missing, or is that of another call.
        "unclearCalls": len(calls) - _distinct_ids(calls),
        "cutOff": (full and spent >= request["limit"]) or finish in _CUT,
        "usage": usage,
        "usages": _usages(exchange, usage, request["limit"], len(choices.found)),
        "document": _document(first.get("answer", "")),
        "created": _since(_created(exchange), now),
        "listed": _listed(whole_json, now),
    }


def _is_html(exchange: Exchange) -> bool:
    # JSON is not decoded a second time to see that it is no page.
    written = not exchange.is_json and _HTML.match(exchange.text) is not None
    return exchange.media_type == "text/html" or written


def _headers(exchange: Exchange) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in exchange.headers:
        found.setdefault(name, value)
    return found


def _charsets(value: str) -> Iterator[str]:
    for parameter in value.split(";")[1:]:
        name, _, charset = parameter.strip().lower().partition("=")
        if name == "charset":
            yield charset.strip('"')


def _stream(exchange: Exchange) -> Json:
    if not exchange.streamed:
        return None
    sentinels = len(exchange.sentinels)
    first = exchange.sentinels[0] + 1 if sentinels else exchange.event_count
    return {
        "events": exchange.event_count,
        "sentinels": sentinels,
        "afterDone": exchange.event_count - first - max(sentinels - 1, 0),
        "strays": len(exchange.strays),
        "ignoredLines": any(flaw.legal for flaw in exchange.flaws),
    }


def _chunks(exchange: Exchange) -> dict[str, Json]:
    values = [
        chunk.json
        for chunk in exchange.folded
        if isinstance(chunk.json, dict) and not is_error(chunk.json)
    ]
    found: dict[str, Json] = {"any": bool(values)}
    for name in ("id", "object", "model", "created"):
        found[name] = distinct(value.get(name) for value in values)
    return found


def distinct(values: Iterable[Json]) -> list[Json]:
    """Return *values* without repetition, in order of their first appearance."""
    found: dict[str, Json] = {}
    for value in values:
        found.setdefault(canonical(value), value)
    return [*found.values()]


def canonical(value: Json) -> str:
    """Return JSON text that is the same for equal values."""
    return json.dumps(value, sort_keys=True)


def _index(choice: Object) -> int:
    index = choice.get("index")
    return index if type(index) is int else 0


class _Choices:
    """What a reply says of each choice, beside its text."""

    def __init__(self, exchange: Exchange) -> None:
        self.found: dict[int, Object] = {}
        self.values: list[Json] = []
        self.parts: list[Object] = []
        self._numbers: list[Json] = []
        self._order = _orders(exchange)
        values, decode = [], exchange.profile.dialect.decode
        for _, choice in exchange.folded_choices:
            part = choice.get("delta" if exchange.streamed else "message")
            part = part if isinstance(part, dict) else {}
            self.parts.append({"index": _index(choice), "part": part})
            role, reason = part.get("role"), choice.get("finish_reason")
            seen = self.found.get(_index(choice))
            if seen is None:
                seen = self.found[_index(choice)] = {
                    "index": _index(choice),
                    "role": role,
                    "roles": [],
                    "reasons": [],
                    "closed": False,
                    "continues": False,
                    "said": False,
                }
            else:
                seen["roles"].append(role)
            says = any(piece.text or piece.call for piece in decode(part))
            seen["said"] = seen["said"] or says
            seen["continues"] = seen["continues"] or (seen["closed"] and says)
            seen["closed"] = seen["closed"] or bool(reason)
            if isinstance(reason, str):
                seen["reasons"].append(reason)
            if reason is not None:
                values.append(reason)
            self._numbers.append(choice.get("index"))
        self.values = distinct(values)

    @property
    def finish(self) -> str | None:
        reasons = self.found.get(0, {}).get("reasons")
        return reasons[-1] if reasons else None

    def reasons(self) -> list[Json]:
        """Return the finish reasons of all choices, sorted."""
        return sorted({one for seen in self.found.values() for one in seen["reasons"]})

    def numbering(self, count: int) -> dict[str, Json]:
        """Return how the choices are numbered, of which *count* were requested."""
        wrong = [n for n in self._numbers if type(n) is not int or not 0 <= n < count]
        said = {index for index, seen in self.found.items() if seen["said"]}
        return {"wrong": bool(wrong), "complete": said == set(range(count))}

    def listed(self, calls: list[Json]) -> list[Json]:
        """Return the choices in the order of their first appearance."""
        calling: list[Any] = [*calls]
        return [
            {
                "index": index,
                "role": seen["role"],
                "laterRoles": distinct(seen["roles"]),
                "finishReasons": seen["reasons"],
                "finish": seen["reasons"][-1] if seen["reasons"] else None,
                "order": " ".join(self._order.get(index, ())),
                "kinds": list[Json](self._order.get(index, ())),
                "continues": seen["continues"],
                "calls": sum(call["choice"] == index for call in calling),
            }
            for index, seen in self.found.items()
        ]


def _orders(exchange: Exchange) -> dict[int, list[str]]:
    """Return the kinds of text of each choice in order, blank answers left out."""
    found: dict[int, list[tuple[str, str]]] = {}
    for piece in exchange.pieces:
        listed = found.setdefault(int(piece.choice), [])
        listed.append((piece.kind.value, piece.text))
    orders: dict[int, list[str]] = {}
    for index, pieces in found.items():
        kinds: list[str] = []
        for kind, run in groupby(pieces, key=lambda pair: pair[0]):
            text = "".join(text for _, text in run)
            if kind == PieceKind.ANSWER.value and not text.strip(BLANK):
                continue
            if not kinds or kinds[-1] != kind:
                kinds.append(kind)
        orders[index] = kinds
    return orders


def _texts(exchange: Exchange, choices: _Choices) -> list[Object]:
    texts = {
        kind: exchange.texts_of(kind)
        for kind in (PieceKind.REASONING, PieceKind.ANSWER)
    }
    return [
        {
            "index": index,
            "reasoning": texts[PieceKind.REASONING].get(index, ""),
            "answer": texts[PieceKind.ANSWER].get(index, ""),
        }
        for index in choices.found
    ]


def _markers(texts: list[Object], quoted: list[str]) -> dict[str, Json]:
    return {
        kind: [
            marker
            for marker in MARKERS
            if marker not in quoted and any(marker in one[kind] for one in texts)
        ]
        for kind in ("reasoning", "answer")
    }


def _control_tokens(texts: list[Object], quoted: list[str]) -> list[Json]:
    found = {
        token
        for one in texts
        for kind in ("reasoning", "answer")
        for token in _CONTROL.findall(one[kind])
    }
    return sorted(found - set(quoted))


def _fields(exchange: Exchange, choices: _Choices) -> Object:
    """Return in which members the reasoning is, and the shapes of content chunks."""
    texts: dict[tuple[int, str], str] = {}
    shapes: list[Json] = []
    for one in choices.parts:
        index, part = one["index"], one["part"]
        said: Object = {name: part.get(name) for name in REASONING_FIELDS}
        content = part.get("content")
        if isinstance(content, list):
            shapes += map(_shape, content)
            said["content"] = "".join(
                _thinking(item) for item in content if isinstance(item, dict)
            )
        for name, text in said.items():
            if text:
                added = text if isinstance(text, str) else canonical(text)
                texts[index, name] = texts.get((index, name), "") + added
    names = sorted({name for _, name in texts})
    speaking = {int(piece.choice) for piece in exchange.pieces}
    agree = all(
        len({texts.get((index, name), "") for name in names}) <= 1 for index in speaking
    )
    return {
        "reasoningIn": names,
        "reasoningAgrees": agree,
        "parts": distinct(shapes),
    }


def _thinking(item: Object) -> str:
    """Return the text of a thinking chunk, whether a list or a bare string."""
    parts = item.get("thinking")
    if isinstance(parts, str):
        return parts
    listed = parts if isinstance(parts, list) else ()
    said = (one.get("text") for one in listed if isinstance(one, dict))
    return "".join(text for text in said if isinstance(text, str))


def _shape(value: Json, name: str = "") -> Json:
    """Return *value* without booleans, and with "…" for each text but a type's."""
    if isinstance(value, dict):
        return {
            key: _shape(member, key)
            for key, member in value.items()
            if not isinstance(member, bool)
        }
    if isinstance(value, list):
        return distinct(_shape(member) for member in value)
    return "…" if isinstance(value, str) and value and name != "type" else value


def _calls(exchange: Exchange, tools: list[str]) -> list[Json]:
    """Return every tool call, joined from its fragments; a new id starts a new call."""
    found: dict[tuple[int, int, str | None], Object] = {}
    current: dict[tuple[int, int], str | None] = {}
    for _, piece in exchange.folded_pieces:
        if piece.kind is not PieceKind.TOOL or piece.call is None:
            continue
        place = (int(piece.choice), int(piece.call.index))
        call_id = current[place] = piece.call.id or current.get(place)
        known = found.setdefault(
            (*place, call_id),
            {
                "choice": place[0],
                "index": place[1],
                "id": call_id,
                "name": "",
                "arguments": "",
            },
        )
        known["name"] = known["name"] or piece.call.name or ""
        known["arguments"] += piece.text
    for call in found.values():
        name = call["name"].lower()
        call["argumentsAre"] = _type_of(call["arguments"])
        call["declared"] = call["name"] in tools
        call["resembles"] = bool(name) and any(
            name in one.lower() or one.lower() in name for one in tools
        )
    return [*found.values()]


def _type_of(text: str) -> str:
    """Return the JSON type of *text*, or "no JSON"."""
    value = read_json(text.encode(errors="surrogatepass"))
    if value is MISSING:
        return "no JSON"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    return "other"


def _distinct_ids(calls: list[Any]) -> int:
    return len({call["id"] for call in calls} - {None})


def _document(answer: str) -> Json:
    fenced = _FENCED.fullmatch(answer)
    return {
        "is": _type_of(fenced[1] if fenced else answer),
        "fenced": answer.lstrip(BLANK).startswith("```"),
    }


def _usages(
    exchange: Exchange, usage: Object, limit: int | None, choices: int
) -> dict[str, Json]:
    prompt, completion, total = (
        exchange.count(name)
        for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    last: Chunk | None = None
    for chunk in exchange.folded:
        if isinstance(chunk.json, dict) and not is_error(chunk.json):
            last = chunk
    held = exchange.usages[-1][0] if exchange.usages else None
    inside: Any = held.json if held is not None else {}
    listed = inside.get("choices")
    reasons = [
        choice.get("finish_reason")
        for choice in (listed if isinstance(listed, list) else ())
        if isinstance(choice, dict)
    ]
    every = None if limit is None else limit * choices
    return {
        "count": len(exchange.usages),
        # Whether a counter is a number with a fraction or an exponent, such as 3.0.
        "fractions": any(
            isinstance(usage.get(name), float)
            for name in ("prompt_tokens", "completion_tokens", "total_tokens")
        ),
        # What the total has beyond its two parts; 0 in a sum that is right.
        "surplus": None
        if prompt is None or completion is None or total is None
        else total - prompt - completion,
        # What the completion has beyond the limit of all choices together.
        "excess": None if every is None or completion is None else completion - every,
        "isLast": held is not None and last is not None and held.event == last.event,
        "besideNoChoice": listed == [],
        "besideFinish": any(reasons),
        "cached": [
            {
                "tokens": tokens,
                "left": prompt - tokens
                if prompt is not None and type(tokens) is int
                else None,
            }
            for tokens in _cached(usage)
        ],
    }


def _cached(usage: Object) -> Iterator[Any]:
    """Yield the cached tokens under each of the member names in use."""
    for place in ("prompt_tokens_details", "prompt_token_details"):
        parts = usage.get(place)
        if isinstance(parts, dict) and parts.get("cached_tokens") is not None:
            yield parts["cached_tokens"]
    if usage.get("num_cached_tokens") is not None:
        yield usage["num_cached_tokens"]


def _created(exchange: Exchange) -> Json:
    body = exchange.folded[0].json if exchange.folded else None
    return body.get("created") if isinstance(body, dict) else None


def _since(created: Json, now: float | None) -> Json:
    """Return whether *created* is a time, and the seconds from *now* to it."""
    if not isinstance(created, int) or isinstance(created, bool):
        return {"known": False, "ahead": None}
    return {"known": True, "ahead": None if now is None else created - now}


def _listed(body: Json, now: float | None) -> Json:
    """Return the ids of a list of models, and how far in the future one was made."""
    data = body.get("data") if isinstance(body, dict) else None
    cards = [
        card
        for card in (data if isinstance(data, list) else ())
        if isinstance(card, dict) and isinstance(card.get("id"), str)
    ]
    times = [made for card in cards if type(made := card.get("created")) is int]
    ahead = max(times) - now if times and now is not None else None
    return {"ids": [card["id"] for card in cards], "ahead": ahead}


def status_in(body: Json) -> int | None:
    """Return the HTTP status code that an error body states, if it states one."""
    inner = body.get("error") if isinstance(body, dict) else None
    for part, key in ((body, "raw_status_code"), (inner, "code"), (inner, "status")):
        value = part.get(key) if isinstance(part, dict) else None
        if type(value) is int and value in _STATUSES:
            return value
    return None
