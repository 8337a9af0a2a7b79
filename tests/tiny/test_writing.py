"""The writers of tiny models: a missing extra and a full disk are one sentence."""

import errno

import pytest

from contract.errors import TargetError, UsageError
from contract.tiny import writing
from contract.tiny.writing import DISK_SPACE, temporary_model, writer


@pytest.mark.parametrize("engine", ["llamacpp", "transformers", "vllm"])
def test_every_engine_has_a_writer(engine):
    assert writer(engine).__module__ == f"contract.tiny.{engine}"


def test_a_missing_extra_is_named(monkeypatch):
    def missing(_name):
        raise ImportError("No module named 'gguf'", name="gguf")

    monkeypatch.setattr(writing, "import_module", missing)

    with pytest.raises(UsageError, match=r"need gguf; run .*'\.\[tiny\]'"):
        writer("llamacpp")


def test_a_model_is_written_to_its_places(monkeypatch, tmp_path):
    written = []

    def write(*places, **options):
        written.append((places, options))

    monkeypatch.setattr(writing, "writer", {"llamacpp": write}.get)
    temporary_model("llamacpp", tmp_path / "a", tmp_path / "b", size=7)

    assert written == [((tmp_path / "a", tmp_path / "b"), {"size": 7})]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError("cut short"), "cut short"),
    ],
    ids=["system", "library"],
)
def test_a_full_disk_is_reported_with_the_space_that_is_needed(
    monkeypatch, error, reason
):
    def full(*_):
        raise error

    monkeypatch.setattr(writing, "writer", lambda _: full)

    with pytest.raises(TargetError, match="set TMPDIR") as caught:
        temporary_model("llamacpp")

    assert f"({reason})" in str(caught.value)
    assert DISK_SPACE in str(caught.value)
