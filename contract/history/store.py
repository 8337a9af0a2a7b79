"""Runs in a database: stored with what changed, found again, and removed."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sql

from contract.errors import UsageError
from contract.history.database import PATIENCE, Database, open_database, vacuum
from contract.history.latency import Latency, latencies
from contract.history.tables import LATENCIES, REPORTS, RESULTS, RUNS, SELECTIONS
from contract.model.interval import Interval
from contract.model.redaction import SECRETS
from contract.reporters.base import by_target, mask_report, verdict_word
from contract.reporters.changes import known_failures, newly_failed
from contract.run.reading import report_from_json
from contract.run.report import Outcome, Report, Result, to_json

_BATCH = 500  # runs that are read, or removed, at once
_LONGEST = 2_000  # characters of the message of a result
_LEVEL = 6  # of zlib; 9 saves 1 % for twice the time
MOST_REPORT = 1 << 28  # bytes of one report
_COUNTS = {
    "passed": Outcome.PASS,
    "failed": Outcome.FAIL,
    "waived": Outcome.WAIVED,
    "skipped": Outcome.SKIP,
    "errors": Outcome.ERROR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of one target, without its results."""

    id: int
    # When it began, ISO 8601 in UTC.
    started: str
    # The verb: verify, replay, fuzz or watch.
    kind: str
    target: str
    profile: str
    model: str
    version: str
    seconds: float
    requests: int
    # The verdict in one word, and its exit code.
    verdict: str
    exit_code: int
    trouble: str
    # The run that it was compared with, which may be removed by now, and the number of
    # checks that got worse since; None without one.
    earlier: int | None
    broken: int | None
    passed: int
    failed: int
    waived: int
    skipped: int
    errors: int


