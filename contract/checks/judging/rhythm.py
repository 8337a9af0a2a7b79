"""The rhythm of a stream: how far its text is spread, and where it pauses."""

from __future__ import annotations

from contract.model.check import Finding, Findings
from contract.model.exchange import Exchange
from contract.model.timing import percentile

# A shorter generation cannot be distinguished from a whole response by its timing.
SHORTEST_JUDGED_SECONDS = 0.2
# Text is held back if it is spread over less than this part of its generation. Tokens
# that are not shown, and several tokens in one event, make the spread smaller.
PART_SHOWN = 1 / 5


def spread_of(exchange: Exchange) -> float:
    """Return the seconds from the first text of a stream to the last."""
    marks = exchange.timing.marks
    return marks[-1].at - marks[0].at if marks else 0.0


def stalls(exchange: Exchange, place: str) -> Findings:
    """
    Yield a finding if a stream pauses in the middle; *place* is where, for the finding.

    A stall is a gap of over two seconds and of twenty times the stream's median. It
    needs no budget: a slow model has long gaps everywhere, but no stall.
    """
    timing = exchange.timing
    icl = timing.icl
    median, longest = percentile(icl, 50), max(icl, default=0.0)
    limit = timing.stall_limit
    if median is not None and limit is not None and longest > limit:
        yield Finding(
            "the stream stalled",
            expected=f"gaps near the median of {seconds(median)}",
            actual=f"a gap of {seconds(longest)}",
            at=f"{place}, text {icl.index(longest) + 2}",
        )


def seconds(value: float) -> str:
    """Return a duration as text, in seconds or milliseconds."""
    return f"{value:.2f} s" if abs(value) >= 1 else f"{1_000 * value:.1f} ms"
