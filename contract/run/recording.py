"""Recordings: folders of saved exchanges, written by verify and read by replay."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from contract.client.spool import Spool, SpoolFull
from contract.detection.detect import profile_named
from contract.errors import UsageError
from contract.files.bounded import MOST_RECORDED, read_bounded
from contract.files.locking import locked
from contract.files.replacing import sync_folder, write_synced
from contract.model.chat import Json
from contract.model.check import shorten
from contract.model.escape import escape_controls, escape_json
from contract.model.exchange import Exchange
from contract.model.profile import MOST_WINDOW, Profile
from contract.model.redaction import SECRETS
from contract.model.saved import MOST_SECONDS, digest, dump
from contract.model.saved import load as load_exchange
from contract.model.strict_json import read_json
from contract.run.report import Header

FORMAT = "recording-v1"
_FAMILY = "recording-v"  # what the name of every version of the format begins with
MANIFEST = "manifest.json"
# Names that begin so belong to a run that is saving, or that was killed while it did.
SAVING = ".saving"
# In the folder of such a run: the files of the recording that it may have touched.
JOURNAL = "journal.json"
ATTEMPTS = 3  # tenths of a second to wait for the lock of a folder
READS = 20  # of a recording that is being replaced
PATIENCE = 60.0  # seconds to wait for another run that saves in the same folder


@dataclass(frozen=True, slots=True)
class Recording:
    """The saved exchanges with one target."""

    # The name of the folder, which distinguishes recordings that are judged together.
    name: str
    # The header of the run that made the recording.
    header: Header
    # The profile to judge by, with the context window of that run.
    profile: Profile
    # The exchanges by the digest of their request (`contract.model.saved.digest`).
    exchanges: Mapping[str, Exchange]
    # Whether no check asks for them, as in a load test: invariants judge all of them.
    loose: bool = False


def folder(target: str) -> str:
    """Return a folder name for *target*, for recordings that are saved side by side."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", target).strip("-.")[:80] or "target"


def ensure_free(directory: Path) -> None:
    """
    Raise `UsageError` unless a recording can be saved in *directory*.

    The folder must be missing, empty or hold another recording, which is replaced, or
    what a run left behind that was killed while it saved.
    """
    try:
        names = {p.name for p in directory.iterdir()} if directory.is_dir() else set()
    except OSError as error:
        raise _unwritable(directory, error) from error
    if MANIFEST in names and _listed(directory) is not None:
        return
    others = {name for name in names if not name.startswith(SAVING)}
    if others - _touched(directory):
        raise UsageError(
            f"{directory} is not empty and does not hold a recording that could be "
            "replaced; name an empty folder."
        )


