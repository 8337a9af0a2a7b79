"""Rows of a table of recordings: one server each, judged, and what was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from contract.catalog.providers import providers
from contract.model.check import shorten
from contract.model.exchange import Exchange
from contract.model.profile import Profile
from contract.model.redaction import SECRETS
from contract.reporters.base import (
    by_family,
    causes_first,
    format_figure,
    mask_report,
    observed_in,
    verdict_word,
)
from contract.run.beside import Beside, Claim, Identity
from contract.run.report import Header, Outcome, Report, Result

NOT_MEASURED = "not measured"
NOT_RECORDED = "not recorded"
NOT_STATED = "not stated"
KEPT = "PASSED"
MOST_BUILDS = 2  # that are named in one cell
# The latencies of a row, in the order shown.
METRICS = ("ttft", "ttfo", "tpot")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One recording, judged."""

    # The name that distinguishes it from other rows: its folder, or its path.
    name: str
    # The results of its only target, without exchanges.
    report: Report
    beside: Beside
    # The engine and its version, as a person or the server states them; empty
    # without either.
    engine: str
    version: str
    # p50 and p95 in seconds by metric, and the number of streams they are of.
    latencies: Mapping[str, Mapping[str, float]]
    streams: int

    @property
    def header(self) -> Header:
        """The header of the run that made the recording."""
        return self.report.headers[0]

    @property
    def verdict(self) -> str:
        """The verdict in one word, as a run reports it."""
        return verdict_word(self.report)

    @property
    def kept(self) -> bool:
        """Whether the contract is kept: no MUST failed, and all was judged."""
        return self.verdict == KEPT

    @property
    def failed(self) -> tuple[Result, ...]:
        """The checks that failed or could not be judged, causes first."""
        errors = (r for r in self.report.results if r.outcome is Outcome.ERROR)
        return (*causes_first(self.report), *errors)

    @property
    def waived(self) -> tuple[Result, ...]:
        """The checks that failed for a reason that the profile states."""
        return tuple(r for r in self.report.results if r.outcome is Outcome.WAIVED)

    @property
    def counts(self) -> Counter[str]:
        """The number of checks by what the table calls their outcome."""
        return Counter(
            outcome_of(self.report, result) for result in self.report.results
        )

    @property
    def families(self) -> Mapping[str, Counter[str]]:
        """The number of checks by family and by what the table calls their outcome."""
        found: dict[str, Counter[str]] = {
            family: Counter() for family in by_family(self.report.results)
        }
        for result in self.report.results:
            found[result.check.family][outcome_of(self.report, result)] += 1
        return found

    @property
    def identity(self) -> str:
        """What `identify` found, in words."""
        return identity_in_words(self.beside.identity)

    @property
    def claims(self) -> tuple[str, ...]:
        """What `claims` found of each set, in words; one text without any."""
        found = tuple(map(claim_in_words, self.beside.claims))
        return found or (NOT_MEASURED,)

    @property
    def remarks(self) -> Iterator[str]:
        """What a reader has to know of this row, one sentence each."""
        if self.header.trouble:
            yield f"Not fully judged: {self.header.trouble}"
        if self.beside.about.remark:
            yield self.beside.about.remark
        for name, model in self._measured_models():
            if model and model != self.header.model:
                yield (
                    f"{name} was measured with the model {shorten(model)}, and this "
                    f"recording is of {shorten(self.header.model)}."
                )

    def _measured_models(self) -> Iterator[tuple[str, str]]:
        if self.beside.identity is not None:
            yield "The identity", self.beside.identity.model
        for claim in self.beside.claims:
            yield f"The figure of {shorten(claim.name)}", claim.model

    def latency(self, metric: str) -> str:
        """Return p50 and p95 of *metric* in words."""
        found = self.latencies.get(metric)
        if not found:
            return NOT_RECORDED
        return " / ".join(format_figure(metric, found[p]) for p in ("p50", "p95"))


