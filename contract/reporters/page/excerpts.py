"""Excerpts of exchanges: the request as a command, the response with its times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.client.credentials import KEYS
from contract.client.curl import curl
from contract.model.exchange import Exchange
from contract.model.probe import KeyMode

MOST_LINES = 60  # of a response, at its beginning and at its end together
MOST_HEADERS = 40


class Command(str):
    """A command for a shell, which the page shows whole: a part of it would not run."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a response body, as text of the server."""

    text: str
    # The time at which its first byte was read ("+0.052 s"); empty if it is that of the
    # row before.
    at: str = ""
    # The number of bytes left out before this row.
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One exchange, short enough for a page."""

    # The name of the request.
    name: str
    # The request as a command for a shell, or why there is none.
    command: Command | str
    # The status and the end in words.
    summary: str
    headers: tuple[tuple[str, str], ...]
    # Response headers that are left out.
    further_headers: int
    rows: tuple[Row, ...]
    # The number of bytes of the response body.
    size: int


def excerpt(exchange: Exchange, url: str, most: int) -> Excerpt:
    """
    Return an excerpt of *exchange* for a page.

    Args:
        exchange: What was sent and received; secrets are masked in it.
        url: The root of the API, for the command.
        most: The number of bytes of the response body that are shown; the last third
            of them are those of its end.
    """
    head, tail, size = _ends(exchange, most)
    left_out = size - sum(len(data) for _, data in (*head, *tail))
    rows = [*_rows(head)]
    for number, row in enumerate(_rows(tail)):
        rows.append(row if number else Row(row.text, row.at, left_out))
    return Excerpt(
        name=exchange.probe.name,
        command=runnable(_command(exchange, url), most),
        summary=_summary(exchange),
        headers=exchange.headers[:MOST_HEADERS],
        further_headers=max(0, len(exchange.headers) - MOST_HEADERS),
        rows=_bounded(rows),
        size=size,
    )


def runnable(command: str, most: int) -> Command | str:
    """Return *command*, or a sentence if it has more than *most* characters."""
    if len(command) <= most:
        return Command(command)
    return f"The request has {len(command):,} characters; --save DIR keeps it."


def _command(exchange: Exchange, url: str) -> str:
    keyed = exchange.request.header("authorization") is not None
    key = KEYS[0] if keyed and exchange.probe.key is not KeyMode.NONE else None
    return curl(url, exchange.request, key=key)


def _summary(exchange: Exchange) -> str:
    status = "no response" if exchange.status is None else f"status {exchange.status}"
    parts = [status, f"{exchange.end.value} after {exchange.elapsed:.3f} s"]
    if exchange.note:
        parts.append(exchange.note)
    if exchange.repeats:
        parts.append(f"repeated {exchange.repeats} times after a rate limit")
    if exchange.probe.key is not KeyMode.GIVEN:
        parts.append(f"API key: {exchange.probe.key.value}")
    return ", ".join(parts)


Part = tuple[float, bytes]


def _ends(exchange: Exchange, most: int) -> tuple[list[Part], list[Part], int]:
    """
    Return the beginning and the end of the body as (time, bytes), and its whole size.

    The body may be on the disk, so it is read once and in portions.
    """
    first = most - most // 3
    head: list[Part] = []
    tail: list[Part] = []
    room, kept, size = first, 0, 0
    for arrival in exchange.arrivals:
        size += len(arrival.data)
        data = arrival.data
        if room > 0:
            head.append((arrival.at, data[:room]))
            data, room = data[room:], room - len(data)
        if not data:
            continue
        # Only the last bytes of a long portion can be part of the end.
        data = data[-(most // 3 or 1) :]
        tail.append((arrival.at, data))
        kept += len(data)
        while tail and kept - len(tail[0][1]) >= most // 3:
            kept -= len(tail.pop(0)[1])
    if tail and kept > most // 3:
        at, data = tail[0]
        tail[0] = (at, data[kept - most // 3 :])
    return head, [(at, data) for at, data in tail if data], size


def _rows(parts: list[Part]) -> Iterator[Row]:
    """Yield the lines of the body; each begins where a line or a portion begins."""
    line = b""
    since = ""
    for at, data in parts:
        for number, piece in enumerate(data.split(b"\n")):
            if number:
                yield Row(line.decode(errors="replace"), since)
                line, since = b"", ""
            if piece and not line:
                since = f"+{at:.3f} s"
            line += piece
    if line:
        yield Row(line.decode(errors="replace"), since)


def _bounded(rows: list[Row]) -> tuple[Row, ...]:
    """Return *rows* without blank ones, and without those in the middle of many."""
    filled = [row for row in rows if row.text.strip("\r") or row.left_out]
    if len(filled) > MOST_LINES:
        head = filled[: MOST_LINES * 2 // 3]
        tail = filled[-(MOST_LINES - len(head)) :]
        between = filled[len(head) : -len(tail)]
        gone = sum(len(row.text.encode()) + row.left_out for row in between)
        tail[0] = Row(tail[0].text, tail[0].at, gone + tail[0].left_out)
        filled = [*head, *tail]
    times = ""
    shown = []
    for row in filled:
        shown.append(Row(row.text, "" if row.at == times else row.at, row.left_out))
        times = row.at or times
    return tuple(shown)
