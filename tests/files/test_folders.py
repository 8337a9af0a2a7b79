"""A folder is written whole or not at all, and what is not ours stays."""

import pytest

from contract.files import folders
from contract.files.folders import Occupied, write_folder


def names(folder):
    return [path.name for path in folder.iterdir()]


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_new_folder_has_all_files_and_nothing_is_left_beside_it(tmp_path):
    write_folder(tmp_path / "deep" / "out", {"a/b.json": b"1", "c": b"2"})

    assert content(tmp_path) == {"deep/out/a/b.json": b"1", "deep/out/c": b"2"}
    assert ["out"] == names(tmp_path / "deep")


def test_an_empty_folder_is_filled_and_keeps_its_permissions(tmp_path):
    out = tmp_path / "out"
    out.mkdir(mode=0o750)
    write_folder(out, {"a": b"1"})

    assert content(out) == {"a": b"1"}
    assert out.stat().st_mode & 0o777 == 0o750


def test_only_the_named_files_are_replaced(tmp_path):
    out = tmp_path / "out"
    write_folder(out, {"a": b"1", "old/x": b"1", "shared/ours": b"1"})
    (out / "mine").write_bytes(b"kept")
    (out / "shared" / "mine").write_bytes(b"kept")
    (out / "empty").mkdir()
    (out / "link").symlink_to("mine")
    write_folder(out, {"a": b"2"}, replaced={"a", "old/x", "shared/ours"})

    assert content(out) == {
        "a": b"2",
        "link": b"kept",
        "mine": b"kept",
        "shared/mine": b"kept",
    }
    assert (out / "empty").is_dir()
    assert (out / "link").is_symlink()
    assert not (out / "old").exists()


@pytest.mark.parametrize("mine", ["a", "a/b", "s/t/u"])
def test_a_file_of_the_user_is_never_overwritten(tmp_path, mine):
    out = tmp_path / "out"
    path = out / mine
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    with pytest.raises(Occupied, match=mine):
        write_folder(
            out, {"a": b"1", "s/t": b"2", "s/t/u" if mine == "s/t" else "z": b""}
        )

    assert content(out) == {mine: b"mine"}
    assert ["out"] == names(tmp_path)


def test_a_failure_half_way_leaves_the_folder_as_it_was(tmp_path, monkeypatch):
    out = tmp_path / "out"
    write_folder(out, {"a": b"1"})
    (out / "mine").write_bytes(b"kept")
    written = []

    def full(path, data):
        if written:
            raise OSError(28, "No space left on device")
        written.append(path)
        path.write_bytes(data)

    monkeypatch.setattr(folders, "write_synced", full)
    with pytest.raises(OSError, match="No space"):
        write_folder(out, {"a": b"2", "b": b"2"}, replaced={"a"})

    assert content(out) == {"a": b"1", "mine": b"kept"}
    assert ["out"] == names(tmp_path)


def test_a_failure_of_the_last_rename_brings_the_folder_back(tmp_path, monkeypatch):
    out = tmp_path / "out"
    write_folder(out, {"a": b"1"})
    (out / "mine").write_bytes(b"kept")
    rename = type(out).rename

    def refuse(self, target):
        if self.suffix == folders.SUFFIX:
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(type(out), "rename", refuse)
    with pytest.raises(OSError, match="Permission"):
        write_folder(out, {"a": b"2"}, replaced={"a"})

    assert content(out) == {"a": b"1", "mine": b"kept"}
    assert ["out"] == names(tmp_path)
