"""A lock is held by one at a time, however its holder ends."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from contract.files import locking
from contract.files.locking import locked

OTHER = """
import sys
from pathlib import Path
from contract.files.locking import locked
with locked(Path(sys.argv[1]), 5):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_waited_for_until_it_is_killed(tmp_path):
    lock = tmp_path / "lock"
    with subprocess.Popen(  # noqa: S603  # the interpreter of this test
        [sys.executable, "-c", OTHER, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(TimeoutError), locked(lock, 0.1):
            pytest.fail("it is held twice")
        other.kill()
    assert lock.exists()
    with locked(lock, 5.0):
        pass

    assert not lock.exists()


def test_a_lock_is_held_by_one_at_a_time_and_leaves_no_file(tmp_path):
    lock, inside, most = tmp_path / "lock", [], []

    def hold():
        for _ in range(20):
            with locked(lock, 30.0):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(most), max(most)) == (80, 1)
    assert not lock.exists()


def test_a_lock_is_released_by_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock", 1.0):
        1 / 0  # noqa: B018  # any error

    assert not [*tmp_path.iterdir()]


def test_a_file_system_without_locks_gets_none(tmp_path, monkeypatch):
    def unsupported(_number):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locking, "_try_lock", unsupported)
    with locked(tmp_path / "lock", 0.0), locked(tmp_path / "lock", 0.0):
        pass

    assert not [*tmp_path.iterdir()]
