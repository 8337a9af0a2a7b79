"""Tests of atomic writes."""

from pathlib import Path

import pytest

from contract.errors import UsageError
from contract.tiny.atomic import atomic_write


def test_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new" / "file"
    with atomic_write(path) as part:
        part.write_text("all of it")
        early = path.exists()

    assert not early
    assert "all of it" == path.read_text()
    assert [path] == list(path.parent.iterdir())


def interrupted(path, error):
    with atomic_write(path) as part:
        part.write_text("half")
        raise error


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt()])
def test_interrupted_write_leaves_the_previous_file(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("previous")
    with pytest.raises(type(error)):
        interrupted(path, error)

    assert "previous" == path.read_text()
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["/dev/null", "."])
def test_a_device_or_a_folder_is_not_replaced(place):
    with (
        pytest.raises(UsageError, match="is not a regular file"),
        atomic_write(Path(place)),
    ):
        pass

    assert not Path(place).is_file()
