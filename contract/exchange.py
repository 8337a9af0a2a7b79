"""What one probe got back: bytes with arrival times; everything else is derived."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from codecs import BOM_UTF8
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from urllib.parse import quote

from contract import sse, think
from contract.chat import Json, Key, Kind, Piece, Probe, joined, patched
from contract.errors import UsageError
from contract.profile import Profile
from contract.timing import Mark, Timing

FORMAT = "exchange-v1"
DONE = "[DONE]"
REDACTED = "***"
WRONG_KEY = "sk-wrong-key-for-testing"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request: *path* from the server's root, header names lower case."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header of that (lower case) name."""
        return next((value for key, value in self.headers if key == name), None)


def spell(
    probe: Probe, profile: Profile, model: str, key: str | None = None
) -> Request:
    """*probe* as *profile*'s provider expects it on the wire, patches applied."""
    headers = [("accept-encoding", "identity")]
    body = b""
    if probe.method == "POST":
        headers.append(("content-type", "application/json"))
        body = _body(probe, profile, probe.model or model)
    if credentials := _credentials(probe.key, key):
        headers.append(("authorization", credentials))
    named = {name.lower() for name, _ in probe.headers}
    kept = [(name, value) for name, value in headers if name not in named]
    added = [(name.lower(), value) for name, value in probe.headers if value]
    path = probe.path.replace("{model}", probe.model or model)
    path = path.replace("{load}", profile.dialect.load)
    if probe.key is Key.QUERY and key:
        path += f"?api_key={quote(key, safe='')}"
    return Request(probe.method, path, (*kept, *added), body)


def _credentials(how: Key, key: str | None) -> str | None:
    """The Authorization header of a probe, as far as there is a *key* to put in."""
    if how is Key.WRONG:
        return f"Bearer {WRONG_KEY}"
    if not key:
        return None
    return {
        Key.GIVEN: f"Bearer {key}",
        Key.LOWER: f"bearer {key}",
        Key.BARE: key,
        Key.BASIC: f"Basic {basic(key)}",
    }.get(how)


def basic(key: str) -> str:
    """*key* as HTTP Basic spells a password (RFC 7617)."""
    return base64.b64encode(f"key:{key}".encode()).decode()


def _body(probe: Probe, profile: Profile, model: str) -> bytes:
    if probe.body is not None:
        named = json.dumps(model)[1:-1].encode()
        return probe.body.replace(b"{model}", named)
    dialect = profile.dialect
    spelled: Json = dialect.request(dialect.prepare(probe), model)
    if probe.patches:
        spelled = patched(spelled, probe.patches)
    return json.dumps(spelled, ensure_ascii=False, separators=(",", ":")).encode(
        errors="surrogatepass"
    )


