"""A file is replaced whole or not at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from contract.files import replacing
from contract.files.replacing import replace_file

OLD, NEW = b"old " * 3_000, b"new " * 3_000
# What the system is asked for on the way.
OPERATIONS = ("open", "chmod", "replace", "unlink")


class Killed(BaseException):
    """The process ends here."""


def killed_at(monkeypatch, number):
    """Raise `Killed` at the operation *number*; return a list of those before."""
    done = []
    for name in OPERATIONS:
        original = getattr(Path, name)

        def counted(self, *arguments, _name=name, _original=original, **options):
            if len(done) == number:
                raise Killed
            done.append(_name)
            return _original(self, *arguments, **options)

        monkeypatch.setattr(Path, name, counted)
    return done


def test_wherever_the_process_ends_the_file_is_old_or_new(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    states = []
    for number in range(20):
        path.write_bytes(OLD)
        with monkeypatch.context() as patched:
            killed_at(patched, number)
            try:
                replace_file(path, NEW)
                finished = True
            except Killed:
                finished = False
        states.append(path.read_bytes())
        if finished:
            break

    assert finished
    assert len(states) > len(OPERATIONS)
    assert {*states} == {OLD, NEW}
    assert states[-1] == NEW


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    path.write_bytes(OLD)

    def full(_number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, NEW)

    assert path.read_bytes() == OLD
    assert [path] == list(tmp_path.iterdir())


def test_permissions_and_links_are_kept(tmp_path):
    path, link = tmp_path / "report.json", tmp_path / "link.json"
    path.write_bytes(OLD)
    path.chmod(0o640)
    link.symlink_to(path.name)
    replace_file(link, NEW)

    assert link.is_symlink()
    assert path.read_bytes() == NEW
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_gets_the_permissions_of_the_process(tmp_path):
    replace_file(tmp_path / "a", NEW)
    (tmp_path / "b").write_bytes(NEW)

    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_file_that_cannot_be_replaced_is_written_in_place(tmp_path, monkeypatch):
    path = tmp_path / "mounted.json"
    path.write_bytes(OLD)

    def busy(self, target):
        raise OSError(16, "Device or resource busy", str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", busy)
    replace_file(path, NEW)

    assert path.read_bytes() == NEW
    assert [path] == list(tmp_path.iterdir())


def test_a_long_name_is_no_problem(tmp_path):
    path = tmp_path / ("x" * 250)
    replace_file(path, NEW)

    assert [path] == list(tmp_path.iterdir())


def test_a_pipe_is_written_to(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    found = []
    reader = threading.Thread(target=lambda: found.append(path.read_bytes()))
    reader.start()
    replace_file(path, NEW)
    reader.join(10)

    assert found == [NEW]
    assert path.is_fifo()


def test_what_a_killed_process_left_behind_is_removed(tmp_path):
    path = tmp_path / "report.json"
    old = tmp_path / ".report.json.0123abcd.part"
    recent = tmp_path / ".report.json.4567abcd.part"
    other = tmp_path / ".other.json.0123abcd.part"
    for part in (old, recent, other):
        part.write_bytes(OLD)
    for part in (old, other):
        os.utime(part, (0, 0))
    replace_file(path, NEW)

    assert {path, recent, other} == {*tmp_path.iterdir()}


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "missing" / "report.json", NEW)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_synced_is_no_error(tmp_path):
    replacing.sync_folder(tmp_path / "missing")
