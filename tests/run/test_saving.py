"""A recording in a folder is the old one or the new one, whole, whenever a run ends."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from contract.catalog.profiles import builtin
from contract.errors import UsageError
from contract.files import locking
from contract.model.exchange import Arrival, Exchange
from contract.model.probes import SUM, SUM_WHOLE, TOOL_WHOLE, user
from contract.model.redaction import SECRETS
from contract.model.saved import digest
from contract.model.wire import build_request
from contract.run import recording
from contract.run.recording import MANIFEST, SAVING, ensure_free, load, save
from contract.run.report import Header

PROFILE = builtin()["vllm-0.16"]
HEADER = Header(
    target="http://h/v1",
    url="http://h",
    profile="vllm-0.16",
    why="given by --profile",
    model="m",
    version="0.1.0",
    started="old",
)
PROBES = (SUM, SUM_WHOLE, TOOL_WHOLE, replace(SUM, messages=(user("1"),)))
# The files of a recording, named as by a version whose saving was interrupted.
BEFORE = {
    "rewritten": (0, 1, 2),  # the same requests, other responses
    "fewer": (0,),
    "others": (2, 3),
    "none": (),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Wait neither for the disk nor for a lock that a killed run would still hold."""
    monkeypatch.setattr(recording, "PATIENCE", 5.0)
    monkeypatch.setattr(os, "fsync", lambda _number: None)


def exchanges(word, numbers=(0, 1, 2)):
    return [
        Exchange(
            probe=PROBES[number],
            profile=PROFILE,
            request=build_request(PROBES[number], PROFILE, "m", "k"),
            status=200,
            arrivals=(Arrival(0.25, word.encode()),),
        )
        for number in numbers
    ]


OLD, NEW = exchanges("old"), exchanges("new")
NEW_HEADER = replace(HEADER, started="new")


class Killed(BaseException):
    """The process ends here; nothing that it does later has an effect."""