class End(StrEnum):
    """How an exchange came to its end."""

    COMPLETE = "complete"
    REFUSED = "refused"  # no connection: refused, DNS, TLS
    RESET = "reset"  # the connection broke off
    TIMEOUT = "timeout"  # one of the bounds ran out
    TOO_LARGE = "too-large"  # more bytes than the session reads
    LEFT = "left"  # the probe hung up, as it was meant to


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes that were read together, *at* seconds after the request was sent."""

    at: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """The JSON of one event: *event* is its number in the stream, from 0."""

    event: int
    at: float
    json: Json


MISSING = object()


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """
    One request and all that came back; keys are redacted before it is made.

    `status` is None when no response head arrived. `elapsed` is seconds until the
    end, whatever the end was; `note` says in words how it ended when not well.
    `visits` are the paths of the probe's canary that somebody asked for, in order;
    None where there was no canary.
    """

    probe: Probe
    profile: Profile
    request: Request
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    arrivals: tuple[Arrival, ...] = ()
    end: End = End.COMPLETE
    note: str = ""
    visits: tuple[str, ...] | None = None
    elapsed: float = 0.0

    def header(self, name: str) -> str | None:
        """The first response header of that (lower case) name."""
        return next((value for key, value in self.headers if key == name), None)

    @cached_property
    def body(self) -> bytes:
        """All bytes of the response body."""
        return b"".join(arrival.data for arrival in self.arrivals)

    @cached_property
    def text(self) -> str:
        """The body as UTF-8; other bytes become U+FFFD."""
        return self.body.decode(errors="replace")

    @cached_property
    def media_type(self) -> str:
        """The content type without parameters, lower case; empty when absent."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @cached_property
    def streamed(self) -> bool:
        """Whether the response calls itself an event stream."""
        return self.media_type == "text/event-stream"

    @cached_property
    def json(self) -> Json:
        """The whole body as JSON; None when it is not (see `is_json`)."""
        return None if self._json is MISSING else self._json  # type: ignore[return-value]  # MISSING was told apart

    @property
    def is_json(self) -> bool:
        """Whether the whole body is one JSON text."""
        return self._json is not MISSING

    @cached_property
    def _json(self) -> object:
        return read_json(self.body)

    @cached_property
    def sent(self) -> dict[str, Json]:
        """The body that was sent, as JSON; empty when it was not an object."""
        value = read_json(self.request.body)
        return value if isinstance(value, dict) else {}

    @cached_property
    def _parsed(self) -> tuple[tuple[sse.Event, ...], tuple[sse.Flaw, ...]]:
        parser = sse.Parser()
        events: list[sse.Event] = []
        if self.streamed:
            for arrival in self.arrivals:
                events += parser.feed(arrival.data, arrival.at)
            parser.close()
        return tuple(events), tuple(parser.flaws)

    @property
    def events(self) -> tuple[sse.Event, ...]:
        """The SSE events, each at the moment its last byte was read."""
        return self._parsed[0]

    @property
    def flaws(self) -> tuple[sse.Flaw, ...]:
        """What a strict reader of the stream objects to."""
        return self._parsed[1]

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """The events that hold JSON, without the sentinel."""
        chunks = []
        for number, event in enumerate(self.events):
            if event.data != DONE:
                value = read_json(event.data.encode(errors="surrogatepass"))
                if value is not MISSING:
                    chunks.append(Chunk(number, event.at, value))  # type: ignore[arg-type]  # MISSING was told apart
        return tuple(chunks)

    @cached_property
    def choices(self) -> tuple[tuple[Chunk, dict[str, Json]], ...]:
        """Every choice object with the chunk it came in; a whole body is chunk 0."""
        chunks = self.chunks if self.streamed else (Chunk(0, self.elapsed, self.json),)
        found = []
        for chunk in chunks:
            if isinstance(chunk.json, dict):
                choices = chunk.json.get("choices")
                if isinstance(choices, list):
                    found += [(chunk, c) for c in choices if isinstance(c, dict)]
        return tuple(found)

    @cached_property
    def placed(self) -> tuple[tuple[Chunk, Piece], ...]:
        """Every piece with the chunk it came in, in order of arrival."""
        splitters: dict[int, think.Splitter] = {}
        found: list[tuple[Chunk, Piece]] = []
        chunk = None
        for chunk, choice in self.choices:
            index = choice.get("index")
            number = index if isinstance(index, int) else 0
            part = choice.get("delta") if self.streamed else choice.get("message")
            for piece in self.profile.dialect.decode(part):
                read = self._read(piece, number, splitters)
                found += [(chunk, one) for one in read]
        if chunk is not None:
            for splitter in splitters.values():
                found += [(chunk, piece) for piece in splitter.close()]
        return tuple(found)

    def _read(
        self, piece: Piece, choice: int, splitters: dict[int, think.Splitter]
    ) -> list[Piece]:
        spoken = Piece(piece.kind, piece.text, choice, piece.call)
        if not self.profile.dialect.tagged:
            return [spoken]
        splitter = splitters.setdefault(choice, think.Splitter(choice))
        if piece.kind is Kind.ANSWER:
            return splitter.feed(piece.text)
        # No marker goes on after a tool call, so nothing needs to be held back.
        return [*splitter.close(), spoken]

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """What was said, neighbours joined."""
        return joined(piece for _, piece in self.placed)

    def said(self, kind: Kind, choice: int = 0) -> str:
        """All text of one kind in one choice."""
        return "".join(
            piece.text
            for _, piece in self.placed
            if piece.kind is kind and piece.choice == choice
        )

    @property
    def reasoning(self) -> str:
        """The reasoning of the first choice."""
        return self.said(Kind.REASONING)

    @property
    def answer(self) -> str:
        """The answer of the first choice."""
        return self.said(Kind.ANSWER)

    @cached_property
    def finishes(self) -> dict[int, tuple[str, ...]]:
        """The finish reasons of each choice, in order; one is right."""
        found: dict[int, tuple[str, ...]] = {}
        for _, choice in self.choices:
            index = choice.get("index")
            number = index if isinstance(index, int) else 0
            reason = choice.get("finish_reason")
            found.setdefault(number, ())
            if isinstance(reason, str):
                found[number] = (*found[number], reason)
        return found

    @property
    def finish(self) -> str | None:
        """The finish reason of the first choice."""
        reasons = self.finishes.get(0, ())
        return reasons[-1] if reasons else None

    @cached_property
    def usages(self) -> tuple[tuple[Chunk, dict[str, Json]], ...]:
        """Every usage object with the chunk it came in."""
        chunks = self.chunks if self.streamed else (Chunk(0, self.elapsed, self.json),)
        return tuple(
            (chunk, usage)
            for chunk in chunks
            if isinstance(chunk.json, dict)
            and isinstance(usage := chunk.json.get("usage"), dict)
        )

    @property
    def usage(self) -> dict[str, Json]:
        """The last usage object; empty when there was none."""
        return self.usages[-1][1] if self.usages else {}

    def count(self, name: str) -> int | None:
        """One counter of the usage, e.g. `prompt_tokens`; None unless an integer."""
        value = self.usage.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @cached_property
    def timing(self) -> Timing:
        """TTFB, TTFT, TTFO, ICL, TPOT and E2E of this exchange."""
        marks: dict[tuple[int, Kind], Mark] = {}
        for chunk, piece in self.placed:
            if piece.text:
                mark = Mark(chunk.at, piece.kind, chunk.event)
                marks.setdefault((chunk.event, piece.kind), mark)
        first = self.arrivals[0].at if self.arrivals else None
        return Timing(
            first, self.elapsed, tuple(marks.values()), self.count("completion_tokens")
        )


