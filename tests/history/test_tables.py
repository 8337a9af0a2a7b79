"""`contract.history.tables`: what a version of the format is."""

from __future__ import annotations

import hashlib

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable

from contract.history.tables import METADATA, RUNS, VERSION

# By version, the digest of the tables as they are created. A change of the tables is
# another version, because files of this one exist.
KNOWN = {1: "e18b021628145447"}


def created(dialect):
    return "\n".join(
        str(CreateTable(table).compile(dialect=dialect)).strip()
        for table in METADATA.sorted_tables
    )


def test_the_tables_change_with_the_version_only():
    text = " ".join(created(sqlite.dialect()).split())

    assert hashlib.sha256(text.encode()).hexdigest()[:16] == KNOWN[VERSION], text


def test_both_databases_have_the_same_columns():
    for table in METADATA.sorted_tables:
        assert f"CREATE TABLE {table.name}" in created(postgresql.dialect())
        assert table.name.startswith("magistral_")


def test_the_run_to_compare_with_is_found_in_an_index():
    query = str(
        sql.select(RUNS.c.id)
        .where(RUNS.c.target == "", RUNS.c.profile == "", RUNS.c.kind == "")
        .compile(compile_kwargs={"literal_binds": True})
    )
    engine = sql.create_engine("sqlite://")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    engine.dispose()

    assert "USING COVERING INDEX magistral_runs_of" in plan[0][-1]
