"""A history in a real PostgreSQL, started for this module; skipped where none is."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from support.runs import FAIL, MUST, OTHER, PASS, SKIP, report

from contract.errors import UsageError
from contract.history.database import HistoryUnavailable
from contract.history.page import render
from contract.history.store import History
from contract.history.trend import read_trend
from contract.reporters.changes import newly_failed

pytestmark = pytest.mark.tools
PASSWORD = "pässword/of+the@database:1"
URL_PASSWORD = "p%C3%A4ssword%2Fof%2Bthe%40database%3A1"
FOLDERS = [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/local/pgsql/bin")]
PLACES = os.pathsep.join([os.environ["PATH"], *map(str, FOLDERS)])
INITDB, POSTGRES = (shutil.which(name, path=PLACES) for name in ("initdb", "postgres"))
PATIENCE = 30  # seconds


def free_port():
    """A port that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def user():
    """Return a user that the server may run as: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid}
    pytest.skip("PostgreSQL does not run as root, and there is no other user")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The port of a server whose user `me` has PASSWORD."""
    if INITDB is None or POSTGRES is None:
        pytest.skip("no PostgreSQL: install the package postgresql")
    folder = tmp_path_factory.mktemp("postgres")
    for one in (folder, *folder.parents[:2]):
        one.chmod(one.stat().st_mode | 0o055)
    data, secret, port = folder / "data", folder / "password", free_port()
    data.mkdir(0o700)
    secret.write_text(PASSWORD)
    rights = user()
    if rights:
        os.chown(data, rights["user"], rights["group"])
        secret.chmod(0o644)
    command = [INITDB, "-D", data, "-U", "me", "-A", "scram-sha-256", "-N"]
    command += ["--pwfile", secret, "-E", "UTF8", "--locale", "C"]
    subprocess.run(  # noqa: S603  # not a shell
        command, check=True, capture_output=True, cwd=folder, **rights
    )
    settings = ("fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories=")
    command = [POSTGRES, "-D", data, "-p", str(port)]
    command += [word for setting in settings for word in ("-c", setting)]
    process = subprocess.Popen(  # noqa: S603  # not a shell
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        **rights,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                History.open(url(port)).close()
                break
            except HistoryUnavailable:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def url(port, database="postgres", password=URL_PASSWORD):
    return f"postgresql://me:{password}@127.0.0.1:{port}/{database}"


def test_runs_are_kept_compared_and_removed(server):
    history = History.open(url(server))
    history.prune(before="2030")
    for outcome in (PASS, FAIL):
        one = report((MUST, outcome), (OTHER, SKIP), target="kept \x00\ud800")
        kept = history.add(one, kind="verify").report
    runs = list(history.runs())

    assert {check for _, check in newly_failed(kept)} == {MUST.id}
    assert [run.verdict for run in runs] == ["FAILED", "PASSED"]
    assert history.report(runs[0].id).results == one.results
    assert read_trend(history, runs[0].target, last=9).checks[0].letters == ".F"
    assert MUST.id in render(history)
    assert history.prune(keep=1) == 1
    history.close()


def test_concurrent_sessions_lose_nothing(server):
    errors = []

    def write(number):
        try:
            mine = History.open(url(server))
            for _ in range(5):
                mine.add(report((MUST, PASS), target=f"t{number}"), kind="verify")
            mine.close()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is wrong
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    history = History.open(url(server), read_only=True)

    assert errors == []
    assert [len(list(history.runs(target=f"t{n}"))) for n in range(4)] == [5] * 4
    history.close()


def test_a_command_stores_its_run_and_shows_no_password(server):
    arguments = ["--select", "streaming.ends-with-done", "--no-config"]
    done = subprocess.run(  # noqa: S603  # not a shell
        [sys.executable, "-m", "contract", "verify", "mock", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MAGISTRAL_CONTRACT_HISTORY": url(server)},
    )

    assert "of the history postgresql://127.0.0.1/postgres" in done.stdout
    assert done.stderr == ""
    for spelling in (PASSWORD, URL_PASSWORD):
        assert spelling not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("place", "words"),
    [
        pytest.param({"password": "wrong-password"}, "password auth", id="password"),
        pytest.param({"database": "nowhere"}, "does not exist", id="database"),
    ],
)
def test_what_the_server_refuses_is_a_sentence(server, place, words):
    with pytest.raises(UsageError, match=words) as caught:
        History.open(url(server, **place))

    assert "\n" not in str(caught.value)
    assert place.get("password", PASSWORD) not in str(caught.value)


def test_a_lock_that_is_held_too_long_is_a_sentence(server):
    holder = History.open(url(server))
    waiting = History.open(url(server), patience=0.2)
    with holder.database.writing() as connection:
        connection.exec_driver_sql("LOCK TABLE magistral_runs IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(HistoryUnavailable, match="locked by another session"):
            waiting.add(report((MUST, PASS)), kind="verify")
