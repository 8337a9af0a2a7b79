"""
What lies beside a recording: its engine, its identity, its published figures.

A recording holds what a server sent. Which release it was, and what other verbs
measured on the same deployment, are files of their own in the folder of the recording:

    about.toml         engine, version, started_with, remark: stated by a person
    identity.json      what `identify … --json FILE` wrote (identity-v1)
    claims-SET.json    what `claims … --json FILE` wrote (claims-v1), one for each set

All of them may be missing.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from contract.errors import UsageError
from contract.files.bounded import MOST_CONFIGURED, read_bounded
from contract.model.check import shorten
from contract.model.strict_json import MISSING, is_one_of, read_json
from contract.plugins.discovery import suggestion

ABOUT = "about.toml"
IDENTITY = "identity.json"
CLAIMS = "claims-*.json"
# The verdicts of both formats, the best first.
IDENTITIES = ("same", "cannot-tell", "different")
CONSISTENCIES = ("consistent", "inconclusive", "below")
_LONGEST = 2_000  # characters of a text in about.toml
_QUOTED = 60  # characters of a quoted value


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a person states about the server of a recording; empty if not stated."""

    # The name of the engine, such as "vLLM".
    engine: str = ""
    # Its release, such as "0.32.0".
    version: str = ""
    # The options by which the recorded server differs from a plain start.
    started_with: str = ""
    # Anything else that a reader has to know.
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whether it is the model of a trusted deployment, as `identify` found."""

    # One of `IDENTITIES`.
    verdict: str
    # In what it differs, such as "weights"; empty unless the verdict is "different".
    differs_in: tuple[str, ...] = ()
    # The model that was asked; empty if the file does not say.
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The rate of right answers to a set of questions, as `claims` measured it."""

    # The name of the set, such as "aime25".
    name: str
    # One of `CONSISTENCIES`.
    verdict: str
    # The share of right answers, from 0 to 1; None if none could be judged.
    rate: float | None = None
    # The published share; None if none is published for this set and model.
    published: float | None = None
    # The number of answers that were judged.
    answers: int = 0
    # The model that was asked; empty if the file does not say.
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What lies beside one recording."""

    about: About = About()
    # None if it was not measured.
    identity: Identity | None = None
    # By the name of the set; empty if none was measured.
    claims: tuple[Claim, ...] = ()


def read_beside(folder: Path) -> Beside:
    """
    Return what lies beside the recording in *folder*.

    Usage: `read_beside(Path("fixtures/exchanges/vllm-0.32.0")).about.version`. Raises
    `UsageError`, one sentence that names the file, if one of the files cannot be read,
    is damaged, or has the format of a later version.
    """
    identity = folder / IDENTITY
    claims = sorted(folder.glob(CLAIMS))
    found = tuple(_claim(path) for path in claims)
    for path, one in zip(claims, found, strict=True):
        if sum(other.name == one.name for other in found) > 1:
            raise UsageError(
                f"{path} is of the set {shorten(one.name, _QUOTED)}, as another file "
                "beside it is; keep one of them."
            )
    return Beside(
        about=_about(folder / ABOUT),
        identity=_identity(identity) if identity.exists() else None,
        claims=tuple(sorted(found, key=lambda claim: claim.name)),
    )


def _about(path: Path) -> About:
    if not path.exists():
        return About()
    try:
        table = tomllib.loads(_raw(path).decode())
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8; write it again.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}.") from error
    known = [field.name for field in fields(About)]
    for name, value in table.items():
        if name not in known:
            raise UsageError(
                f"{path} has an unknown key {shorten(name, _QUOTED)!r}"
                f"{suggestion(name, known, few=len(known))}"
            )
        if not isinstance(value, str) or len(value) > _LONGEST:
            raise UsageError(
                f"{path}: {name} is not a text of at most {_LONGEST} characters."
            )
    return About(**table)


def _identity(path: Path) -> Identity:
    value = _document(path, "identity-v1", "identify")
    verdict = _verdict(path, value, IDENTITIES)
    differs = value.get("differs_in", [])
    if not isinstance(differs, list) or not all(isinstance(d, str) for d in differs):
        raise _damaged(path, "differs_in is not a list of texts")
    return Identity(
        verdict=verdict,
        differs_in=tuple(differs) if verdict == "different" else (),
        model=_text(path, value, "model"),
    )


def _claim(path: Path) -> Claim:
    value = _document(path, "claims-v1", "claims")
    answers = value.get("answers", 0)
    if not isinstance(answers, int) or isinstance(answers, bool) or answers < 0:
        raise _damaged(path, "answers is not a number of answers")
    name = _text(path, value, "set")
    if not name:
        raise _damaged(path, "it names no set")
    return Claim(
        name=name,
        verdict=_verdict(path, value, CONSISTENCIES),
        rate=_share(path, value, "rate"),
        published=_share(path, value, "published"),
        answers=answers,
        model=_text(path, value, "model"),
    )


def _document(path: Path, known: str, verb: str) -> Mapping[str, object]:
    """Return the JSON object in *path*, whose format is *known*; *verb* wrote it."""
    value = read_json(_raw(path))
    again = f"write it again with magistral-contract {verb} … --json {path.name}"
    if value is MISSING:
        raise UsageError(f"{path} is not JSON, or was cut off; {again}.")
    stated = value.get("format") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(stated, str):
        raise UsageError(f"{path} does not have the format {known}; {again}.")
    if stated != known:
        if stated.startswith(known.rstrip("0123456789")):
            raise UsageError(
                f"{path} has the format {shorten(stated, _QUOTED)}, and this version "
                f"reads {known}; read it with the version of magistral-contract that "
                "wrote it."
            )
        raise UsageError(
            f"{path} has the format {shorten(stated, _QUOTED)} instead of {known}; "
            f"{again}."
        )
    return value


def _raw(path: Path) -> bytes:
    if not path.is_file():  # a pipe may never have a writer
        raise UsageError(f"{path} is not a file; remove it, or write it again.")
    try:
        return read_bounded(path, MOST_CONFIGURED)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def _verdict(path: Path, value: Mapping[str, object], known: tuple[str, ...]) -> str:
    verdict = value.get("verdict")
    if not isinstance(verdict, str) or not is_one_of(verdict, known):
        raise _damaged(path, f"its verdict is not one of {', '.join(known)}")
    return verdict


def _text(path: Path, value: Mapping[str, object], name: str) -> str:
    text = value.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise _damaged(path, f"{name} is not a text")
    return text


def _share(path: Path, value: Mapping[str, object], name: str) -> float | None:
    share = value.get(name)
    if share is None:
        return None
    number = isinstance(share, int | float) and not isinstance(share, bool)
    if not number or not 0 <= share <= 1 or not math.isfinite(share):  # type: ignore[operator, arg-type]  # it is a number
        raise _damaged(path, f"{name} is not a share from 0 to 1")
    return float(share)  # type: ignore[arg-type]  # it is a number


def _damaged(path: Path, why: str) -> UsageError:
    return UsageError(f"{path} is damaged: {why}.")
