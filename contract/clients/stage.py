"""The mock of one scenario: what it replies, and the record of what was sent to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from contract.clients.scenario import Scenario, Sent
from contract.clients.task import Place
from contract.mock_server.app import serving
from contract.mock_server.provider import MockProvider
from contract.model.custom import Answers, Entry
from contract.model.profile import Profile
from contract.model.reply import Reply, spelled
from contract.model.wire import Request
from contract.targets.mock import build

KEY = "sk-client-of-magistral-contract"
WRONG_KEY = "sk-not-a-key-of-this-server"
MOST_SENT = 1_000
"""Requests of one scenario that are recorded; the others are answered alike."""


class Stage:
    """
    Plays a scenario in the dialect of a profile; a provider for `serving`.

    Usage: `with staged(scenario, profile) as (stage, place): …`, then `stage.sent`.
    """

    running = 0  # how many chats are being answered; the application counts them

    def __init__(self, scenario: Scenario, profile: Profile) -> None:
        """Play *scenario* as a server of *profile*."""
        entries = tuple(
            Entry(turn=number, replies=(reply,))
            for number, reply in enumerate(scenario.turns, 1)
        )
        last = Entry(replies=(scenario.turns[-1],))
        self._scenario = scenario
        self._provider: MockProvider = build(
            profile.id, key=KEY, answers=Answers((*entries, last))
        )
        self._lock = threading.Lock()
        self._chats = 0
        self._sent: list[Sent] = []
        self._started = time.monotonic()
        self.dialect = profile.dialect
        self.model = self._provider.models[0]

    @property
    def sent(self) -> tuple[Sent, ...]:
        """The requests until now."""
        with self._lock:
            return tuple(self._sent)

    def restart(self) -> None:
        """Count times from now on: the program is about to start."""
        self._started = time.monotonic()

    def reply(self, request: Request) -> Reply:
        """Return the reply of the scenario to *request*, and record both."""
        at = time.monotonic() - self._started
        made = found = self._provider.reply(request)
        refusal, place = "", ""
        if found.rejection is not None:
            refusal = found.body.decode(errors="replace")[:400]
            place = found.rejection.pointer
        with self._lock:
            if found.probe is not None:
                changes = self._scenario.changes
                change = changes[min(self._chats, len(changes) - 1)]
                self._chats += 1
                if change is not None:
                    found = change(found)
            found = spelled(found)
            if len(self._sent) < MOST_SENT:
                self._sent.append(Sent(at, request, found, made, refusal, place))
        return found

    def refused(self, request: Request, rejection: object) -> Reply:
        """Return the error for a request that was refused before it was read."""
        return self._provider.refused(request, rejection)  # type: ignore[arg-type]  # as given


@contextmanager
def staged(scenario: Scenario, profile: Profile) -> Iterator[tuple[Stage, Place]]:
    """
    Serve *scenario* in the dialect of *profile* on a free port of this machine.

    Yields the stage, and where the program finds it.
    """
    stage = Stage(scenario, profile)
    with serving(stage) as url:  # type: ignore[arg-type]  # what the application asks of a provider
        key = WRONG_KEY if scenario.wrong_key else KEY
        yield stage, Place(url=url, key=key, model=stage.model)
