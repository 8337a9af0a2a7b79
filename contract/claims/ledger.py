"""
The file of a run: each answer is appended when it is there, so that none is lost.

The first line has the settings of the run, each further one an answer. A line that was
cut off, by a kill or a full disk, is dropped when the run is resumed.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, BinaryIO

from contract.claims.verdict import Outcome
from contract.errors import UsageError
from contract.files.bounded import MOST_RECORDED, read_bounded
from contract.files.locking import locked
from contract.model.chat import Json
from contract.model.redaction import SECRETS
from contract.model.strict_json import read_json

FORMAT = "claims-run-v1"
_PATIENCE = 1.0  # seconds for another process that has the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One answer."""

    # The id of the item, and the number of the answer to it, from 0.
    item: str
    draw: int
    outcome: Outcome
    # The final answer as it was read; of one that was refused, why.
    found: str = ""
    finish: str = ""
    # Tokens as the server counts them, or as they were counted here.
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    # What the response says of the endpoint; empty if nothing.
    model: str = ""
    fingerprint: str = ""
    # The texts, so that they can be scored again.
    reasoning: str = ""
    answer: str = ""

    @property
    def tokens(self) -> int:
        """What the answer cost."""
        return self.prompt_tokens + self.completion_tokens


_FIELDS = {one.name for one in fields(Entry)}


class Ledger:
    """
    The answers of a run, in memory and in a file.

    Usage::

        with Ledger.opened(Path("run.jsonl"), settings, resume=False) as ledger:
            ledger.append(entry)
    """

    def __init__(self, path: Path, file: BinaryIO, entries: list[Entry]) -> None:
        """Append to *file*, which has *entries* already; `opened` makes one."""
        self.path = path
        self._file = file
        self._entries = entries
        self._lock = threading.Lock()

    @classmethod
    @contextmanager
    def opened(
        cls, path: Path, settings: Mapping[str, Json], *, resume: bool
    ) -> Iterator[Ledger]:
        """
        Open the file of a run with these *settings*.

        Raises `UsageError` if it exists and *resume* is false, if it is no file of
        such a run, if its settings are others, and if another process has it.
        """
        try:
            with locked(path.with_name(f".{path.name}.lock"), _PATIENCE):
                entries, end = _prepared(path, settings, resume=resume)
                with path.open("ab") as file:
                    file.truncate(end)
                    ledger = cls(path, file, entries)
                    if not end:
                        ledger.write({"format": FORMAT, **settings})
                    yield ledger
        except TimeoutError as error:
            raise UsageError(
                f"Another run writes to {path}; wait for it, or name another file "
                "with --save."
            ) from error
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}.") from error

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All answers so far, in the order in which they came."""
        with self._lock:
            return tuple(self._entries)

    def append(self, entry: Entry) -> None:
        """Keep *entry*: it is on the disk when this returns."""
        self.write(asdict(entry))
        with self._lock:
            self._entries.append(entry)

    def write(self, value: Mapping[str, Any]) -> None:
        """Write one line, with secrets masked, and wait until it is on the disk."""
        line = SECRETS.mask(json.dumps(value)) + "\n"
        with self._lock:
            self._file.write(line.encode())
            self._file.flush()
            os.fsync(self._file.fileno())


def _prepared(
    path: Path, settings: Mapping[str, Json], *, resume: bool
) -> tuple[list[Entry], int]:
    """Return the entries of the file, and the end of its last whole line."""
    if not path.exists():
        if resume:
            raise UsageError(f"{path} has no run to resume; leave out --resume.")
        return [], 0
    if not resume:
        raise UsageError(
            f"{path} exists, with answers that were paid for; continue with "
            "--resume, or name another file with --save."
        )
    content = read_bounded(path, MOST_RECORDED)
    end = content.rfind(b"\n") + 1
    lines = content[:end].splitlines()
    header = read_json(lines[0]) if lines else None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise UsageError(f"{path} is not the file of a run of claims.")
    for name, value in settings.items():
        if header.get(name) != value:
            raise UsageError(
                f"The run in {path} has {name} {header.get(name)!r}, not {value!r}; "
                "resume it with the same settings, or name another file with --save."
            )
    entries = []
    for number, line in enumerate(lines[1:], 2):
        entry = _entry(read_json(line))
        if entry is None:
            raise UsageError(f"{path}, line {number}: not an answer; restore the file.")
        entries.append(entry)
    return entries, end


def _entry(value: object) -> Entry | None:
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        return None
    try:
        outcome = Outcome(value["outcome"])
    except ValueError:
        return None
    texts = ("item", "found", "finish", "model", "fingerprint", "reasoning", "answer")
    counts = ("draw", "prompt_tokens", "completion_tokens")
    sound = (
        all(isinstance(value[name], str) for name in texts)
        and all(isinstance(value[name], int) for name in counts)
        and isinstance(value["seconds"], int | float)
    )
    return Entry(**{**value, "outcome": outcome}) if sound else None
