"""What a run of claims found: as JSON of the format `claims-v1`, and as lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.claims import intervals
from contract.claims.design import Design
from contract.claims.ledger import Entry
from contract.claims.published import Figure
from contract.claims.running import Found
from contract.claims.verdict import Outcome, Verdict
from contract.model.chat import Json
from contract.model.interval import Interval

FORMAT = "claims-v1"
_TITLES = {
    "wilson": "independent answers (Wilson)",
    "exact": "independent answers (exact)",
    "within_items": "the same items again",
    "clustered": "other items like these",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A run with its verdict."""

    target: str
    profile: str
    model: str
    # The name of the set.
    items: str
    figure: Figure
    design: Design
    found: Found
    # The last answer to each item and draw.
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict; a run that was stopped and had not decided is inconclusive."""
        return self.found.decision.verdict

    @property
    def _remarks(self) -> tuple[str, ...]:
        """All notes, with what the answers show of the endpoint."""
        empty = sum(
            not one.answer.strip() and one.finish == "stop" for one in self.entries
        )
        if not empty:
            return (*self.notes, *self.found.notes)
        shown = (
            f"{empty} answers were empty, and count as wrong: `magistral-contract "
            "verify TARGET` shows whether their text is in another field"
        )
        return (*self.notes, *self.found.notes, shown)

    @property
    def _counts(self) -> list[tuple[int, int]]:
        by: dict[str, list[bool]] = {}
        for one in self.entries:
            if one.outcome is not Outcome.REFUSED:
                right = one.outcome is Outcome.RIGHT
                by.setdefault(one.item, []).append(right)
        return [(sum(found), len(found)) for found in by.values()]

    @property
    def intervals(self) -> Mapping[str, Interval | None]:
        """The intervals of the rate, by name; refused answers do not count."""
        counts = self._counts
        hits, count = sum(h for h, _ in counts), sum(c for _, c in counts)
        return {
            "wilson": intervals.wilson(hits, count),
            "exact": intervals.exact(hits, count),
            "within_items": intervals.within_items(counts),
            "clustered": intervals.clustered(counts),
        }

    @property
    def json(self) -> dict[str, Json]:
        """The result as a JSON object of the format `claims-v1`."""
        outcomes = Counter(one.outcome for one in self.entries)
        by = {
            name: None if at is None else [at.low, at.high]
            for name, at in self.intervals.items()
        }
        return {
            "format": FORMAT,
            "target": self.target,
            "profile": self.profile,
            "model": self.model,
            "set": self.items,
            "verdict": str(self.verdict),
            "why": self.found.decision.why,
            "rate": intervals.rate(self._counts),
            "published": self.figure.share,
            "of": self.figure.of,
            "source": self.figure.source,
            "unread": self.figure.unread,
            "margin": self.design.margin,
            "error": self.design.error,
            "covered": self.design.covered,
            "answers": len(self.entries),
            "outcomes": {str(one): outcomes[one] for one in Outcome},
            "intervals": by,  # type: ignore[dict-item]  # lists of numbers are JSON
            "tokens": sum(one.tokens for one in self.entries),
            "stopped": self.found.stopped,
            "notes": [*self._remarks],
        }

    @property
    def lines(self) -> Sequence[str]:
        """The result for a terminal."""
        outcomes = Counter(one.outcome for one in self.entries)
        apart = ", ".join(f"{outcomes[one]} {one}" for one in Outcome)
        rate = intervals.rate(self._counts)
        shown = "no answer" if rate is None else f"{100 * rate:.1f} %"
        found = [
            f"{str(self.verdict).upper()}: {self.found.decision.why}",
            f"  rate       {shown} of {len(self.entries)} answers: {apart}",
            f"  published  {self.figure.percent} ({self.figure.of})",
        ]
        if self.figure.unread:
            found.append(f"             {self.figure.unread}")
        found += [
            f"  95 %       {100 * at.low:.1f} to {100 * at.high:.1f} %, {_TITLES[name]}"
            for name, at in self.intervals.items()
            if at is not None
        ]
        found += [f"  note       {note}" for note in self._remarks]
        return found
