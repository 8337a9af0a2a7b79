"""Derived values: computed once, again when something changed, and never lost."""

import marshal
import os
import sys

import pytest

from contract.files.derived import derived


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("one")
    return path


@pytest.fixture
def read(tmp_path, source, monkeypatch):
    """`read()` derives the source's text; `read.times` counts how often it was read."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)

    def make():
        read.times += 1
        return {"text": source.read_text()}

    module = tmp_path / "module.py"
    module.touch()

    def read():
        return derived(source, str(module), make)

    read.times = 0
    return read


def cached(tmp_path):
    return [*(tmp_path / "__pycache__").glob("*.marshal")]


def test_a_value_is_computed_once(read):
    assert [{"text": "one"}] * 2 == [read(), read()]
    assert read.times == 1


def test_another_source_is_another_value(read, source):
    read()
    source.write_text("two, longer")

    assert read() == {"text": "two, longer"}


def test_a_source_of_the_same_length_is_told_by_its_time(read, source):
    read()
    source.write_text("two")
    os.utime(source, ns=(1, 1))

    assert read() == {"text": "two"}


def test_another_version_of_the_module_computes_again(read, tmp_path):
    read()
    (tmp_path / "module.py").write_text("changed")

    read()
    assert read.times == 2


@pytest.mark.parametrize("data", [b"", b"\xff" * 9, marshal.dumps(7)], ids=repr)
def test_a_damaged_cache_is_computed_again(read, tmp_path, data):
    read()
    (path,) = cached(tmp_path)
    path.write_bytes(data)

    assert read() == {"text": "one"}
    assert read.times == 2


def test_no_byte_code_means_no_cache(read, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    read()

    assert cached(tmp_path) == []


def test_a_place_that_cannot_be_written_costs_only_the_time(read, tmp_path):
    (tmp_path / "__pycache__").write_text("a file where the folder would be")

    assert read() == {"text": "one"}


def test_what_cannot_be_marshalled_is_not_cached(tmp_path, source, read):
    value = derived(source, str(tmp_path / "module.py"), object)

    assert type(value) is object
    assert cached(tmp_path) == []
    assert read() == {"text": "one"}


def test_a_source_that_is_gone_is_left_to_whoever_reads_it(source, tmp_path):
    source.unlink()

    with pytest.raises(FileNotFoundError):
        derived(source, str(tmp_path / "module.py"), source.read_text)