def _no_constant(name: str) -> Json:
    raise ValueError(name)


_STRICT = json.JSONDecoder(parse_constant=_no_constant)  # made once: it is costly


def read_json(raw: bytes) -> object:
    """
    *raw* as strict JSON (no NaN), or MISSING; never raises.

    UTF-8 only, a byte order mark is passed over (RFC 8259, section 8.1).
    """
    try:
        text = raw.removeprefix(BOM_UTF8).decode(errors="surrogatepass")
        return _STRICT.decode(text)
    except (ValueError, RecursionError):
        return MISSING


def digest(request: Request, probe: Probe) -> str:
    """The identity of a request in saved exchanges: 12 hex digits, no key inside."""
    headers = [pair for pair in request.headers if pair[0] != "authorization"]
    parts = [
        request.method,
        request.path,
        repr(sorted(headers)),
        probe.key.value,
        str(probe.sample),
    ]
    if probe.hang_up_after is not None:
        parts.append(f"hang up after {probe.hang_up_after}")
    seed = "\n".join(parts).encode() + b"\n" + request.body
    return hashlib.sha256(seed).hexdigest()[:12]


def redacted(
    headers: tuple[tuple[str, str], ...], secrets: tuple[str, ...] = ()
) -> tuple[tuple[str, str], ...]:
    """*headers* without what opens doors: authorization, cookies and known secrets."""
    hidden = {"authorization", "proxy-authorization", "cookie", "set-cookie"}
    return tuple(
        (name, REDACTED if name in hidden else without(value, secrets))
        for name, value in headers
    )


