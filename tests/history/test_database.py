"""`contract.history.database`: what lies at the place is a history or a sentence."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sql

from contract.errors import UsageError
from contract.history import database
from contract.history.database import HistoryUnavailable, open_database
from contract.history.tables import RUNS, SCHEMA, VERSION
from contract.model.redaction import SECRETS

posix = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
PASSWORD = "s3cret-of-the-database"


def refused(place, kind=HistoryUnavailable, **options):
    """The sentence with which *place* is refused."""
    with pytest.raises(kind) as caught:
        open_database(str(place), patience=0.05, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_a_new_file_has_the_tables_and_keeps_what_is_committed(tmp_path, monkeypatch):
    monkeypatch.undo()
    path = tmp_path / "a b%20ü.db"
    found = open_database(str(path))

    with found.reading() as connection:
        assert connection.execute(sql.select(SCHEMA.c.version)).scalar() == VERSION
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    assert path.exists()
    assert repr(str(path)) in found.name


def test_an_error_within_a_transaction_leaves_nothing(tmp_path):
    found = open_database(str(tmp_path / "h.db"))

    def failing():
        with found.writing() as connection:
            connection.execute(sql.insert(SCHEMA).values(version=7))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    with found.reading() as connection:
        assert connection.execute(sql.select(SCHEMA.c.version)).scalars().all() == [1]


def test_many_that_create_the_same_file_agree(tmp_path):
    path, errors = tmp_path / "h.db", []

    def create():
        try:
            open_database(str(path))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is wrong
            errors.append(error)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert errors == []
    with open_database(str(path)).reading() as connection:
        assert connection.execute(sql.select(SCHEMA.c.version)).scalars().all() == [1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"this is no database", "not an SQLite database", id="text"),
        pytest.param(
            b"SQLite format 3\0" + bytes(4000), "cannot be used", id="damaged"
        ),
        pytest.param(b'{"format": "report-v1"}' * 99, "not an SQLite", id="a-report"),
    ],
)
def test_a_file_that_is_no_database_is_kept(tmp_path, content, words):
    path = tmp_path / "h.db"
    path.write_bytes(content)

    assert words in refused(path)
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_kept(tmp_path):
    path = tmp_path / "h.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()

    assert "of another program" in refused(path)
    with sqlite3.connect(path) as other:
        names = other.execute("SELECT name FROM sqlite_master").fetchall()
    other.close()
    assert names == [("bookmarks",)]


@pytest.mark.parametrize("version", [VERSION + 1, 99])
def test_a_history_of_another_version_is_refused(tmp_path, version):
    path = tmp_path / "h.db"
    with open_database(str(path)).writing() as connection:
        connection.execute(sql.update(SCHEMA).values(version=version))

    assert f"has version {version}, and this" in refused(path)


def test_a_lock_that_is_held_too_long_is_a_sentence(tmp_path):
    path = tmp_path / "h.db"
    found = open_database(str(path), patience=0.05)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with (
            pytest.raises(HistoryUnavailable, match="locked by another process"),
            found.writing(),
        ):
            pass
        # Who only reads does not wait.
        with open_database(str(path), patience=0.05, read_only=True).reading() as one:
            assert one.execute(sql.select(sql.func.count(RUNS.c.id))).scalar() == 0
    finally:
        holder.close()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        pytest.param("nowhere/h.db", "not in an existing folder", id="folder-missing"),
        pytest.param(".", "not in an existing folder", id="a-folder"),
        pytest.param("", "not in an existing folder", id="empty"),
        pytest.param("h\0.db", "not in an existing folder", id="nul"),
        pytest.param("mysql://u@h/d", "mysql:// address", id="mysql"),
        pytest.param("http://h/d", "http:// address", id="http"),
        pytest.param("postgresql://u@h:port/d", "URL of a history is inv", id="port"),
    ],
)
def test_a_malformed_place_is_a_usage_error(tmp_path, monkeypatch, place, words):
    monkeypatch.chdir(tmp_path)
    sentence = refused(place, UsageError)

    assert words in sentence
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{PASSWORD}@127.0.0.1:1/runs",
        f"postgres://me@127.0.0.1:1/runs?password={PASSWORD}",
        f"postgresql+psycopg://me:{PASSWORD}@[:::bad/runs",
    ],
)
def test_a_password_is_in_no_sentence_and_a_secret_from_then_on(url):
    sentence = refused(url, UsageError)

    assert PASSWORD not in sentence
    if "bad" not in url:
        assert "cannot be used" in sentence
        assert SECRETS.mask(f"it is {PASSWORD}") == "it is ***"


def test_a_reader_creates_nothing(tmp_path):
    assert "does not exist" in refused(tmp_path / "h.db", UsageError, read_only=True)
    assert not list(tmp_path.iterdir())
    (tmp_path / "empty.db").touch()
    assert "has no runs yet" in refused(tmp_path / "empty.db", read_only=True)


@contextmanager
def unprivileged():
    """Act as a user who may not write everywhere, if this one may."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def folder():
    """A folder that everybody can reach, as pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)
        Path(name).chmod(0o755)


@posix
def test_a_folder_without_access_is_a_sentence(folder):
    open_database(str(folder / "h.db")).close()
    folder.chmod(0)
    with unprivileged():
        assert "cannot be opened: Permission denied" in refused(
            folder / "h.db", UsageError
        )


@posix
def test_a_folder_that_is_read_only_can_be_read(folder):
    path = folder / "h.db"
    open_database(str(path)).close()
    path.chmod(0o444)
    folder.chmod(0o555)
    with unprivileged():
        with open_database(str(path), read_only=True).reading() as one:
            assert one.execute(sql.select(SCHEMA.c.version)).scalar() == VERSION
        assert "cannot be used: it" in refused(path)
        assert "cannot be used: it" in refused(folder / "new.db")


@posix
def test_a_full_disk_is_a_sentence_and_keeps_what_was_there(tmp_path):
    """The system refuses to let a file grow beyond a limit, as a full disk does."""
    import resource  # noqa: PLC0415  # not on every system

    found = open_database(str(tmp_path / "h.db"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.raises(HistoryUnavailable, match="full"), found.writing() as one:
            one.exec_driver_sql("CREATE TABLE big AS SELECT zeroblob(9000000)")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with found.reading() as one:
        assert one.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_without_psycopg_a_url_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)

    assert "'.[postgres]'" in refused("postgresql://me@127.0.0.1:1/runs", UsageError)


def test_the_space_of_removed_rows_is_given_back(tmp_path):
    path = tmp_path / "h.db"
    found = open_database(str(path))
    with found.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE big (b BLOB)")
        connection.exec_driver_sql("INSERT INTO big VALUES (zeroblob(1000000))")
    with found.writing() as connection:
        connection.exec_driver_sql("DROP TABLE big")
    found.close()
    before = path.stat().st_size
    database.vacuum(found)

    assert path.stat().st_size < before / 2
