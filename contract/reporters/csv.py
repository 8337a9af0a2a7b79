"""CSV reporter: one row per exchange, with its times and sizes, for spreadsheets."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from contract.model.chat import PieceKind
from contract.model.escape import escape_controls
from contract.model.exchange import Exchange
from contract.model.timing import percentile
from contract.reporters.base import by_target, reporter
from contract.run.report import Report, Result

# The columns. Times end with _s and are seconds since the request was sent.
COLUMNS = (
    "target",
    "profile",
    "model",
    "probe",  # the name of the request
    "sample",  # the number of the exchange among those of its probe, from 1
    "checks",  # the ids of the checks that sent it or share it, separated by blanks
    "alone",  # true if no other request of the run was open at the same time
    "sent_at",  # ISO 8601 in UTC
    "streamed",  # true if the response is an event stream
    "status",
    "end",  # complete, timeout, …: times of what broke off are those until then
    "repeats",  # how often a rate limit rejected it
    "ttfb_s",
    "ttft_s",  # of streams only, as are ttfo_s, tpot_s and the gaps
    "ttfo_s",
    "tpot_s",
    "icl_p95_s",
    "icl_max_s",
    "e2e_s",
    "prompt_tokens",  # as the usage states them, as are completion_tokens
    "completion_tokens",
    "reasoning_characters",  # of all choices, as are answer_characters
    "answer_characters",
    "body_bytes",
    "note",  # why it ended early, or why a target has no exchange
)
Row = dict[str, str | int | None]
# What a spreadsheet evaluates at the beginning of a cell, also after blanks (OWASP,
# "CSV Injection"); tabs and line breaks have been escaped before.
_FORMULA = re.compile(r"\A\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")


@reporter("csv", suffix=".csv")
def as_csv(report: Report) -> str:
    """
    Return a row per exchange, in the order of the checks, below the `COLUMNS`.

    An exchange that several checks share has one row. A cell is empty if there is no
    such value. A target of which no exchange is known has one row with the reason.
    Text that a spreadsheet would evaluate begins with an apostrophe.

    Usage: `--report csv=latency.csv`.
    """
    page = io.StringIO()
    writer = csv.DictWriter(page, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for part in by_target(report):
        for row in _rows(part):
            writer.writerow({name: _cell(value) for name, value in row.items()})
    return page.getvalue()


def _rows(part: Report) -> Iterator[Row]:
    header = next(iter(part.headers), None)
    target = header.target if header else part.results[0].target
    origin: Row = {"target": target}
    if header:
        origin |= {"profile": header.profile, "model": header.model}
    found = _shared(part)
    if not found:
        why = header.trouble if header else ""
        yield {**origin, "note": why or "no exchange is known"}
    samples: dict[str, int] = {}
    for exchange, results in found:
        probe = exchange.probe.name
        samples[probe] = samples.get(probe, 0) + 1
        yield {
            **origin,
            "probe": probe,
            "sample": samples[probe],
            "checks": " ".join(dict.fromkeys(one.check.id for one in results)),
            "alone": _truth(any(one.check.alone for one in results)),
            **_measured(exchange),
        }


def _shared(part: Report) -> list[tuple[Exchange, list[Result]]]:
    """
    Return each exchange once, with the results that it belongs to.

    Results that pytest sent from one process to another have copies of it.
    """
    found: dict[object, tuple[Exchange, list[Result]]] = {}
    for result in part.results:
        for exchange in result.exchanges:
            key: object = id(exchange)
            if exchange.sent_at is not None:
                key = (exchange.request, exchange.sent_at, exchange.elapsed)
            found.setdefault(key, (exchange, []))[1].append(result)
    return list(found.values())


def _measured(exchange: Exchange) -> Row:
    timing = exchange.timing
    gaps = timing.icl
    # All text of a whole body arrives at once, at `e2e_s`.
    whole = not exchange.streamed
    sent = exchange.sent_at
    return {
        "sent_at": None if sent is None else _moment(sent),
        "streamed": _truth(exchange.streamed),
        "status": exchange.status,
        "end": exchange.end.value,
        "repeats": exchange.repeats,
        "ttfb_s": _seconds(timing.ttfb),
        "ttft_s": _seconds(None if whole else timing.ttft),
        "ttfo_s": _seconds(None if whole else timing.ttfo),
        "tpot_s": _seconds(None if whole else timing.tpot),
        "icl_p95_s": _seconds(percentile(gaps, 95)),
        "icl_max_s": _seconds(max(gaps, default=None)),
        "e2e_s": _seconds(timing.e2e),
        "prompt_tokens": exchange.count("prompt_tokens"),
        "completion_tokens": exchange.count("completion_tokens"),
        "reasoning_characters": _characters(exchange, PieceKind.REASONING),
        "answer_characters": _characters(exchange, PieceKind.ANSWER),
        "body_bytes": exchange.size,
        "note": exchange.note,
    }


def _characters(exchange: Exchange, kind: PieceKind) -> int:
    return sum(map(len, exchange.texts_of(kind).values()))


def _moment(seconds: float) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # of a recording that was edited
        return ""
    return moment.isoformat(timespec="milliseconds")


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.6f}"


def _truth(value: bool) -> str:  # noqa: FBT001  # the value to print
    return "true" if value else "false"


def _cell(value: str | int | None) -> str:
    """Return *value* on one line, so that no spreadsheet evaluates it."""
    shown = "" if value is None else escape_controls(str(value))
    if isinstance(value, str) and _FORMULA.match(shown):
        return f"'{shown}"
    return shown
