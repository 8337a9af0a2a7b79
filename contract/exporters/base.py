"""The exporter type, what an exporter is given, and the gate of what it writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import PurePosixPath

from contract._version import __version__
from contract.errors import ExporterError
from contract.model.check import Check
from contract.model.escape import escape_json
from contract.model.profile import Profile
from contract.model.redaction import SECRETS
from contract.reporters.base import mask_report
from contract.run.report import Report

FORMAT = "export-v1"
MANIFEST = "MANIFEST.json"
# The bytes of one file; import screens and editors give up on more.
MOST_BYTES = 16 * 2**20

Files = Mapping[str, bytes]
Write = Callable[["Source"], Files]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is exported: the contract of one server and, where there is one, a run."""

    # The server's profile: the dialect of the requests, what applies and what does not.
    profile: Profile
    # The root of the API, without `/v1` and without a slash at the end.
    base_url: str
    # The name of the model to request.
    model: str
    # The checks to export, in order.
    checks: tuple[Check, ...]
    # The results of a run; None if only the contract is exported. From a recording they
    # have their exchanges, from a JSON report they do not.
    report: Report | None = None
    # The options of single exporters, by name, such as `openapi_version`.
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exporter:
    """
    A kind of export; the caller writes the files.

    No exporter sees a secret of the process (`contract.model.redaction`): the report is
    masked before, and every file afterwards.
    """

    # The name of the kind, as in `magistral-contract export KIND`.
    id: str
    # What it writes, as a phrase for `--help`.
    summary: str
    # Returns the files by their path relative to the folder, with forward slashes.
    files: Write

    def __post_init__(self) -> None:
        """Put the gate around *files*."""
        object.__setattr__(self, "files", _gated(self.id, self.files))


def exporter(id: str, *, summary: str) -> Callable[[Write], Exporter]:
    """
    Return a decorator that makes an exporter of a function from a source to files.

    *id* is the name of the kind, *summary* a phrase for listings.

    Usage: see "A new exporter" in CONTRIBUTING.md.
    """
    return lambda write: Exporter(id, summary, write)


def _gated(kind: str, write: Write) -> Write:
    @wraps(write)
    def gated(source: Source) -> Files:
        report = None if source.report is None else mask_report(source.report)
        found = write(replace(source, report=report))
        files = {path: _masked(data) for path, data in sorted(found.items())}
        for path, data in files.items():
            pure = PurePosixPath(path)
            if pure.is_absolute() or ".." in pure.parts or path != str(pure):
                raise ExporterError(kind, f"{path!r} is no path inside the folder")
            if len(data) > MOST_BYTES:
                size = f"{len(data) / 2**20:.1f} MiB"
                raise ExporterError(
                    kind, f"{path} has {size}, and the limit is {MOST_BYTES >> 20} MiB"
                )
        return {**files, MANIFEST: manifest(kind, files)}

    return gated


def _masked(data: bytes) -> bytes:
    try:
        return SECRETS.mask(data.decode()).encode()
    except UnicodeDecodeError:
        return SECRETS.mask_bytes(data)


def manifest(kind: str, files: Files) -> bytes:
    """Return `MANIFEST.json`: what wrote the *files*, and the SHA-256 of each."""
    return to_bytes(
        {
            "format": FORMAT,
            "kind": kind,
            "version": __version__,
            "files": {
                path: hashlib.sha256(data).hexdigest()
                for path, data in sorted(files.items())
            },
        }
    )


def to_bytes(value: object) -> bytes:
    """
    Return *value* as indented JSON that ends with a line break.

    Everything but ASCII is escaped: lone surrogates are no UTF-8, and a reader that
    guesses another encoding reads the same text. So is what a log would obey.
    """
    return (escape_json(json.dumps(value, indent=1)) + "\n").encode()