def row(  # noqa: PLR0913  # each is a part of a recording
    name: str,
    *,
    header: Header,
    results: Iterable[Result],
    exchanges: Iterable[Exchange],
    profile: Profile,
    beside: Beside,
) -> Row:
    """
    Return the row of one recording, with the secrets of this process masked.

    Args:
        name: The name that distinguishes it from other rows.
        header: The header of the run that made it.
        results: The results of all checks on it; their exchanges are dropped.
        exchanges: All of its exchanges, for times and for what the server states.
        profile: The profile that it was judged by.
        beside: What lies beside it.
    """
    everything = tuple(exchanges)
    latencies, streams = observed_in(everything)
    about = beside.about
    report = Report(
        headers=(header,),
        results=tuple(replace(result, exchanges=()) for result in results),
    )
    return Row(
        name=name,
        report=mask_report(report),
        beside=SECRETS.mask_deep(beside),
        engine=SECRETS.mask(about.engine or provider_of(profile)),
        version=SECRETS.mask(about.version or _builds(everything)),
        latencies=latencies,
        streams=streams,
    )


def provider_of(profile: Profile) -> str:
    """Return the id of the provider whose dialect *profile* has; "" if none has it."""
    return next(
        (p.id for p in providers().values() if profile.dialect in p.dialects), ""
    )


def _builds(exchanges: Iterable[Exchange]) -> str:
    """Return the builds that a server states in its replies (`system_fingerprint`)."""
    found: dict[str, None] = {}
    for exchange in exchanges:
        stated = exchange.raw_json
        if exchange.streamed and exchange.folded:
            stated = exchange.folded[0].json
        build = stated.get("system_fingerprint") if isinstance(stated, dict) else None
        if isinstance(build, str) and build.strip():
            found[shorten(build.strip())] = None
    names = [*found]
    more = len(names) - MOST_BUILDS
    return ", ".join(names[:MOST_BUILDS]) + (f" and {more} more" if more > 0 else "")


def outcome_of(report: Report, result: Result) -> str:
    """Return the outcome of *result*: that of the run, or "warning" for a SHOULD."""
    return "warning" if report.is_warning(result) else result.outcome.value


def cell(counts: Mapping[str, int]) -> str:
    """
    Return what a family did, in words: "12", "1 failed, 2 waived of 14".

    A number alone is that of the checks that passed, which are all that were judged; an
    empty text stands for none.
    """
    judged = sum(n for outcome, n in counts.items() if outcome != Outcome.SKIP)
    parts = [
        f"{counts[outcome]} {word}"
        for outcome, word in WORDS.items()
        if counts.get(outcome)
    ]
    if parts:
        return f"{', '.join(parts)} of {judged}"
    return str(judged) if judged else ""


# What a cell says beside the number of checks that passed, the worst first.
WORDS = {
    "fail": "failed",
    "error": "in error",
    "warning": "warned",
    "waived": "waived",
}


def mark(counts: Mapping[str, int]) -> str:
    """Return the worst outcome in *counts*, "skip" if nothing was judged."""
    return next(
        (outcome for outcome in (*WORDS, Outcome.PASS) if counts.get(outcome)),
        Outcome.SKIP.value,
    )


def families(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the families of all rows, sorted by name."""
    return tuple(sorted({family for one in rows for family in one.families}))


def identity_in_words(identity: Identity | None) -> str:
    """Return "same", "cannot tell", or in what it differs."""
    if identity is None:
        return NOT_MEASURED
    if identity.differs_in:
        return f"different: {', '.join(identity.differs_in)}"
    return identity.verdict.replace("-", " ")


def claim_in_words(claim: Claim) -> str:
    """Return what was found of one set: verdict, measured and published share."""
    words = f"{claim.name} {claim.verdict}"
    if claim.rate is not None:
        words += f": {claim.rate:.1%} of {claim.answers} answers"
    else:
        words += f": {claim.answers} answers"
    if claim.published is not None:
        words += f", published {claim.published:.2%}"
    return words


def summary(rows: Iterable[Row]) -> str:
    """Return how many of the *rows* keep the contract, as a sentence."""
    found = tuple(rows)
    kept = sum(one.kept for one in found)
    if len(found) == 1:
        return f"{'It keeps' if kept else 'It does not keep'} the contract."
    return f"{kept} of {len(found)} recordings keep the contract."