class Operations:
    """The operations on files; after `last` the process ends, or the disk is full."""

    METHODS = ("mkdir", "unlink", "replace", "hardlink_to", "rmdir")

    def __init__(self, monkeypatch, last, error=Killed, *, links=True):
        self.number = 0
        self.last = last
        self.error = error
        for name in self.METHODS:
            self.count(monkeypatch, Path, name)
        if not links:
            monkeypatch.setattr(Path, "hardlink_to", self.unsupported)
        for name in ("open", "unlink", "rmdir"):  # of the lock, and of shutil.rmtree
            self.count(monkeypatch, os, name)
        written = recording.write_synced

        def write(path, data):
            try:
                self.next()
            except BaseException:
                if self.number == self.last + 1:
                    path.write_bytes(data[: len(data) // 2])
                raise
            written(path, data)

        monkeypatch.setattr(recording, "write_synced", write)

    def next(self):
        self.number += 1
        # A full disk permits removal; a process that has ended does nothing more.
        if self.number > self.last and (
            self.error is Killed or self.number == self.last + 1
        ):
            raise self.error(28, "No space left on device")

    def count(self, monkeypatch, owner, name):
        original = getattr(owner, name)

        def counted(*arguments, **options):
            self.next()
            return original(*arguments, **options)

        monkeypatch.setattr(owner, name, counted)

    @staticmethod
    def unsupported(_self, _target):
        raise OSError(95, "Operation not supported")


def words(directory):
    """Return what the recording in *directory* consists of; None if there is none."""
    try:
        (found,) = load(directory, builtin())
    except UsageError:
        return None
    bodies = {one.body.decode() for one in found.exchanges.values()}
    return found.header.started, frozenset(bodies), len(found.exchanges)


def outcomes(tmp_path, monkeypatch, before, error=Killed, **options):
    """Yield what is in the folder for each operation at which saving ends."""
    old = exchanges("old", BEFORE[before])
    for last in range(500):
        directory = tmp_path / f"{before}-{last}"
        if old:
            save(directory, HEADER, PROFILE, old)
        with monkeypatch.context() as patched:
            operations = Operations(patched, last, error, **options)
            with contextlib.suppress(Killed, UsageError):
                save(directory, NEW_HEADER, PROFILE, NEW)
        yield directory
        if operations.number <= last:
            return
    pytest.fail("saving does not end")


@pytest.mark.parametrize(
    ("before", "links"),
    [*((name, True) for name in BEFORE), ("rewritten", False)],
)
@pytest.mark.long
def test_wherever_a_run_is_killed_the_old_or_the_new_is_whole(
    tmp_path, monkeypatch, before, links
):
    count = len(BEFORE[before])
    old = ("old", frozenset({"old"}), count) if count else None
    new = ("new", frozenset({"new"}), 3)
    found = []
    for directory in outcomes(tmp_path, monkeypatch, before, links=links):
        found.append(words(directory))
        ensure_free(directory)  # and the next run can save there
        save(directory, NEW_HEADER, PROFILE, exchanges("next", (1, 3)))
        assert words(directory) == ("new", frozenset({"next"}), 2)
        assert len([*directory.iterdir()]) == 3, [*directory.iterdir()]
        shutil.rmtree(directory)

    assert len(found) >= 20
    assert {*found} == {old, new}
    # Once it is the new one, it stays so.
    assert found == sorted(found, key=lambda one: one == new)


def test_a_disk_that_is_full_at_any_moment_leaves_the_old_or_the_new(
    tmp_path, monkeypatch
):
    old, new = ("old", frozenset({"old"}), 3), ("new", frozenset({"new"}), 3)
    for directory in outcomes(tmp_path, monkeypatch, "rewritten", OSError):
        assert words(directory) in {old, new}
        listed = json.loads((directory / MANIFEST).read_bytes())["exchanges"]
        left = {path.name for path in directory.iterdir()} - {MANIFEST, *listed}
        assert all(
            name.startswith(SAVING) or "new" not in words(directory) for name in left
        )


def test_the_names_of_files_do_not_depend_on_what_was_there(tmp_path):
    save(tmp_path / "a", HEADER, PROFILE, NEW)
    for _ in range(3):
        save(tmp_path / "b", HEADER, PROFILE, OLD)
        save(tmp_path / "b", HEADER, PROFILE, NEW)

    a, b = (
        {p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in "ab"
    )
    assert a == b


@pytest.mark.parametrize(
    "moved", range(4), ids=["nothing-moved", "one-moved", "two-moved", "all-moved"]
)
def test_what_an_older_version_left_behind_is_cleaned(tmp_path, moved):
    """It moved the files out of a temporary folder, the manifest last."""
    save(tmp_path / "r", HEADER, PROFILE, OLD)
    stage = tmp_path / "r" / f"{SAVING}-x1y2"
    stage.mkdir()
    files = sorted(p for p in (tmp_path / "r").iterdir() if p.is_file())
    files.sort(key=lambda p: p.name == MANIFEST)
    for path in files[moved:]:
        path.rename(stage / path.name)
    with pytest.raises(UsageError, match="was interrupted; run it again"):
        load(tmp_path / "r", builtin())
    with pytest.raises(UsageError, match="holds no recording"):
        load(tmp_path, builtin())

    save(tmp_path / "r", NEW_HEADER, PROFILE, NEW)
    assert words(tmp_path / "r") == ("new", frozenset({"new"}), 3)
    assert len([*(tmp_path / "r").iterdir()]) == 4


def test_a_report_in_place_of_a_folder_is_named_as_a_file(tmp_path):
    (tmp_path / "report.json").write_text("{}")

    with pytest.raises(UsageError, match="is a file; name the folder"):
        load(tmp_path / "report.json", builtin())


def test_a_file_of_the_user_beside_an_unfinished_recording_is_not_touched(tmp_path):
    (tmp_path / f"{SAVING}-x").mkdir()
    (tmp_path / "notes.md").write_text("mine")

    with pytest.raises(UsageError, match="name an empty folder"):
        save(tmp_path, HEADER, PROFILE, NEW)
    assert (tmp_path / "notes.md").read_text() == "mine"


def test_runs_that_save_at_the_same_time_do_not_mix(tmp_path):
    names = [f"run-{number}" for number in range(6)]
    start = threading.Barrier(len(names))
    seen = []

    def run(name, numbers):
        start.wait()
        for _ in range(5):
            save(
                tmp_path,
                replace(HEADER, started=name),
                PROFILE,
                exchanges(name, numbers),
            )
            seen.append(words(tmp_path))

    threads = [
        threading.Thread(target=run, args=(name, PARTS[number % 3]))
        for number, name in enumerate(names)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 30
    for started, bodies, count in seen:
        assert bodies == {started}
        assert count == len(PARTS[names.index(started) % 3])
    listed = json.loads((tmp_path / MANIFEST).read_bytes())["exchanges"]
    assert {MANIFEST, *listed} == {path.name for path in tmp_path.iterdir()}


def test_a_recording_that_was_replaced_while_it_was_read_is_read_again(
    tmp_path, monkeypatch
):
    save(tmp_path, HEADER, PROFILE, exchanges("old", (0, 1)))
    read = recording._recording  # noqa: SLF001  # what a run may come between
    reads = []

    def replaced(*arguments):
        found = read(*arguments)
        if not reads:
            save(tmp_path, NEW_HEADER, PROFILE, NEW)
        reads.append(found)
        return found

    monkeypatch.setattr(recording, "_recording", replaced)

    assert words(tmp_path)[0] == NEW_HEADER.started
    assert len(reads) == 2


PARTS = ((0, 1, 2), (0, 3), (1, 2, 3))


def test_another_run_is_waited_for_within_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "PATIENCE", 0.1)
    with (
        locking.locked(tmp_path / f"{SAVING}.lock", 1.0),
        pytest.raises(UsageError, match="another run is saving there"),
    ):
        save(tmp_path, HEADER, PROFILE, NEW)


def test_a_reader_survives_a_writer(tmp_path, monkeypatch):
    """The manifest is read, then another run replaces the recording, then the files."""
    save(tmp_path, HEADER, PROFILE, OLD)
    read, done = recording._read, []  # noqa: SLF001  # where the other run comes between

    def reading(path):
        if path.name != MANIFEST and not done:
            done.append(path)
            save(tmp_path, NEW_HEADER, PROFILE, exchanges("new", (3,)))
        return read(path)

    monkeypatch.setattr(recording, "_read", reading)

    assert words(tmp_path) == ("new", frozenset({"new"}), 1)


def test_what_a_log_would_obey_is_escaped_and_reads_the_same(tmp_path):
    body = "\u202e\x9b2J\u2028##[add-mask]x\U000e0041 é 日本\n::error::x"
    save(tmp_path, HEADER, PROFILE, exchanges(body))
    texts = [path.read_text("utf-8") for path in tmp_path.iterdir()]

    assert words(tmp_path) == ("old", frozenset({body}), 3)
    for character in "\u202e\x9b\u2028\U000e0041":
        assert not any(character in text for text in texts)
    assert not any("##[" in text or "\n::" in text for text in texts)
    assert any("é 日本" in text for text in texts)


def test_a_secret_is_in_no_file(tmp_path):
    with SECRETS.scope():
        SECRETS.register("sk-0123456789")
        model = replace(NEW_HEADER, model="a sk-0123456789 b")
        save(tmp_path, model, PROFILE, exchanges("it is sk-0123456789"))
    texts = [path.read_text("utf-8") for path in tmp_path.iterdir()]

    assert not any("sk-0123456789" in text for text in texts)
    assert words(tmp_path) == ("new", frozenset({"it is ***"}), 3)


def test_one_request_is_saved_under_one_name(tmp_path):
    save(tmp_path, HEADER, PROFILE, OLD)

    for exchange in OLD:
        identity = digest(exchange.request, exchange.probe)
        assert [*tmp_path.glob(f"*-{identity}.json")]
