"""The file of a run: what was paid for is kept, whatever ends the run."""

from __future__ import annotations

import pytest

from contract.claims.ledger import Entry, Ledger
from contract.claims.verdict import Outcome
from contract.errors import UsageError
from contract.model.redaction import SECRETS

SETTINGS = {"model": "m", "samples": 8}
ENTRY = Entry(item="1", draw=0, outcome=Outcome.RIGHT, found="7", completion_tokens=5)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run.jsonl"
    with Ledger.opened(path, SETTINGS, resume=False) as ledger:
        ledger.append(ENTRY)
    return path


def test_answers_are_read_back(path):
    with Ledger.opened(path, SETTINGS, resume=True) as ledger:
        assert ledger.entries == (ENTRY,)


def test_a_line_that_was_cut_off_is_dropped_and_nothing_else(path):
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[1][:20])
    with Ledger.opened(path, SETTINGS, resume=True) as ledger:
        ledger.append(ENTRY)

    assert path.read_bytes() == whole + whole.splitlines(keepends=True)[1]


def test_an_answer_is_on_the_disk_when_append_returns(tmp_path):
    path = tmp_path / "run.jsonl"
    with Ledger.opened(path, SETTINGS, resume=False) as ledger:
        ledger.append(ENTRY)
        assert len(path.read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    ("settings", "resume", "words"),
    [
        (SETTINGS, False, "continue with --resume"),
        ({**SETTINGS, "samples": 4}, True, "has samples 8, not 4"),
    ],
)
def test_a_run_is_neither_replaced_nor_mixed_with_another(
    path, settings, resume, words
):
    before = path.read_bytes()
    with (
        pytest.raises(UsageError, match=words),
        Ledger.opened(path, settings, resume=resume),
    ):
        pass

    assert path.read_bytes() == before


@pytest.mark.parametrize("content", ["", "{}\n", "no json\n"])
def test_another_file_is_not_taken_for_one(tmp_path, content):
    path = tmp_path / "other"
    path.write_text(content)
    with (
        pytest.raises(UsageError, match="not the file of a run"),
        Ledger.opened(path, SETTINGS, resume=True),
    ):
        pass

    assert path.read_text() == content


def test_nothing_to_resume_is_said(tmp_path):
    with (
        pytest.raises(UsageError, match="leave out --resume"),
        Ledger.opened(tmp_path / "none", SETTINGS, resume=True),
    ):
        pass


def test_secrets_are_masked(tmp_path):
    SECRETS.register("sk-secret-of-a-test")
    path = tmp_path / "run.jsonl"
    with Ledger.opened(path, SETTINGS, resume=False) as ledger:
        ledger.append(
            Entry(item="1", draw=0, outcome=Outcome.WRONG, answer="sk-secret-of-a-test")
        )

    assert b"sk-secret-of-a-test" not in path.read_bytes()
