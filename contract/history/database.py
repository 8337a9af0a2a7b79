"""Databases of a history: opened within bounds, and their errors as sentences."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import sqlalchemy as sql
from sqlalchemy.pool import NullPool, QueuePool

from contract.errors import UsageError
from contract.history.tables import METADATA, SCHEMA, VERSION
from contract.model.redaction import register_secret

PATIENCE = 10.0  # seconds to wait for a lock, or for a connection
SYNCHRONOUS = "FULL"  # a committed run is on the disk, whatever happens to the machine
_STATEMENT = 60.0  # seconds of one statement of PostgreSQL
_LOCK = 0x6D63_6869  # of PostgreSQL, while the tables are created
_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_EXAMPLE = "name a file, such as history.db, or a postgresql:// URL"
# The primary result codes of SQLite (sqlite.org/rescode.html), and what they mean.
_REASONS: dict[int, str] = {
    sqlite3.SQLITE_PERM: "access is denied; choose a file that you may write",
    sqlite3.SQLITE_READONLY: "it is read-only; choose a file that you may write",
    sqlite3.SQLITE_IOERR: "the disk reports an error, or is full; choose another file",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore a copy, or choose another file",
    sqlite3.SQLITE_FULL: "the disk is full; free some space, or choose another file",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; choose a file in a writable folder",
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database; choose another file",
}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class HistoryUnavailable(UsageError):  # noqa: N818  # a state, which may pass
    """
    The database cannot be used as it is now.

    It is locked, damaged, read-only or another program's, the disk is full, or the
    server cannot be reached. The place itself is well written.
    """


@dataclass(frozen=True, slots=True)
class Database:
    """
    A database with the tables of a history.

    Usage::

        database = open_database("history.db")
        with database.writing() as connection:
            connection.execute(…)
    """

    engine: sql.Engine
    # The place in words; it contains no password.
    name: str

    @contextmanager
    def writing(self) -> Iterator[sql.Connection]:
        """
        Yield a connection within a transaction, committed at the end.

        Raises `UsageError`, one sentence, for an error of the database.
        """
        with sentences(self.name), self.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sql.Connection]:
        """Yield a connection that sees one state; raises as `writing` does."""
        with sentences(self.name), self.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            yield connection


def open_database(
    place: str, *, patience: float = PATIENCE, read_only: bool = False
) -> Database:
    """
    Return the history at *place*, with its tables; a password in it becomes a secret.

    Args:
        place: The path of an SQLite file, or a URL of PostgreSQL.
        patience: Seconds to wait for a lock, or for a connection.
        read_only: Whether nothing may be written; a missing history is an error then.

    Raises `UsageError`, one sentence, if *place* is malformed, and its subclass
    `HistoryUnavailable` if there is no history of this version that can be used now.
    """
    scheme, separator, _ = place.partition("://")
    if not separator:
        return _open_file(Path(place), patience, read_only=read_only)
    if scheme.lower() not in _SCHEMES:
        raise UsageError(f"A history cannot be at a {scheme}:// address; {_EXAMPLE}.")
    return _open_server(place, patience, read_only=read_only)


def _open_file(path: Path, patience: float, *, read_only: bool) -> Database:
    name = f"the history {str(path)!r}"
    try:
        placed = path.parent.is_dir() and not path.is_dir() and "\0" not in str(path)
        exists = path.exists()
    except OSError as error:  # no access to the folder
        raise UsageError(
            f"{name} cannot be opened: {error.strerror}; {_EXAMPLE}."
        ) from error
    if not placed:
        raise UsageError(f"{name} is not in an existing folder; {_EXAMPLE}.")
    if read_only and not exists:
        raise UsageError(
            f"{name} does not exist; magistral-contract verify TARGET --history FILE "
            "creates one."
        )
    mode = "ro" if read_only else "rwc"
    # A reader needs a file beside the database, except if there is no writer.
    alone = read_only and not path.with_name(f"{path.name}-wal").exists()

    def connect(immutable: str = "") -> sqlite3.Connection:
        address = f"{path.absolute().as_uri()}?mode={mode}{immutable}"
        connection = sqlite3.connect(
            address,
            uri=True,
            timeout=patience,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _prepare(connection, patience, read_only=read_only)
        except sqlite3.OperationalError as error:
            connection.close()
            if alone and not immutable and _code(error) not in _LOCKED:
                return connect("&immutable=1")
            raise
        except BaseException:
            connection.close()
            raise
        return connection

    # One connection stays open, because closing the last one copies the log into the
    # file, which takes longer than the commit of a run.
    engine = sql.create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=-1,
        pool_reset_on_return="rollback",
    )
    database = Database(engine, name)
    _ensure_tables(database, read_only=read_only)
    return database


def _prepare(
    connection: sqlite3.Connection, patience: float, *, read_only: bool
) -> None:
    """Set how *connection* keeps what is committed; wait for other processes."""
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    names = {name for (name,) in tables}
    if read_only or (names and SCHEMA.name not in names):
        return  # a database of another program stays as it is
    deadline = time.monotonic() + patience
    while True:
        try:
            # SQLite does not wait for the lock that the change of the mode needs.
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if _code(error) not in _LOCKED or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    connection.execute("PRAGMA foreign_keys = ON")


def _open_server(place: str, patience: float, *, read_only: bool) -> Database:
    """Return the history in PostgreSQL at the URL *place*."""
    try:
        url = sql.make_url(place)
        secrets = [url.password, *_texts(url.query.get("password"))]
        host, database = url.host or "localhost", url.database or ""
    except (sql.exc.ArgumentError, ValueError):
        # The text of the error quotes the URL, which may have a password.
        raise UsageError(
            "The URL of a history is invalid; write it as "
            "postgresql://USER@HOST:5432/DATABASE, with the password in PGPASSWORD."
        ) from None
    for secret in filter(None, secrets):
        register_secret(secret, unquote(secret))
    _ensure_driver()
    name = f"the history postgresql://{host}/{database}"
    milliseconds = int(1_000 * patience)
    engine = sql.create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(2, int(patience)),
            "tcp_user_timeout": 3 * milliseconds,
            "application_name": "magistral-contract",
            "options": f"-c lock_timeout={milliseconds} "
            f"-c statement_timeout={int(1_000 * _STATEMENT)}",
        },
    )
    found = Database(engine, name)
    _ensure_tables(found, read_only=read_only)
    return found


def _texts(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value or ()


def _ensure_driver() -> None:
    try:
        import psycopg  # noqa: F401, PLC0415  # an extra, needed for a URL only
    except ImportError as error:
        raise UsageError(
            "A history in PostgreSQL needs psycopg: run python -m pip install -e "
            "'.[postgres]' in the cloned repository."
        ) from error


def _ensure_tables(database: Database, *, read_only: bool) -> None:
    """Create the tables where there are none; raise `UsageError` for other ones."""
    with database.reading() as connection:
        state = _version(connection)
    if state is None and read_only:
        raise HistoryUnavailable(
            f"{database.name} has no runs yet; magistral-contract verify TARGET "
            "--history FILE adds one."
        )
    if state is None:
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sql.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            # Another process may have been quicker.
            state = _version(connection)
            if state is None:
                METADATA.create_all(connection)
                connection.execute(SCHEMA.insert().values(version=VERSION))
                return
    if state == 0:
        raise HistoryUnavailable(
            f"{database.name} is a database of another program; {_EXAMPLE}."
        )
    if state != VERSION:
        raise HistoryUnavailable(
            f"{database.name} has version {state}, and this magistral-contract reads "
            f"version {VERSION}; use the one that wrote it, or {_EXAMPLE}."
        )


def _version(connection: sql.Connection) -> int | None:
    """Return the version of the tables; None without any, 0 if they are not ours."""
    inspector = sql.inspect(connection)
    if inspector.has_table(SCHEMA.name):
        return connection.execute(sql.select(sql.func.max(SCHEMA.c.version))).scalar()
    foreign = connection.dialect.name == "sqlite" and inspector.get_table_names()
    return 0 if foreign else None


@contextmanager
def sentences(name: str) -> Iterator[None]:
    """Raise `UsageError` about the history *name* for an error of its database."""
    try:
        yield
    except (sql.exc.DBAPIError, sqlite3.Error) as error:
        raise _translated(name, error) from None
    except sql.exc.SQLAlchemyError as error:
        raise HistoryUnavailable(
            f"{name} cannot be used: {type(error).__name__}; try again, or {_EXAMPLE}."
        ) from None


def _translated(name: str, error: Exception) -> HistoryUnavailable:
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.Error):
        code = _code(cause)
        if code in _LOCKED:
            return HistoryUnavailable(
                f"{name} is locked by another process; try again when it has ended."
            )
        why = _REASONS.get(code, f"{_first_line(cause)}; choose another file")
        return HistoryUnavailable(f"{name} cannot be used: {why}.")
    if getattr(cause, "sqlstate", None) == "55P03":  # lock_not_available
        return HistoryUnavailable(
            f"{name} is locked by another session; try again when it has ended."
        )
    return HistoryUnavailable(
        f"{name} cannot be used: {_first_line(cause)}; check the address and the "
        "access (PGPASSWORD, ~/.pgpass)."
    )


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code; extended ones have it in their low byte."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(". ") if lines else type(error).__name__


def vacuum(database: Database) -> None:
    """Give the space of removed runs back to the disk, unless others use the file."""
    with suppress(UsageError, sql.exc.DBAPIError), database.engine.connect() as one:
        if one.dialect.name == "sqlite":
            one.exec_driver_sql("VACUUM")
            one.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
