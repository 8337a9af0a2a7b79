"""Alerts: a change is posted to a URL or handed to a command, within bounds."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from contract.errors import UsageError
from contract.model.escape import escape_json
from contract.model.redaction import SECRETS, register_secret
from contract.watching.state import Change

ATTEMPTS = 3
PAUSES = (1.0, 3.0)  # seconds before the second and the third attempt
TIMEOUT = 5.0  # seconds of each phase of one attempt
LONGEST = 30.0  # seconds of a command
_REPEATED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT})


def body(change: Change) -> str:
    """Return *change* as one line of JSON in ASCII, without secrets."""
    return SECRETS.mask(escape_json(json.dumps(change.json)))


@dataclass(frozen=True, slots=True)
class Webhook:
    """A URL that gets each change as JSON, by POST."""

    url: str = field(repr=False)
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Raise `UsageError` for what is no URL; its path and query become secrets."""
        try:
            parts = urlsplit(self.url)
            valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            valid = False
        if not valid:
            raise UsageError(
                "The URL of --webhook is invalid; write it as https://HOST/PATH."
            )
        # Chat services have the key in the path.
        register_secret(self.url, parts.path.strip("/"), parts.query, parts.password)

    @property
    def name(self) -> str:
        """The URL without what may be secret."""
        parts = urlsplit(self.url)
        return f"the webhook {parts.scheme}://{parts.hostname}"

    def send(self, change: Change) -> str:
        """
        Post *change*; return why it could not be delivered, or "" if it was.

        No answer, 408, 429 and 5xx are repeated, twice. Redirects are not followed.
        """
        why = ""
        for pause in (*PAUSES, None):
            try:
                answer = httpx.post(
                    self.url,
                    content=body(change),
                    headers={"content-type": "application/json"},
                    timeout=TIMEOUT,
                )
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                why = f"{self.name} does not answer ({type(error).__name__})"
            else:
                if answer.is_success:
                    return ""
                why = f"{self.name} answers {answer.status_code}"
                if answer.status_code not in _REPEATED and not answer.is_server_error:
                    return why
            if pause is not None:
                self.sleep(pause)
        return f"{why}, {ATTEMPTS} times"


@dataclass(frozen=True, slots=True)
class Command:
    """A program that gets each change as a line of JSON on its standard input."""

    words: tuple[str, ...]
    # Variables that it does not get, because they hold the keys of targets.
    without: frozenset[str] = frozenset()
    longest: float = LONGEST

    @classmethod
    def parse(cls, text: str, without: Iterable[str] = ()) -> Command:
        """Return the command *text*; raise `UsageError` if there is no such program."""
        try:
            words = tuple(shlex.split(text))
        except ValueError as error:
            raise UsageError(f"--command is not closed: {error}.") from error
        if not words or shutil.which(words[0]) is None:
            name = words[0] if words else ""
            raise UsageError(
                f"--command names no program that can be run: {name!r}; write "
                "'PROGRAM ARGUMENT…', without a shell."
            )
        return cls(words, frozenset(without))

    @property
    def name(self) -> str:
        """The program."""
        return f"the command {self.words[0]}"

    def send(self, change: Change) -> str:
        """Run the program; return why *change* could not be delivered, or ""."""
        kept = {k: v for k, v in os.environ.items() if k not in self.without}
        try:
            done = subprocess.run(  # noqa: S603  # the user's, and not a shell
                self.words,
                input=body(change) + "\n",
                text=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=self.longest,
                check=False,
                env=kept,
            )
        except subprocess.TimeoutExpired:
            return f"{self.name} took longer than {self.longest:g} s and was ended"
        except OSError as error:
            return f"{self.name} cannot be run: {error.strerror}"
        return f"{self.name} ended with {done.returncode}" if done.returncode else ""