def save(
    directory: Path,
    header: Header,
    profile: Profile,
    exchanges: Iterable[Exchange],
    *,
    loose: bool = False,
) -> None:
    """
    Write one file per exchange and a manifest that lists them.

    Args:
        directory: The folder of the recording; it is created if it is missing.
        header: The header of the run.
        profile: The profile of the run. Only its context window is written, because
            the server may have reported another one than the profile does.
        exchanges: The exchanges to save.
        loose: Whether no check asks for them, as in a load test.

    Whenever the process ends, *directory* holds the old recording or the new one,
    whole: the manifest, which names the files, is replaced by one rename, once the new
    files are on the disk beside the old ones. Files that no manifest listed are kept.
    Runs that save in one folder do so one after the other. Raises `UsageError` if
    *directory* holds something else or cannot be written to.
    """
    ensure_free(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with locked(directory / f"{SAVING}.lock", PATIENCE):
            _clean(directory)
            _save(directory, header, profile, exchanges, loose=loose)
    except TimeoutError as error:
        raise UsageError(
            f"The recording cannot be written to {directory}: another run is saving "
            "there. Name another folder, or wait for it to end."
        ) from error
    except OSError as error:
        raise _unwritable(directory, error) from error


def _save(
    directory: Path,
    header: Header,
    profile: Profile,
    exchanges: Iterable[Exchange],
    *,
    loose: bool,
) -> None:
    """Save as `save` does, with the lock held and nothing left behind by others."""
    stage = directory / f"{SAVING}-{secrets.token_hex(4)}"
    manifest: dict[str, Json] = {
        "format": FORMAT,
        "header": _plain(header),
        "context_window": profile.context_window,
        **({"loose": True} if loose else {}),
    }
    stage.mkdir()
    try:
        # Different probes may make the same request, which is one file.
        names: dict[str, None] = {}
        for exchange in exchanges:
            identity = digest(exchange.request, exchange.probe)
            name = f"{folder(exchange.probe.name)}-{identity}.json"
            _write(stage / name, dump(exchange))
            names[name] = None
        old = _listed(directory) or ()
        places = {name: _place(directory, stage, name, old) for name in names}
        _write(stage / JOURNAL, [*sorted({*old, *places, *places.values()})])
        for name, place in places.items():
            if place not in old:
                (stage / name).replace(directory / place)
        _commit(directory, stage, {**manifest, "exchanges": [*places.values()]}, old)
        if moved := {name: place for name, place in places.items() if name != place}:
            for name, place in moved.items():
                _copy(directory / place, directory / name)
            whole: dict[str, Json] = {**manifest, "exchanges": [*names]}
            _commit(directory, stage, whole, tuple(places.values()))
    finally:
        with suppress(OSError):
            _clean(directory)


class Growing:
    """
    A recording to which exchanges are added one by one, while they happen.

    Usage::

        with Growing(Path("recording")) as growing:
            name = growing.add(exchange)
            growing.commit(header, profile)

    An exchange is in the folder with its first `commit`, which also replaces a
    recording that was there before; a program that is killed leaves the recording as
    of the last one.
    """

    def __init__(self, directory: Path, most: int) -> None:
        """
        Write nothing yet.

        Args:
            directory: The folder; it must be free as for `save`.
            most: Bytes of the files that are kept. For a new one, the oldest are
                removed that `add` did not hold.
        """
        self.directory, self._most = directory, most
        self._stage = directory / f"{SAVING}-{secrets.token_hex(4)}"
        self._run = secrets.token_hex(2)
        # The files by name: their size, and whether they are held.
        self._files: dict[str, tuple[int, bool]] = {}
        self._staged: dict[str, None] = {}
        self._gone: list[str] = []
        self._size = 0
        self.removed = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Raise `UsageError` if the folder is not free or cannot be written to."""
        ensure_free(self.directory)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._stack.enter_context(
                locked(self.directory / f"{SAVING}.lock", ATTEMPTS / 10)
            )
            _clean(self.directory)
            self._stage.mkdir()
        except TimeoutError as error:
            raise UsageError(
                f"The recording cannot be written to {self.directory}: another run is "
                "saving there. Name another folder, or wait for it to end."
            ) from error
        except OSError as error:
            self._stack.close()
            raise _unwritable(self.directory, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            shutil.rmtree(self._stage)
        self._stack.close()

    @property
    def count(self) -> int:
        """The number of exchanges that are kept."""
        return len(self._files)

    def add(self, exchange: Exchange, *, hold: bool = False) -> str:
        """
        Write *exchange*; return the name of its file, or "" if there is no room.

        *hold* keeps it when room is needed for others. Raises `UsageError` if it cannot
        be written.
        """
        identity = digest(exchange.request, exchange.probe)
        name = f"{folder(exchange.probe.name)}-{identity}.{self._run}.json"
        try:
            _write(self._stage / name, dump(exchange))
            size = (self._stage / name).stat().st_size
            if not self._make_room(size):
                (self._stage / name).unlink()
                return ""
        except OSError as error:
            with suppress(OSError):
                (self._stage / name).unlink(missing_ok=True)
            raise _unwritable(self.directory, error) from error
        self._files[name] = (size, hold)
        self._staged[name] = None
        self._size += size
        return name

    def _make_room(self, size: int) -> bool:
        if size > self._most:
            return False
        for name, (freed, held) in [*self._files.items()]:
            if self._size + size <= self._most:
                break
            if held:
                continue
            del self._files[name]
            self._size -= freed
            self.removed += 1
            if name in self._staged:
                del self._staged[name]
                (self._stage / name).unlink(missing_ok=True)
            else:
                self._gone.append(name)
        return self._size + size <= self._most

    def commit(self, header: Header, profile: Profile) -> None:
        """
        Let the recording hold what was added so far.

        Raises `UsageError` if it cannot be written; another commit may succeed.
        """
        try:
            old = _listed(self.directory) or ()
            for name in [*self._staged]:
                (self._stage / name).replace(self.directory / name)
                del self._staged[name]
            manifest: dict[str, Json] = {
                "format": FORMAT,
                "header": _plain(header),
                "context_window": profile.context_window,
                "loose": True,
                "exchanges": [*self._files],
            }
            _commit(self.directory, self._stage, manifest, (*old, *self._gone))
            self._gone.clear()
        except OSError as error:
            raise _unwritable(self.directory, error) from error


def _place(directory: Path, stage: Path, name: str, old: tuple[str, ...]) -> str:
    """Return where in *directory* the file *name* of *stage* replaces no other."""
    if name not in old:
        return name
    with suppress(OSError):
        if (directory / name).read_bytes() == (stage / name).read_bytes():
            return name
    stem = name.removesuffix(".json")
    return next(n for i in range(len(old) + 1) if (n := f"{stem}.{i}.json") not in old)


def _commit(
    directory: Path, stage: Path, manifest: dict[str, Json], old: tuple[str, ...]
) -> None:
    """Replace the manifest, then remove the files that only the *old* one listed."""
    sync_folder(directory)
    _write(stage / MANIFEST, manifest)
    (stage / MANIFEST).replace(directory / MANIFEST)
    sync_folder(directory)
    for name in {*old}.difference(_listed(directory) or ()):
        (directory / name).unlink(missing_ok=True)


def _copy(source: Path, destination: Path) -> None:
    try:
        destination.hardlink_to(source)
    except OSError:  # the file system has no links
        write_synced(destination, source.read_bytes())


def _clean(directory: Path) -> None:
    """Remove what runs left behind that were killed while they saved."""
    for name in _touched(directory).difference(_listed(directory) or ()):
        (directory / name).unlink(missing_ok=True)
    for stage in directory.glob(f"{SAVING}-*"):
        shutil.rmtree(stage)


def _touched(directory: Path) -> set[str]:
    """Return the files in *directory* that runs touched which did not finish saving."""
    found: set[str] = set()
    for stage in directory.glob(f"{SAVING}-*"):
        # Up to version 0.3 there was no journal, and the manifest was moved last.
        with suppress(OSError):
            journal = read_json((stage / JOURNAL).read_bytes())
            found.update(_names(journal))
        found.update(_listed(stage) or ())
    return found


def _listed(directory: Path) -> tuple[str, ...] | None:
    """Return the names of the files of the recording; None if there is no recording."""
    try:
        manifest = read_json(read_bounded(directory / MANIFEST, MOST_RECORDED))
    except OSError:
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        return None
    return _names(manifest.get("exchanges"))


def _names(names: object) -> tuple[str, ...]:
    """Return the names of files of a recording in a list that a file holds."""
    # Only the last part of a name, so that no manifest can point outside the folder.
    return tuple(
        Path(name).name
        for name in (names if isinstance(names, list) else ())
        if isinstance(name, str) and name.endswith(".json")
    )


def _unwritable(directory: Path, error: OSError) -> UsageError:
    return UsageError(
        f"The recording cannot be written to {directory}: {error.strerror}. "
        "Name a folder you may write to."
    )


def _plain(header: Header) -> dict[str, Json]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(header).items()
        if name != "failed"  # a target that cannot be opened is not recorded
    }


def _write(path: Path, value: Json) -> None:
    """Write *value* as readable JSON, masked and inert in a terminal, to the disk."""
    text = SECRETS.mask(json.dumps(value, ensure_ascii=False, indent=1))
    write_synced(path, (escape_json(text) + "\n").encode())


def folders(directory: Path) -> tuple[Path, ...]:
    """
    Return the folder of the recording in *directory*, or those of its subfolders.

    Nothing of them is read. Raises `UsageError` that names *directory* if there is no
    recording. Usage: `for folder in folders(Path("recordings")): …`.
    """
    try:
        return _folders(directory)
    except OSError as error:
        raise UsageError(
            f"{shorten(str(directory), 200)} cannot be read: {error.strerror}. Name "
            "the folder that verify --save wrote."
        ) from error


def _folders(directory: Path) -> tuple[Path, ...]:
    if (directory / MANIFEST).is_file():
        return (directory,)
    found = directory.glob(f"[!.]*/{MANIFEST}") if directory.is_dir() else ()
    manifests = sorted(found)
    if not manifests and any(directory.glob(f"{SAVING}-*")):
        raise UsageError(
            f"{directory} holds no recording: the run that saved it was interrupted; "
            "run it again."
        )
    if directory.is_file():
        raise UsageError(
            f"{directory} is a file; name the folder that verify --save wrote. A "
            "report can be compared, but not replayed."
        )
    if not manifests:
        raise UsageError(
            f"{directory} holds no recording (no {MANIFEST}); create one with "
            "magistral-contract verify TARGET --save DIR."
        )
    return tuple(path.parent for path in manifests)


def load(
    directory: Path, profiles: Mapping[str, Profile], profile: str | None = None
) -> tuple[Recording, ...]:
    """
    Return the recording in *directory*, or the recordings in its subfolders.

    Args:
        directory: The folder of one recording, or of one folder per recording.
        profiles: The known profiles by id.
        profile: The id of the profile to judge by, instead of the recorded one.

    Raises `UsageError` that names the file if there is no recording or if a file is
    damaged.
    """
    return tuple(
        _stable_recording(one, profiles, profile) for one in folders(directory)
    )


def load_one(directory: Path, profiles: Mapping[str, Profile]) -> Recording:
    """
    Return the only recording in *directory*, to answer from.

    *profiles* are the known profiles by id. Raises `UsageError` as `load` does, and if
    there are several.
    """
    if directory.is_dir() and not (directory / MANIFEST).is_file():
        found = sorted(path.parent for path in directory.glob(f"[!.]*/{MANIFEST}"))
        if len(found) > 1:
            names = ", ".join(map(str, found[:5]))
            raise UsageError(
                f"{directory} holds {len(found)} recordings; name one of them: {names}."
            )
    return load(directory, profiles)[0]


def _stable_recording(
    directory: Path, profiles: Mapping[str, Profile], profile: str | None
) -> Recording:
    """Return the recording in *directory*, which another run may be replacing."""
    for _ in range(READS):
        before = _manifest_bytes(directory)
        try:
            found = _recording(directory, profiles, profile)
        except UsageError:
            if _manifest_bytes(directory) == before:
                raise
        else:
            # Two runs later a name may be in use again, for an exchange of another run.
            if _manifest_bytes(directory) == before:
                return found
    return _recording(directory, profiles, profile)


def _manifest_bytes(directory: Path) -> bytes:
    try:
        return (directory / MANIFEST).read_bytes()
    except OSError:
        return b""


def _recording(
    directory: Path, profiles: Mapping[str, Profile], profile: str | None
) -> Recording:
    path = directory / MANIFEST
    manifest = _read(path)
    stated = manifest.get("format") if isinstance(manifest, dict) else None
    if isinstance(stated, str) and stated.startswith(_FAMILY) and stated != FORMAT:
        raise UsageError(
            f"{path} has the format {shorten(stated, 40)}, and this version reads "
            f"{FORMAT}; read it with the version of magistral-contract that wrote it."
        )
    if not isinstance(manifest, dict) or stated != FORMAT:
        raise UsageError(
            f"{path} is not a manifest of magistral-contract: its format is not "
            f"{FORMAT!r}."
        )
    header = _header(path, manifest.get("header"))
    names = manifest.get("exchanges")
    if not isinstance(names, list):
        raise UsageError(f"{path} is damaged: it has no list of exchanges.")
    chosen = profile_named(profile or header.profile, profiles).for_model(header.model)
    window = manifest.get("context_window")
    if isinstance(window, int) and not 1 <= window <= MOST_WINDOW:
        raise UsageError(
            f"{path} is damaged: its context_window is not between 1 and {MOST_WINDOW}."
        )
    if profile is None and isinstance(window, int):
        chosen = replace(chosen, context_window=window)
    exchanges: dict[str, Exchange] = {}
    spool = Spool()
    for name in names:
        file = directory / Path(str(name)).name
        saved = _read(file)
        try:
            exchange = spool.kept(load_exchange(saved, chosen))
        except UsageError as error:
            raise UsageError(f"{file}: {error}") from error
        except SpoolFull as full:
            raise UsageError(
                f"{directory} is too large to be judged: {full}."
            ) from full
        identity = saved.get("digest") if isinstance(saved, dict) else None
        if not isinstance(identity, str):
            raise UsageError(f"{file} is damaged: it has no digest.")
        exchanges[identity] = exchange
    loose = manifest.get("loose") is True
    return Recording(directory.name, header, chosen, exchanges, loose)


def _read(path: Path) -> Json:
    try:
        raw = read_bounded(path, MOST_RECORDED)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    value = read_json(raw)
    if not isinstance(value, dict):
        raise UsageError(f"{path} is damaged: it is not a JSON object.")
    return value


def _header(path: Path, value: Json) -> Header:
    known = {field.name for field in fields(Header)}
    if not isinstance(value, dict) or set(value) - known:
        raise UsageError(f"{path} is damaged: its header has unknown members.")
    try:
        text = {
            name: str(value[name])
            for name in ("target", "url", "profile", "why", "model", "version")
        }
        seconds, requests = value.get("seconds", 0.0), value.get("requests", 0)
        notes = value.get("notes", [])
        return Header(
            **text,
            started=str(value["started"]),
            seconds=_seconds(seconds),
            requests=requests if isinstance(requests, int) else 0,
            notes=tuple(map(str, notes)) if isinstance(notes, list) else (),
            # On one line: nothing vouches here that its lines were those of a log.
            trouble=escape_controls(str(value.get("trouble", ""))),
            failed=False,
        )
    except KeyError as error:
        raise UsageError(f"{path} is damaged: its header lacks {error}.") from error


def _seconds(value: Json) -> float:
    """Return the time that a run took; 0 for what is none."""
    known = isinstance(value, int | float) and 0 <= value <= MOST_SECONDS
    return float(value) if known else 0.0  # type: ignore[arg-type]  # it is a number
