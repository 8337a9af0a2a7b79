"""Recordings: folders of saved exchanges, written by verify and read by replay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from contract.client.spool import Spool, SpoolFull
from contract.detection.detect import profile_named
from contract.errors import UsageError
from contract.files.bounded import MOST_RECORDED, read_bounded
from contract.model.chat import Json
from contract.model.exchange import Exchange
from contract.model.profile import MOST_WINDOW, Profile
from contract.model.saved import MOST_SECONDS, digest, dump
from contract.model.saved import load as load_exchange
from contract.model.strict_json import read_json
from contract.run.report import Header

FORMAT = "recording-v1"
MANIFEST = "manifest.json"


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


def folder(target: str) -> str:
    """Return a folder name for *target*, for recordings that are saved side by side."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", target).strip("-.")[:80] or "target"


def ensure_free(directory: Path) -> None:
    """
    Raise `UsageError` unless a recording can be saved in *directory*.

    The folder must be missing, empty or hold another recording, which is replaced.
    """
    try:
        occupied = directory.is_dir() and any(directory.iterdir())
    except OSError as error:
        raise _unwritable(directory, error) from error
    if occupied and _listed(directory) is None:
        raise UsageError(
            f"{directory} is not empty and does not hold a recording that could be "
            "replaced; name an empty folder."
        )


def save(
    directory: Path, header: Header, profile: Profile, exchanges: Iterable[Exchange]
) -> None:
    """
    Write one file per exchange and a manifest that lists them.

    Args:
        directory: The folder of the recording; it is created if it is missing.
        header: The header of the run.
        profile: The profile of the run. Only its context window is written, because
            the server may have reported another one than the profile does.
        exchanges: The exchanges to save.

    An existing recording is replaced once all files of the new one are on the disk;
    files that it does not list are kept. The manifest is written last, so that an
    interrupted run cannot leave an incomplete recording that looks complete. Raises
    `UsageError` if *directory* holds something else or cannot be written to.
    """
    ensure_free(directory)
    # Different probes may make the same request, which is one file.
    names: dict[str, None] = {}
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".saving-", dir=directory) as temporary:
            new = Path(temporary)
            for exchange in exchanges:
                identity = digest(exchange.request, exchange.probe)
                name = f"{folder(exchange.probe.name)}-{identity}.json"
                _write(new / name, dump(exchange))
                names[name] = None
            _write(
                new / MANIFEST,
                {
                    "format": FORMAT,
                    "header": _plain(header),
                    "context_window": profile.context_window,
                    "exchanges": [*names],
                },
            )
            for old in (MANIFEST, *(_listed(directory) or ())):
                (directory / old).unlink(missing_ok=True)
            for file in (*names, MANIFEST):
                (new / file).replace(directory / file)
    except OSError as error:
        raise _unwritable(directory, error) from error


def _listed(directory: Path) -> tuple[str, ...] | None:
    """Return the names of the files of the recording; None if there is no recording."""
    try:
        manifest = read_json(read_bounded(directory / MANIFEST, MOST_RECORDED))
    except OSError:
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        return None
    names = manifest.get("exchanges")
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
    try:
        raw = json.dumps(value, ensure_ascii=False, indent=1).encode()
    except UnicodeEncodeError:
        # JSON can escape a lone surrogate, UTF-8 cannot encode it.
        raw = json.dumps(value, indent=1).encode()
    path.write_bytes(raw + b"\n")


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
    if (directory / MANIFEST).is_file():
        return (_recording(directory, profiles, profile),)
    manifests = sorted(directory.glob(f"*/{MANIFEST}")) if directory.is_dir() else []
    if not manifests:
        raise UsageError(
            f"{directory} holds no recording (no {MANIFEST}); create one with "
            "magistral-contract verify TARGET --save DIR."
        )
    return tuple(_recording(path.parent, profiles, profile) for path in manifests)


def _recording(
    directory: Path, profiles: Mapping[str, Profile], profile: str | None
) -> Recording:
    path = directory / MANIFEST
    manifest = _read(path)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise UsageError(
            f"{path} is not a manifest of magistral-contract: its format is not "
            f"{FORMAT!r}."
        )
    header = _header(path, manifest.get("header"))
    names = manifest.get("exchanges")
    if not isinstance(names, list):
        raise UsageError(f"{path} is damaged: it has no list of exchanges.")
    chosen = profile_named(profile or header.profile, profiles)
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
    return Recording(directory.name, header, chosen, exchanges)


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
            trouble=str(value.get("trouble", "")),
            failed=False,
        )
    except KeyError as error:
        raise UsageError(f"{path} is damaged: its header lacks {error}.") from error


def _seconds(value: Json) -> float:
    """Return the time that a run took; 0 for what is none."""
    known = isinstance(value, int | float) and 0 <= value <= MOST_SECONDS
    return float(value) if known else 0.0  # type: ignore[arg-type]  # it is a number
