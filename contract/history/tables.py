"""
The tables of a history, version 1; the same in SQLite and in PostgreSQL.

A run is one target of one command. Its checks are rows only where they did not pass: a
check of its selection without a row passed. That keeps a run at about 25 kB, and still
answers with SQL what failed when.
"""

from __future__ import annotations

import sqlalchemy as sql

VERSION = 1  # of the tables; a file of another version is refused

METADATA = sql.MetaData()
SCHEMA = sql.Table(
    "magistral_schema",
    METADATA,
    sql.Column("version", sql.Integer, primary_key=True, autoincrement=False),
)
# Which checks a run had: one row for each distinct list.
SELECTIONS = sql.Table(
    "magistral_selections",
    METADATA,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("digest", sql.String(64), nullable=False, unique=True),
    # The ids of the checks, sorted, one per line.
    sql.Column("checks", sql.Text, nullable=False),
)
RUNS = sql.Table(
    "magistral_runs",
    METADATA,
    sql.Column("id", sql.Integer, primary_key=True),
    # When the run began, ISO 8601 in UTC with a precision of seconds.
    sql.Column("started", sql.String(32), nullable=False),
    # The verb: verify, replay, fuzz or watch.
    sql.Column("kind", sql.String(16), nullable=False),
    sql.Column("target", sql.Text, nullable=False),
    sql.Column("profile", sql.Text, nullable=False),
    sql.Column("model", sql.Text, nullable=False),
    # The version of magistral-contract.
    sql.Column("version", sql.String(64), nullable=False),
    sql.Column("selection", sql.ForeignKey(SELECTIONS.c.id), nullable=False),
    sql.Column("seconds", sql.Float, nullable=False),
    sql.Column("requests", sql.Integer, nullable=False),
    # PASSED, FAILED, INCONCLUSIVE, ERROR or NOTHING CHECKED, and its exit code.
    sql.Column("verdict", sql.String(16), nullable=False),
    sql.Column("exit_code", sql.Integer, nullable=False),
    # Why not everything could be judged; empty if everything was.
    sql.Column("trouble", sql.Text, nullable=False),
    # Whether everything was judged.
    sql.Column("whole", sql.Boolean, nullable=False),
    # The run that it was compared with, which may be removed by now, and the number of
    # checks that got worse since; null without one.
    sql.Column("earlier", sql.Integer),
    sql.Column("broken", sql.Integer),
    *(
        sql.Column(outcome, sql.Integer, nullable=False)
        for outcome in ("passed", "failed", "waived", "skipped", "errors")
    ),
    sql.Index(
        "magistral_runs_of", "target", "profile", "kind", "selection", "whole", "id"
    ),
    sql.Index("magistral_runs_started", "started"),
)
# The checks of a run that did not pass.
RESULTS = sql.Table(
    "magistral_results",
    METADATA,
    sql.Column("run", sql.ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
    sql.Column("check_id", sql.String(200), primary_key=True),
    sql.Column("level", sql.String(8), nullable=False),
    sql.Column("outcome", sql.String(8), nullable=False),
    # The first finding, or the reason.
    sql.Column("message", sql.Text, nullable=False),
    sql.Index("magistral_results_of", "check_id", "run"),
    sqlite_with_rowid=False,
)
# Latencies of a run in seconds, with the ends of their 95 % intervals.
LATENCIES = sql.Table(
    "magistral_latencies",
    METADATA,
    sql.Column("run", sql.ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
    sql.Column("metric", sql.String(64), primary_key=True),
    # Whether the requests were sent one at a time.
    sql.Column("alone", sql.Boolean, nullable=False),
    sql.Column("samples", sql.Integer, nullable=False),
    *(
        sql.Column(name, sql.Float, nullable=False)
        for name in ("p50", "p50_low", "p50_high", "p95", "p95_low", "p95_high")
    ),
    sqlite_with_rowid=False,
)
# The report of a run, report-v1 without its requests, as compressed (zlib) JSON.
REPORTS = sql.Table(
    "magistral_reports",
    METADATA,
    sql.Column("run", sql.ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
    sql.Column("body", sql.LargeBinary, nullable=False),
)
