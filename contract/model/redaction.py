"""
Secrets of a run, and their removal from whatever leaves the process.

A server that rejects a key often quotes it, spelled as its JSON encoder, URL library or
log spells it. So a secret is looked for after decoding: escapes of JSON, JavaScript, C
and Markdown, percent-encoding, HTML entities, base64 and hexadecimal, each within
another one (CWE-209 and CWE-532: error messages and logs are where keys leak).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from html.entities import html5
from itertools import accumulate
from string import ascii_letters, digits, hexdigits
from typing import Any, Self, TypeVar, cast

from contract.model.escape import escape_controls

T = TypeVar("T")
Span = tuple[int, int]

REDACTED = "***"
# A shorter "key" (EMPTY, x, 1) is a placeholder that grants no access, and masking it
# would alter ordinary responses.
MIN_LENGTH = 8
# A server that cuts its message short may leave all but the end of a secret. So a part
# of this many characters, and of this share of the secret, is masked too.
MIN_PART = 16
PART = 0.75
# Encodings within each other that are undone, e.g. JSON in a URL in base64.
DEPTH = 3
# Headers that are credentials whatever they contain.
HIDDEN_HEADERS = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "set-cookie"),
        *("x-api-key", "api-key"),
    }
)

_HEX = "[2-7][0-9a-f]|0[ad]"  # of printable ASCII and line breaks
_SHORT_HEX = "[2-7][0-9a-f]|[ad]"  # after leading zeros
# What decodes to one character; which one, tells the named group.
_BACKSLASH = rf"""
    \\(?: u00(?P<u>{_HEX}) | u\{{0*(?P<b>{_SHORT_HEX})\}} | U000000(?P<l>{_HEX})
        | x(?P<x>{_HEX}) | (?P<o>0?[01][0-7]{{2}}) | (?P<p>[!-/:-@\[-`{{-~]) )
"""
_PERCENT = rf"%(?P<q>{_HEX})"
_ENTITY = rf"""
    &(?: \#x0*(?P<h>{_SHORT_HEX}) | \#0*(?P<d>1?[0-9]{{2}}) | (?P<n>[a-z]{{2,16}}) );?
"""
_FLAGS = re.VERBOSE | re.IGNORECASE
_ANY_ESCAPE = re.compile(f"{_BACKSLASH}|{_PERCENT}|{_ENTITY}", _FLAGS)
_ONE_KIND = tuple(re.compile(p, _FLAGS) for p in (_BACKSLASH, _PERCENT, _ENTITY))
_NAMED = {
    name.rstrip(";"): text
    for name, text in html5.items()
    if len(text) == 1 and "!" <= text <= "~"
}
# By byte: whether it is in base64 (in both alphabets) and in hexadecimal, as 1 or 0.
_IN_BASE64, _IN_HEXADECIMAL = (
    bytes(chr(code) in alphabet for code in range(256))
    for alphabet in (f"{ascii_letters}{digits}+/_-", hexdigits)
)
_LINE_BREAK = re.compile(r"(?:\\r|\\n|[\r\n])+(?=[A-Za-z0-9+/_-])")
_LINE = 60  # characters of the shortest lines into which base64 is usually wrapped
_NOT_BASE64 = re.compile(r"\\r|\\n|[\r\n]+")
_STANDARD = str.maketrans("-_", "+/")
# The members of chunks that clients join to one text.
_MEMBER = re.compile(
    r'"(content|reasoning|reasoning_content|thinking|text|arguments|name|refusal)"'
    r'\s*:\s*"((?:[^"\\]|\\.)*)"'
)
# Long text is searched in parts, so that the memory this takes has a bound.
_PART = 1 << 18
# The most characters that one character of a secret takes, encoded twice
# (`\\u005cu002f`, `%2526%252347%253B`), bounds how far neighbouring parts overlap.
_WIDEST = 24
# What precedes a match if it begins inside an escape (`\` + `n…`) or an HTML entity.
_INSIDE = re.compile(r"(?<!\\)(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3})?)\Z|(&#?\w{0,8})\Z")


class Secrets:
    """
    The secrets of a process; thread-safe.

    Usage: `SECRETS.register(key)` before the key is sent, then `SECRETS.mask(text)`
    for every text that is written.
    """

    def __init__(self, *values: str) -> None:
        """Hold *values*, as `register` does."""
        self._lock = threading.Lock()
        self._values: tuple[str, ...] = ()
        self._sought = _Sought()
        self.register(*values)

    def register(self, *values: str | None) -> None:
        """
        Mask *values* from now on; None and values of less than 8 characters are not.

        Register a secret before it is used, so that nothing can quote it before.
        """
        with self._lock:
            known = dict.fromkeys(self._values)
            known.update(
                (value, None)
                for value in values
                if value is not None and len(value) >= MIN_LENGTH
            )
            self._values = tuple(known)
            self._sought = _sought(self._values)

    def register_header(self, value: str) -> None:
        """
        Mask the *value* of a header that holds credentials, and what it is made of.

        That is the part after the scheme (`Bearer …`), and for `Basic` the user name
        with the password, and the password, too (RFC 7617).
        """
        _, _, rest = value.strip().partition(" ")
        parts = [value.strip(), rest.strip()]
        if value.strip().lower().startswith("basic "):
            try:
                decoded = base64.b64decode(rest, validate=True).decode()
            except (ValueError, binascii.Error):
                decoded = ""
            parts += [decoded, decoded.partition(":")[2]]
        self.register(*parts)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Forget at the end what is registered in this block."""
        values, sought = self._values, self._sought
        try:
            yield
        finally:
            with self._lock:
                self._values, self._sought = values, sought

    @property
    def values(self) -> tuple[str, ...]:
        """The secrets; never printed."""
        return self._values

    def mask(self, text: str) -> str:
        """
        Return *text* with `***` instead of every spelling of a secret.

        Most of a long secret (`PART`) counts as it, because text gets cut off.
        """
        spans = self._spans(text)
        if not spans:
            return text
        parts, last = [], 0
        for start, stop in spans:
            parts += [text[last:start], REDACTED]
            last = stop
        return "".join([*parts, text[last:]])

    def mask_bytes(self, data: bytes, *, stream: bool = False) -> bytes:
        """
        Return *data* with asterisks, as many as there were bytes, instead.

        *stream* states that *data* is an event stream, in which a secret may be divided
        between the deltas of a text.
        """
        if not self._values:
            return data
        # One character is one byte, whatever the encoding of the text is.
        text = data.decode("latin-1")
        spans = self._spans(text)
        if stream:
            spans += self._divided(text)
        masked = bytearray(data)
        for start, stop in spans:
            masked[start:stop] = b"*" * (stop - start)
        return bytes(masked) if spans else data

    def _divided(self, text: str) -> list[Span]:
        """Return the parts of secrets that are divided between members of one name."""
        values: dict[str, list[Span]] = {}
        for match in _MEMBER.finditer(text):
            values.setdefault(match[1], []).append(match.span(2))
        found = []
        for spans in values.values():
            joined = "".join(text[start:stop] for start, stop in spans)
            # Where each value ends in the joined text.
            ends = [*accumulate(stop - start for start, stop in spans)]
            for first, last in self._spans(joined):
                for index in range(bisect_right(ends, first), len(ends)):
                    (start, stop), end = spans[index], ends[index]
                    if end - (stop - start) >= last:
                        break
                    shift = stop - end
                    found.append((max(start, first + shift), min(stop, last + shift)))
        return found

    def places(
        self, headers: Iterable[tuple[str, str]], parts: Iterable[bytes]
    ) -> tuple[str, ...]:
        """
        Return where a response repeats a secret: "header NAME" and "body".

        *parts* are its body, in the portions in which it was read.

        Only secrets of 16 characters or more count: a shorter one may be a word, such
        as a key for tests, that a text has by itself.
        """
        with self._lock:
            secrets = [value for value in self._values if len(value) >= MIN_PART]
        if not secrets:
            return ()
        found = [
            f"header {name}"
            for name, value in headers
            if any(secret in value for secret in secrets)
        ]
        body = b"".join(parts)
        if any(secret.encode() in body for secret in secrets):
            found.append("body")
        return tuple(dict.fromkeys(found))

    def mask_deep(self, value: T) -> T:
        """
        Return *value* with every text in it masked.

        Dataclasses, mappings, tuples and lists are entered; other values are kept. What
        holds no secret is returned as the same object.
        """
        return cast("T", self._deep(value)) if self._values else value

    def _deep(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.mask(value) if type(value) is str else value
        if isinstance(value, tuple | list):
            items = [self._deep(item) for item in value]
            same = all(new is old for new, old in zip(items, value, strict=True))
            return value if same else type(value)(items)
        if isinstance(value, Mapping):
            found = {self._deep(k): self._deep(v) for k, v in value.items()}
            same = all(found.get(key) is item for key, item in value.items())
            return value if same else found
        if is_dataclass(value) and not isinstance(value, type):
            old = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
            new = {name: self._deep(item) for name, item in old.items()}
            changed = {n: item for n, item in new.items() if item is not old[n]}
            return replace(value, **changed) if changed else value
        return value

    def _spans(self, text: str) -> list[Span]:
        """Return where *text* spells a secret: disjoint spans in order."""
        sought = self._sought
        if not sought.forms or not text:
            return []
        overlap = _WIDEST * len(sought.forms[0].text)
        step = max(_PART, 2 * overlap)
        found: list[Span] = []
        for start in range(0, max(1, len(text) - overlap), step):
            part = text[start : start + step + overlap]
            found += [
                (start + a, start + b)
                for one in _found(part, sought, DEPTH)
                for a, b in [_widened(part, one)]
            ]
        found += self._cut_off(text)
        return list(_merged(found))

    def _cut_off(self, text: str) -> Iterator[Span]:
        """Yield the beginnings of secrets that were cut off by an ellipsis."""
        if "…" not in text:
            return
        for value in self._values:
            at = text.find(value[:MIN_LENGTH])
            while at >= 0:
                seen = text[at : at + len(value)]
                pairs = enumerate(zip(seen, value, strict=False))
                length = next((i for i, (a, b) in pairs if a != b), len(seen))
                if text[at + length : at + length + 1] == "…":
                    yield at, at + length
                at = text.find(value[:MIN_LENGTH], at + 1)


@dataclass(frozen=True, slots=True)
class _Form:
    """A text that is a secret, and the parts of it by which it is found."""

    text: str
    # The least number of characters of it that betray it.
    least: int
    # Parts, by where they begin. Each stretch of `least` characters has one of them.
    blocks: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the form of *text*, of which short ones are masked as a whole only."""
        length = len(text)
        least = min(length, max(MIN_PART, math.ceil(PART * length)))
        size = length if least == length else (least + 1) // 2
        starts = range(0, length - size + 1, size)
        return cls(text, least, tuple((at, text[at : at + size]) for at in starts))

    def places(self, text: str) -> Iterator[Span]:
        """Yield where *text* has this secret or most of it; some places repeatedly."""
        for offset, block in self.blocks:
            at = text.find(block)
            while at >= 0:
                start, stop = self._extent(text, at, offset, at + len(block))
                if stop - start >= self.least:
                    yield start, stop
                at = text.find(block, at + 1)

    def _extent(self, text: str, start: int, offset: int, stop: int) -> Span:
        """Return how far *text* agrees around the block from *start* to *stop*."""
        end = offset + stop - start
        while offset and start and text[start - 1] == self.text[offset - 1]:
            start, offset = start - 1, offset - 1
        while text[stop : stop + 1] == self.text[end : end + 1] != "":
            stop, end = stop + 1, end + 1
        return start, stop


@dataclass(frozen=True, slots=True)
class _Sought:
    """What betrays the secrets once its encodings are undone."""

    # The secrets as texts, the longest first.
    forms: tuple[_Form, ...] = ()
    # The escapes to decode at a time. A secret that itself looks like an escape
    # (`%41`) would not survive the decoding of another kind.
    escapes: tuple[re.Pattern[str], ...] = (_ANY_ESCAPE,)
    # The least number of characters that betray a secret.
    shortest: int = 0


def _sought(values: Iterable[str]) -> _Sought:
    forms: dict[str, None] = {}
    ambiguous = False
    for value in values:
        raw = value.encode(errors="surrogateescape").decode("latin-1")
        for form in (value, raw, value.replace(" ", "+"), value.lower(), value.upper()):
            forms[form] = None
            decoded = form
            while (further := _decoded(decoded, _ANY_ESCAPE)[0]) != decoded:
                ambiguous, decoded = True, further
                if len(decoded) >= MIN_LENGTH:
                    forms[decoded] = None
    ordered = tuple(map(_Form.of, sorted(forms, key=len, reverse=True)))
    escapes = (_ANY_ESCAPE, *(_ONE_KIND if ambiguous else ()))
    return _Sought(ordered, escapes, min((f.least for f in ordered), default=0))


def _found(text: str, sought: _Sought, depth: int) -> Iterator[Span]:
    """Yield the spans of *text* that, decoded up to *depth* times, are a secret."""
    for form in sought.forms:
        yield from form.places(text)
    if not depth:
        return
    tried: set[str] = set()
    for escape in sought.escapes:
        decoded, marks = _decoded(text, escape)
        if not marks or decoded in tried:
            continue
        tried.add(decoded)
        places = [mark[0] for mark in marks]
        for start, stop in _found(decoded, sought, depth - 1):
            yield (
                _origin(start, marks, places)[0],
                _origin(stop - 1, marks, places)[1],
            )
    yield from _in_runs(text, sought, depth - 1)


def _in_runs(text: str, sought: _Sought, depth: int) -> Iterator[Span]:
    """Yield the spans of *text* in base64 or hexadecimal whose bytes hold a secret."""
    # What is no longer latin-1 is in neither.
    data = text.encode("latin-1", "replace")
    least = min(sought.shortest * 4 // 3, _LINE)
    end, flags = 0, data.translate(_IN_BASE64)
    for start, stop in _runs(flags, least):
        if start < end:
            continue
        end = stop
        while wrap := _LINE_BREAK.match(text, end):
            end = flags.find(b"\x00", wrap.end())
            end = len(flags) if end < 0 else end
        for first, last in _in_base64(text[start:end], sought, depth):
            yield start + first, start + last
    for start, stop in _runs(data.translate(_IN_HEXADECIMAL), 2 * sought.shortest):
        for first, last in _in_hexadecimal(text[start:stop], sought, depth):
            yield start + first, start + last


def _runs(flags: bytes, least: int) -> Iterator[Span]:
    """Yield where *flags* has ones, *least* or more in a row."""
    run = b"\x01" * least
    start = flags.find(run)
    while start >= 0:
        stop = flags.find(b"\x00", start + least)
        stop = len(flags) if stop < 0 else stop
        yield start, stop
        start = flags.find(run, stop)


# An escape: where its character is in the decoded text, and its span in the source.
Mark = tuple[int, int, int]


def _decoded(text: str, escape: re.Pattern[str]) -> tuple[str, list[Mark]]:
    """Return *text* with what *escape* matches decoded once, and where that was."""
    marks: list[Mark] = []
    if not ("\\" in text or "%" in text or "&" in text):
        return text, marks
    parts: list[str] = []
    last = place = 0
    for match in escape.finditer(text):
        character = _character(match)
        if character is None:
            continue
        start, stop = match.span()
        parts += [text[last:start], character]
        place += start - last
        marks.append((place, start, stop))
        place += 1
        last = stop
    parts.append(text[last:])
    return "".join(parts), marks


def _character(match: re.Match[str]) -> str | None:
    """Return the character of an escape; None unless it is ASCII that is sought."""
    kind, value = match.lastgroup, match[match.lastgroup or 0]
    if kind == "p":
        return value
    if kind == "n":
        return _NAMED.get(value) or _NAMED.get(value.lower())
    code = int(value, {"o": 8, "d": 10}.get(kind or "", 16))
    character = chr(code)
    return character if "!" <= character <= "~" or character in "\r\n" else None


def _origin(place: int, marks: list[Mark], places: list[int]) -> Span:
    """Return the span in the source of the character at *place* of the decoded text."""
    index = bisect_right(places, place) - 1
    if index < 0:
        return place, place + 1
    at, start, stop = marks[index]
    if at == place:
        return start, stop
    source = stop + place - at - 1
    return source, source + 1


@lru_cache(maxsize=256)  # the id of a stream is in each of its chunks
def _in_base64(run: str, sought: _Sought, depth: int) -> tuple[Span, ...]:
    """Return the spans of *run*, text in base64, whose bytes hold a secret."""
    return tuple(_spans_in_base64(run, sought, depth))


@lru_cache(maxsize=256)
def _in_hexadecimal(run: str, sought: _Sought, depth: int) -> tuple[Span, ...]:
    """Return the spans of *run*, hexadecimal digits, whose bytes hold a secret."""
    return tuple(
        (offset + 2 * start, offset + 2 * stop)
        for offset in range(2)
        for start, stop in _found(
            bytes.fromhex(run[offset : offset + (len(run) - offset) // 2 * 2]).decode(
                "latin-1"
            ),
            sought,
            depth,
        )
    )


def _spans_in_base64(run: str, sought: _Sought, depth: int) -> Iterator[Span]:
    pieces = [match.span() for match in _NOT_BASE64.finditer(run)]
    plain = _NOT_BASE64.sub("", run).translate(_STANDARD)

    def source(place: int) -> int:
        for start, stop in pieces:
            if start > place:
                break
            place += stop - start
        return place

    for offset in range(4):
        length = (len(plain) - offset) // 4 * 4
        tail = len(plain) - offset - length
        # A last group of two or three characters is one or two bytes.
        padded = plain[offset:] + "=" * (4 - tail) if tail > 1 else plain[offset:]
        padded = padded[: len(padded) // 4 * 4]
        if not padded:
            continue
        text = binascii.a2b_base64(padded).decode("latin-1")
        for start, stop in _found(text, sought, depth):
            # The neighbouring characters hold bits of the secret, too.
            first = offset + start * 4 // 3
            last = min(len(plain), offset + -(-stop * 4 // 3))
            yield source(first), source(last - 1) + 1


def _widened(text: str, span: Span) -> Span:
    r"""
    Return *span* with the rest of the escape or entity in which it begins.

    What is left of `\n` if its `n` is masked would make JSON invalid.
    """
    start, stop = span
    before = _INSIDE.search(text, max(0, start - 64), start)
    if before is not None:
        start = before.start(1) if before[1] is not None else before.start(2)
    return start, stop


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield *spans* in order, those that overlap or touch as one."""
    current: Span | None = None
    for start, stop in sorted(spans):
        if current is None:
            current = start, stop
        elif start <= current[1]:
            current = current[0], max(current[1], stop)
        else:
            yield current
            current = start, stop
    if current is not None:
        yield current


SECRETS = Secrets()
"""The secrets of this process, which every output masks."""


def register_secret(*values: str | None) -> None:
    """Have every output of this process mask *values*: `Secrets.register`."""
    SECRETS.register(*values)


def sanitise(text: str) -> str:
    """
    Return *text* as every output shows text of a server: masked, inert, on one line.

    Usage: `console.print(sanitise(error_message(exchange)))`.
    """
    return escape_controls(SECRETS.mask(text))


def redact_headers(
    headers: tuple[tuple[str, str], ...], secrets: Secrets | None = None
) -> tuple[tuple[str, str], ...]:
    """
    Return *headers*, names in lower case, with credentials replaced by `***`.

    Credentials are the values of `HIDDEN_HEADERS`, and whatever spells one of the
    *secrets*; those of the process if not given.
    """
    known = SECRETS if secrets is None else secrets
    return tuple(
        (name, REDACTED if name in HIDDEN_HEADERS else known.mask(value))
        for name, value in headers
    )
