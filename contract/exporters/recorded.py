"""The exchanges of a run as named examples: PASS and FAIL, with times and figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contract.exporters.base import Source
from contract.model.chat import Json
from contract.model.exchange import Exchange
from contract.model.strict_json import MISSING, read_json
from contract.reporters.base import format_figure
from contract.run.report import Outcome, Result

# The bytes of one response, and of all of them; a longer one stays in the recording.
MOST_EACH, MOST_ALL = 32 * 2**10, 2 * 2**20
_ORDER = (Outcome.FAIL, Outcome.WAIVED, Outcome.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One exchange of a run."""

    # The name for people: `FAIL usage.sums-up`, with the request if there are several.
    name: str
    # The name as a key of a map: `fail-usage.sums-up`.
    key: str
    # Time, status and figures, in one line.
    description: str
    method: str
    # The path without its query, as the document has it.
    path: str
    status: int
    streamed: bool
    # The body of the request; None if it is not JSON or is too long.
    request: Json
    # The body of the response: JSON, or text.
    response: Json


def recorded(source: Source) -> Iterator[Recorded]:
    """
    Yield the exchanges of the run of *source*, those of failed checks first.

    An exchange that several checks share is yielded once for each of them that failed,
    and otherwise for the first. Those that are too long are left out, and none follows
    once there are `MOST_ALL` bytes.
    """
    if source.report is None:
        return
    several = len(source.report.headers) > 1
    seen: set[int] = set()
    keys: set[str] = set()
    total = 0
    for outcome in _ORDER:
        for result in source.report.results:
            if result.outcome is not outcome:
                continue
            for exchange in result.exchanges:
                repeated = id(exchange) in seen and outcome is not Outcome.FAIL
                size = exchange.size + len(exchange.request.body)
                if exchange.status is None or repeated or size > MOST_EACH:
                    continue
                total += size
                if total > MOST_ALL:
                    return
                seen.add(id(exchange))
                yield _recorded(result, exchange, keys, several=several)


def _recorded(
    result: Result, exchange: Exchange, keys: set[str], *, several: bool
) -> Recorded:
    name = f"{result.outcome.value.upper()} {result.check.id}"
    if len(result.exchanges) > 1:
        sample = f" {exchange.probe.sample + 1}" if exchange.probe.sample else ""
        name += f", {exchange.probe.name}{sample}"
    if several:
        name += f", {result.target}"
    key = base = re.sub(r"[^A-Za-z0-9._-]+", "-", name.lower()).strip("-")
    number = 1
    while key in keys:
        number += 1
        key = f"{base}-{number}"
    keys.add(key)
    request = read_json(exchange.request.body)
    body = exchange.text if exchange.streamed or not exchange.is_json else exchange.json
    return Recorded(
        name=name if key == base else f"{name} ({number})",
        key=key,
        description=describe(result, exchange),
        method=exchange.request.method,
        path=exchange.probe.path.partition("?")[0],
        status=exchange.status or 0,
        streamed=exchange.streamed,
        request=None if request is MISSING else request,  # type: ignore[arg-type]
        response=body,
    )


def describe(result: Result, exchange: Exchange) -> str:
    """Return what was measured and found, in one line."""
    parts = [f"status {exchange.status}", f"{1_000 * exchange.elapsed:.0f} ms"]
    if exchange.timing.ttft is not None:
        parts.append(f"first text after {1_000 * exchange.timing.ttft:.0f} ms")
    parts += [
        f"{name} {format_figure(name.rpartition('_')[0], value)}"
        for name, value in sorted(result.figures.items())
    ]
    parts += [finding.message for finding in result.findings[:2]]
    return "; ".join(parts)