def without(text: str, secrets: tuple[str, ...]) -> str:
    """*text* with every secret blanked."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, REDACTED)
    return text


def dump(exchange: Exchange) -> dict[str, Json]:
    """The exchange as JSON that `load` reads back; readable where it is text."""
    return {
        "format": FORMAT,
        "profile": exchange.profile.id,
        "name": exchange.probe.name,
        "digest": digest(exchange.request, exchange.probe),
        "sample": exchange.probe.sample,
        "request": {
            "method": exchange.request.method,
            "path": exchange.request.path,
            "headers": [[k, v] for k, v in redacted(exchange.request.headers)],
            **_dump_body(exchange.request.body),
        },
        "response": {
            "status": exchange.status,
            "headers": [[k, v] for k, v in exchange.headers],
            "arrivals": [
                [round(a.at, 6), _dump_text(a.data)] for a in exchange.arrivals
            ],
            "end": exchange.end.value,
            "note": exchange.note,
            **({} if exchange.visits is None else {"visits": [*exchange.visits]}),
            "elapsed": round(exchange.elapsed, 6),
        },
    }


def _dump_body(body: bytes) -> dict[str, Json]:
    if not body:
        return {}
    value = read_json(body)
    if value is not MISSING:
        same = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if same.encode(errors="surrogatepass") == body:
            return {"body": value}  # type: ignore[dict-item]  # MISSING was told apart
    try:
        return {"body_text": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def _dump_text(data: bytes) -> Json:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def load(saved: Json, profile: Profile, probe: Probe | None = None) -> Exchange:
    """
    A saved exchange; raises `UsageError` when *saved* is not one.

    Without the *probe* that asked, one with the saved name stands in: enough to
    read and judge the response, not to send the request again.
    """
    try:
        if not isinstance(saved, dict) or saved["format"] != FORMAT:
            raise UsageError(f"Not a saved exchange: it does not say {FORMAT!r}.")
        request = _dict(saved["request"])
        response = _dict(saved["response"])
        status = response["status"]
        arrivals = tuple(
            Arrival(_seconds(at), _load_text(data))
            for at, data in map(_list, _list(response["arrivals"]))
        )
        return Exchange(
            probe=probe or _stand_in(saved, request),
            profile=profile,
            request=Request(
                str(request["method"]),
                str(request["path"]),
                _load_headers(request.get("headers")),
                _load_body(request),
            ),
            status=status if isinstance(status, int) else None,
            headers=_load_headers(response.get("headers")),
            arrivals=arrivals,
            end=End(str(response.get("end", "complete"))),
            note=str(response.get("note", "")),
            visits=_load_visits(response.get("visits")),
            elapsed=_seconds(
                response.get("elapsed", arrivals[-1].at if arrivals else 0.0)
            ),
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise UsageError(
            f"A saved exchange is damaged ({type(error).__name__}: {error}); "
            "record it again with verify --save DIR."
        ) from error


def _stand_in(saved: dict[str, Json], request: dict[str, Json]) -> Probe:
    body = request.get("body")
    return Probe(
        name=str(saved.get("name", "saved")),
        method=str(request["method"]),
        path=str(request["path"]),
        stream=isinstance(body, dict) and body.get("stream") is True,
    )


def _dict(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise TypeError("an object was expected")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value


def _seconds(value: Json) -> float:
    if not isinstance(value, int | float):
        raise TypeError("seconds were expected")
    return float(value)


def _load_visits(value: Json) -> tuple[str, ...] | None:
    return None if value is None else tuple(map(str, _list(value)))


def _load_headers(value: Json) -> tuple[tuple[str, str], ...]:
    pairs = value.items() if isinstance(value, dict) else _list(value or [])
    return tuple((str(k).lower(), str(v)) for k, v in pairs)  # type: ignore[misc,str-unpack]  # damaged pairs raise ValueError, caught in load


def _load_body(request: dict[str, Json]) -> bytes:
    if "body" in request:
        text = json.dumps(request["body"], ensure_ascii=False, separators=(",", ":"))
        return text.encode(errors="surrogatepass")
    if "body_base64" in request:
        return base64.b64decode(str(request["body_base64"]), validate=True)
    return str(request.get("body_text", "")).encode()


def _load_text(value: Json) -> bytes:
    if isinstance(value, dict):
        return base64.b64decode(str(value["base64"]), validate=True)
    return str(value).encode()