_RUN_COLUMNS = tuple(RUNS.c[name] for name in Run.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A report that was stored."""

    # With the earlier runs as its baseline, unless it has one already.
    report: Report
    # The id of the run of each target, and of the run that it was compared with.
    ids: Mapping[str, int]
    earlier: Mapping[str, int]


class History:
    """
    The runs of targets in a database.

    Usage::

        history = History.open("history.db")
        report = history.add(report, kind="verify").report
        for run in history.runs(target="mock"):
            print(run.id, run.started, run.verdict)
    """

    def __init__(self, database: Database) -> None:
        """Use *database*, which `open_database` returned."""
        self.database = database

    @classmethod
    def open(
        cls, place: str, *, patience: float = PATIENCE, read_only: bool = False
    ) -> History:
        """Return the history at *place*; the parameters are `open_database`'s."""
        return cls(open_database(place, patience=patience, read_only=read_only))

    def close(self) -> None:
        """Close the database; it is opened again when it is used."""
        self.database.close()

    @property
    def name(self) -> str:
        """The place in words, without a password."""
        return self.database.name

    # ---- adding ------------------------------------------------------------------

    def add(self, report: Report, *, kind: str, only_new: bool = False) -> Kept:
        """
        Store each target of *report* as a run; return it with the earlier runs.

        All runs are committed when this returns. Each is compared with the last run of
        the same target, profile and verb: of those whose checks have the most in
        common with its own, the last that was fully judged. With *only_new*, failures
        of that run do not fail this one. Secrets of the process are masked. Raises
        `UsageError` if the database cannot be written; nothing is stored then.
        """
        masked = mask_report(report)
        ids: dict[str, int] = {}
        earlier: dict[str, int] = {}
        baselines: list[Report] = []
        with self.database.writing() as connection:
            for part in by_target(masked):
                if not part.headers:
                    continue
                target, whole = part.headers[0].target, part
                if part.baseline is None:
                    run, before = _before(connection, part, kind)
                    whole = replace(part, baseline=before)
                    if run is not None and before is not None:
                        earlier[target] = run
                        baselines.append(before)
                if only_new:
                    whole = replace(whole, known=known_failures(whole))
                ids[target] = _insert(connection, whole, kind, earlier.get(target))
        if report.baseline is None and baselines:
            report = replace(report, baseline=_merged(baselines))
        if only_new:
            report = replace(report, known=known_failures(report))
        return Kept(report, ids, earlier)

    # ---- reading -----------------------------------------------------------------

    def runs(
        self, *, target: str | None = None, last: int | None = None
    ) -> Iterator[Run]:
        """
        Yield the runs, the newest first; only *target*'s, and only the *last* ones.

        They are read in portions, each of one state: what others add meanwhile is
        newer, and not among them.
        """
        left = last
        before: int | None = None
        while left is None or left > 0:
            size = _BATCH if left is None else min(_BATCH, left)
            query = sql.select(*_RUN_COLUMNS).order_by(RUNS.c.id.desc()).limit(size)
            if target is not None:
                query = query.where(RUNS.c.target == target)
            if before is not None:
                query = query.where(RUNS.c.id < before)
            with self.database.reading() as connection:
                rows = connection.execute(query).all()
            for row in rows:
                yield _run(row)
            if len(rows) < size:
                return
            before = rows[-1].id
            left = None if left is None else left - len(rows)

    def targets(self) -> tuple[tuple[str, str], ...]:
        """Return each target with its profile, those with the newest run first."""
        query = (
            sql.select(RUNS.c.target, RUNS.c.profile)
            .group_by(RUNS.c.target, RUNS.c.profile)
            .order_by(sql.func.max(RUNS.c.id).desc())
        )
        with self.database.reading() as connection:
            return tuple((row.target, row.profile) for row in connection.execute(query))

    def run(self, id: int) -> Run:
        """Return the run *id*; raise `UsageError` if there is none."""
        with self.database.reading() as connection:
            row = connection.execute(
                sql.select(*_RUN_COLUMNS).where(RUNS.c.id == id)
            ).one_or_none()
        if row is None:
            raise self._missing(id)
        return _run(row)

    def document(self, id: int) -> dict[str, Any]:
        """Return the report of the run *id* as JSON (report-v1, without requests)."""
        with self.database.reading() as connection:
            body = _body(connection, id)
        if body is None:
            raise self._missing(id)
        return _decoded(body, f"run {id} of {self.name}")

    def report(self, id: int) -> Report:
        """Return the report of the run *id*; raise `UsageError` if there is none."""
        return report_from_json(self.document(id), f"run {id} of {self.name}")

    def compared(self, id: int) -> Report:
        """
        Return the report of the run *id* with the run that it was compared with.

        Without that if there was none, or if it was removed. Raises `UsageError` if
        there is no run *id*.
        """
        report, earlier = self.report(id), self.run(id).earlier
        if earlier is None:
            return report
        with self.database.reading() as connection:
            return replace(report, baseline=_baseline(connection, report, earlier))

    def _missing(self, id: int) -> UsageError:
        return UsageError(
            f"{self.name} has no run {id}; magistral-contract history list shows them."
        )

    def selections(self, ids: Iterable[int]) -> Mapping[int, frozenset[str]]:
        """Return the ids of the checks that each of the runs *ids* had, by run."""
        wanted = tuple(ids)
        with self.database.reading() as connection:
            rows = connection.execute(
                sql.select(RUNS.c.id, RUNS.c.selection).where(RUNS.c.id.in_(wanted))
            ).all()
            lists = connection.execute(
                sql.select(SELECTIONS.c.id, SELECTIONS.c.checks).where(
                    SELECTIONS.c.id.in_({row.selection for row in rows})
                )
            )
            checks = {row.id: frozenset(row.checks.split()) for row in lists}
        return {row.id: checks[row.selection] for row in rows}

    def outcomes(self, ids: Iterable[int]) -> Mapping[str, Mapping[int, str]]:
        """Return what did not pass in the runs *ids*: outcomes by check and run."""
        found: dict[str, dict[int, str]] = {}
        query = sql.select(RESULTS.c.check_id, RESULTS.c.run, RESULTS.c.outcome).where(
            RESULTS.c.run.in_(tuple(ids))
        )
        with self.database.reading() as connection:
            for row in connection.execute(query):
                found.setdefault(row.check_id, {})[row.run] = row.outcome
        return found

    def latencies(self, ids: Iterable[int]) -> Mapping[int, tuple[Latency, ...]]:
        """Return the latencies of the runs *ids*, by run."""
        with self.database.reading() as connection:
            return _latencies(connection, ids)

    # ---- removing ----------------------------------------------------------------

    def prune(self, *, keep: int | None = None, before: str | None = None) -> int:
        """
        Remove runs and return their number; the space is given back to the disk.

        Args:
            keep: The number of newest runs of each target and profile that stay.
            before: Runs that began earlier are removed, ISO 8601 in UTC.
        """
        rank = (
            sql.func.row_number()
            .over(
                partition_by=(RUNS.c.target, RUNS.c.profile),
                order_by=RUNS.c.id.desc(),
            )
            .label("rank")
        )
        ranked = sql.select(RUNS.c.id, RUNS.c.started, rank).subquery()
        query = sql.select(ranked.c.id)
        if keep is not None:
            query = query.where(ranked.c.rank > keep)
        if before is not None:
            query = query.where(ranked.c.started < before)
        with self.database.reading() as connection:
            doomed = connection.execute(query).scalars().all()
        for start in range(0, len(doomed), _BATCH):
            # In portions, so that a run that ends meanwhile need not wait long.
            ids = doomed[start : start + _BATCH]
            with self.database.writing() as connection:
                connection.execute(sql.delete(RUNS).where(RUNS.c.id.in_(ids)))
        if doomed:
            vacuum(self.database)
        return len(doomed)


def _run(row: sql.Row[Any]) -> Run:
    return Run(**dict(zip(Run.__dataclass_fields__, row, strict=True)))


# ---- one run ---------------------------------------------------------------------


def _insert(
    connection: sql.Connection,
    part: Report,
    kind: str,
    earlier: int | None,
) -> int:
    """Insert *part*, the report of one target; return the id of the run."""
    header = part.headers[0]
    counts = part.counts
    verdict = verdict_word(part)
    run: int = connection.execute(
        sql.insert(RUNS)
        .values(
            started=header.started,
            kind=kind,
            target=_storable(header.target),
            profile=_storable(header.profile),
            model=_storable(header.model),
            version=header.version,
            selection=_selection(connection, part),
            seconds=header.seconds,
            requests=header.requests,
            verdict=verdict,
            exit_code=part.exit_code,
            trouble=_storable(header.trouble),
            whole=not header.trouble,
            earlier=earlier,
            broken=None if part.baseline is None else len(newly_failed(part)),
            **{name: counts.get(outcome, 0) for name, outcome in _COUNTS.items()},
        )
        .returning(RUNS.c.id)
    ).scalar_one()
    results = {
        result.check.id: {
            "run": run,
            "check_id": result.check.id,
            "level": result.check.level.value,
            "outcome": result.outcome.value,
            "message": _message(result),
        }
        for result in part.results
        if result.outcome is not Outcome.PASS
    }
    if results:
        connection.execute(sql.insert(RESULTS), list(results.values()))
    figures = [
        {
            "run": run,
            "metric": one.metric,
            "alone": one.alone,
            "samples": one.samples,
            "p50": one.p50.seen,
            "p50_low": one.p50.low,
            "p50_high": one.p50.high,
            "p95": one.p95.seen,
            "p95_low": one.p95.low,
            "p95_high": one.p95.high,
        }
        for one in latencies(part)
    ]
    if figures:
        connection.execute(sql.insert(LATENCIES), figures)
    connection.execute(sql.insert(REPORTS).values(run=run, body=_encoded(part)))
    return run


def _selection(connection: sql.Connection, part: Report) -> int:
    """Return the id of the list of the checks in *part*, added if it is new."""
    checks = "\n".join(sorted({result.check.id for result in part.results}))
    digest = hashlib.sha256(checks.encode()).hexdigest()
    query = sql.select(SELECTIONS.c.id).where(SELECTIONS.c.digest == digest)
    found = connection.execute(query).scalar_one_or_none()
    if found is not None:
        return int(found)
    try:
        with connection.begin_nested():  # another session may add the same list
            added = sql.insert(SELECTIONS).values(digest=digest, checks=checks)
            connection.execute(added)
    except sql.exc.IntegrityError:
        pass
    return int(connection.execute(query).scalar_one())


def _message(result: Result) -> str:
    texts = [*(finding.message for finding in result.findings), result.reason]
    return _storable(next((text for text in texts if text), "")[:_LONGEST])


def _storable(text: str) -> str:
    """Return *text* without what a column cannot hold: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _encoded(part: Report) -> bytes:
    document: dict[str, Any] = to_json(part)
    results = [{**one, "requests": []} for one in document["results"]]
    text = json.dumps({**document, "results": results}, separators=(",", ":"))
    return zlib.compress(SECRETS.mask(text).encode(), _LEVEL)


def _decoded(body: bytes, name: str) -> dict[str, Any]:
    inflating = zlib.decompressobj()
    try:
        text = inflating.decompress(body, MOST_REPORT)
        found = json.loads(text)
    except (zlib.error, ValueError, RecursionError) as error:
        raise UsageError(f"{name} is damaged ({type(error).__name__}).") from error
    if not isinstance(found, dict):
        raise UsageError(f"{name} is damaged (it is no report).")
    return found


def _body(connection: sql.Connection, id: int) -> bytes | None:
    query = sql.select(REPORTS.c.body).where(REPORTS.c.run == id)
    found: bytes | None = connection.execute(query).scalar_one_or_none()
    return found


# ---- what changed ----------------------------------------------------------------


def _before(
    connection: sql.Connection, part: Report, kind: str
) -> tuple[int | None, Report | None]:
    """Return the id and the report of the run to compare *part* with, if any."""
    found = _earlier(connection, part, kind) if part.results else None
    return found, None if found is None else _baseline(connection, part, found)


def _baseline(connection: sql.Connection, part: Report, id: int) -> Report | None:
    """Return the report of the run *id* with the checks of *part*; None if removed."""
    body = _body(connection, id)
    if body is None:
        return None
    name = f"run {id}"
    earlier = report_from_json(_decoded(body, name), name)
    # A check that *part* does not have was not selected, and is no change.
    ids = {result.check.id for result in part.results}
    results = tuple(one for one in earlier.results if one.check.id in ids)
    return replace(earlier, results=results)


def _merged(reports: Iterable[Report]) -> Report:
    """Return the reports of several targets as one."""
    parts = tuple(reports)
    return Report(
        headers=tuple(header for part in parts for header in part.headers),
        results=tuple(result for part in parts for result in part.results),
        strict=parts[0].strict,
        streams={name: s for part in parts for name, s in part.streams.items()},
    )


def _earlier(connection: sql.Connection, part: Report, kind: str) -> int | None:
    """
    Return the run to compare *part* with; None if there is none.

    It is the last of the same target, profile and verb. A run of other checks says
    nothing of these, so the runs with the most checks in common are preferred, and
    among them those that were fully judged.
    """
    header = part.headers[0]
    ids = {result.check.id for result in part.results}
    for whole in (True, False):
        # One step in the index for each list of checks, however many runs there are.
        last = (
            sql.select(RUNS.c.id)
            .where(
                RUNS.c.target == _storable(header.target),
                RUNS.c.profile == _storable(header.profile),
                RUNS.c.kind == kind,
                RUNS.c.selection == SELECTIONS.c.id,
                RUNS.c.whole.is_(whole),
                RUNS.c.passed + RUNS.c.failed + RUNS.c.waived > 0,
            )
            .order_by(RUNS.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        rows = connection.execute(sql.select(SELECTIONS.c.checks, last.label("run")))
        common = [
            (len(ids & set(row.checks.split())), row.run)
            for row in rows
            if row.run is not None
        ]
        if common and max(common)[0]:
            return int(max(common)[1])
    return None


def _latencies(
    connection: sql.Connection, ids: Iterable[int]
) -> dict[int, tuple[Latency, ...]]:
    found: dict[int, list[Latency]] = {}
    rows = connection.execute(
        sql.select(LATENCIES)
        .where(LATENCIES.c.run.in_(tuple(ids)))
        .order_by(LATENCIES.c.run, LATENCIES.c.metric)
    )
    for row in rows:
        found.setdefault(row.run, []).append(
            Latency(
                metric=row.metric,
                alone=row.alone,
                samples=row.samples,
                p50=Interval(row.p50_low, row.p50, row.p50_high),
                p95=Interval(row.p95_low, row.p95, row.p95_high),
            )
        )
    return {run: tuple(some) for run, some in found.items()}
