"""Runs of the load engine in processes of their own, and what they bring back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, Queue
from tempfile import TemporaryFile
from threading import Thread
from typing import IO, Any

from contract.client.credentials import KEYS
from contract.client.route import Route
from contract.engines.process import HOST, free_port, last_lines
from contract.errors import ContractError, TargetError, UsageError
from contract.load.lag import Generator
from contract.load.plan import LoadPlan
from contract.load.sampling import Kept
from contract.load.totals import Totals
from contract.model.profile import Profile
from contract.model.saved import load

INTERRUPTED = "interrupted"
STARTUP = 30.0  # seconds until an engine is ready
SLACK = 30.0  # seconds beyond the plan after which an engine hangs
_KILLED = 5.0  # seconds to end after its input is closed
Tell = Callable[[Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The outcome of one plan."""

    plan: LoadPlan
    totals: Totals
    # The random sample and the suspicious exchanges.
    kept: tuple[Kept, ...] = ()
    # One for each process that sent.
    generators: tuple[Generator, ...] = ()
    most_in_flight: int = 0
    # Which times the arrivals have, in words: the kernel's, or those of reads.
    times: str = ""
    # Why it is not whole, one clause each: the target died, a worker was lost.
    troubles: tuple[str, ...] = ()
    # The files that Locust writes, by name: stats, failures, html.
    files: Mapping[str, str] = field(default_factory=dict)


class Engines:
    """
    The processes of one run: an engine that sends, or a master with its workers.

    Usage::

        with Engines.local(session.key, session.route) as engines:
            step = engines.run(plan, session.profile)
    """

    def __init__(self, lead: _Engine, workers: Sequence[_Engine]) -> None:
        """*lead* is the process that answers; the others are *workers*."""
        self._lead = lead
        self._workers = workers

    @classmethod
    @contextmanager
    def local(
        cls,
        key: str | None,
        route: Route,
        *,
        processes: int = 1,
        web_port: int | None = None,
        tell: Tell = lambda _: None,
    ) -> Iterator[Engines]:
        """
        Start the engines of this machine, and end them when the context is left.

        Args:
            key: The API key, which they get in their environment.
            route: Further headers and the proxy, which they get there, too.
            processes: The number of processes that send.
            web_port: The port of Locust's page; None for no page.
            tell: Called with each event of an engine.
        """
        job: dict[str, Any] = {"role": "local", "web_port": web_port}
        workers: list[_Engine] = []
        if processes > 1:
            port = free_port()
            place = {"host": HOST, "port": port}
            job |= {"role": "master", **place, "workers": processes}
            job["patience"] = STARTUP + processes
        environment = _environment(key, route)
        lead = _Engine(job, environment)
        try:
            lead.await_event("ready", STARTUP, tell)
            if processes > 1:
                worker = {"role": "worker", **place}
                workers += [_Engine(worker, environment) for _ in range(processes)]
            yield cls(lead, workers)
        finally:
            for engine in (lead, *workers):
                engine.close()

    @classmethod
    @contextmanager
    def master(  # noqa: PLR0913  # each parameter is an option of the command line
        cls,
        key: str | None,
        route: Route,
        *,
        host: str,
        port: int,
        workers: int,
        patience: float,
        web_port: int | None = None,
        tell: Tell = lambda _: None,
    ) -> Iterator[Engines]:
        """Start a master at *host* and *port* for *workers* that others start."""
        job = {
            "role": "master",
            "host": host,
            "port": port,
            "workers": workers,
            "patience": patience,
            "web_port": web_port,
        }
        lead = _Engine(job, _environment(key, route))
        try:
            lead.await_event("ready", STARTUP, tell)
            yield cls(lead, ())
        finally:
            lead.close()

    def run(
        self,
        plan: LoadPlan,
        profile: Profile,
        *,
        more: bool = False,
        patience: float = 0.0,
        tell: Tell = lambda _: None,
    ) -> Step:
        """
        Carry out *plan* and return its outcome, also if it is interrupted.

        Args:
            plan: What to send.
            profile: The profile by which the exchanges will be judged.
            more: Whether another plan follows.
            patience: Further seconds to wait, for workers to connect.
            tell: Called with each event.

        Raises what an engine reports as a mistake, and `TargetError` if it ends or
        hangs before it has sent anything.
        """
        self._lead.send({"plan": plan.to_json(), "more": more})
        limit = plan.warm_up + plan.duration + 2 * plan.drain + SLACK + patience
        return _outcome(self._lead, plan, profile, limit, tell)


def join(  # noqa: PLR0913  # each parameter is an option of the command line
    key: str | None,
    route: Route,
    *,
    host: str,
    port: int,
    owned: str,
    tell: Tell = lambda _: None,
) -> tuple[dict[str, Any], ...]:
    """
    Send as a worker for the master at *host* and *port*, until it ends.

    Args:
        key: The API key.
        route: Further headers and the proxy.
        host: The address of the master.
        port: Its port.
        owned: The host that may be loaded although it is not this machine, or "".
        tell: Called with each event of the engine.

    Return the parts that it sent. Raises what the engine reports, such as a master
    that is gone; `tell` has had the part until then.
    """
    job = {"role": "worker", "host": host, "port": port, "owned": owned}
    engine = _Engine(job, _environment(key, route))
    parts: list[dict[str, Any]] = []
    try:
        for event in engine.events(None):
            tell(event)
            if event["event"] == "failed":
                raise _failure(event)
            if event["event"] == "part":
                parts.append(event["part"])
        engine.ensure_sound()
    except KeyboardInterrupt:
        engine.send({"stop": True})
        raise
    finally:
        engine.close()
    return tuple(parts)


def _environment(key: str | None, route: Route) -> dict[str, str]:
    """Return the environment of an engine: a list of processes shows no secret."""
    hidden = dict.fromkeys(KEYS, "")
    return {**os.environ, **hidden, KEYS[0]: key or "", **route.environment}


class _Engine:
    """One process of `contract.load.engine`."""

    def __init__(self, job: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._log: IO[bytes] = TemporaryFile()  # noqa: SIM115  # closed by `close`
        self._queue: Queue[dict[str, Any] | None] = Queue()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "contract.load.engine"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # Ctrl-C is for this process, which stops the other one.
            start_new_session=True,
        )
        self._reader = Thread(target=self._read, name="load events", daemon=True)
        self._reader.start()
        self.send(job)

    def _read(self) -> None:
        for line in self._child.stdout or ():
            with suppress(ValueError):
                self._queue.put(json.loads(line))
        self._queue.put(None)

    def send(self, command: Mapping[str, Any]) -> None:
        """Send *command*; one that has ended is found by `events`."""
        if self._child.stdin is not None:
            with suppress(OSError, ValueError):
                self._child.stdin.write(json.dumps(command).encode() + b"\n")
                self._child.stdin.flush()

    def events(self, limit: float | None) -> Iterator[dict[str, Any]]:
        """Yield events until the process ends; raise `TimeoutError` after *limit* s."""
        until = None if limit is None else time.monotonic() + limit
        while True:
            try:
                left = None if until is None else max(until - time.monotonic(), 0.0)
                # Without a limit, to notice Ctrl-C on every system.
                event = self._queue.get(timeout=1.0 if left is None else left)
            except Empty:
                if until is None:
                    continue
                raise TimeoutError from None
            if event is None:
                return
            yield event

    def await_event(self, name: str, limit: float, tell: Tell) -> None:
        """Wait for the event *name*; raise what the engine reports instead."""
        try:
            for event in self.events(limit):
                tell(event)
                if event["event"] == "failed":
                    raise _failure(event)
                if event["event"] == name:
                    return
        except TimeoutError:
            raise TargetError(
                f"The load engine was not ready within {limit:g} s; is this machine "
                "overloaded?"
            ) from None
        self.ensure_sound()
        raise TargetError("The load engine ended before it was ready.")

    def ensure_sound(self) -> None:
        """
        Raise `TargetError` if a signal ended it, and `RuntimeError` for an error.

        The latter is a bug, so the end of its log is part of the message.
        """
        code = self._child.wait()
        if code < 0:
            raise TargetError(f"The load engine was ended by signal {-code}.")
        if code:
            raise RuntimeError(f"the load engine ended with code {code}: {self.log}")

    @property
    def log(self) -> str:
        """The end of what it printed beside its events."""
        self._log.seek(0)
        text = self._log.read().decode(errors="replace")
        return " ".join(last_lines(text).split())

    @property
    def code(self) -> int | None:
        """The exit code of the process; None while it runs."""
        return self._child.poll()

    def close(self) -> None:
        """End the process, and wait until it has."""
        if self._child.stdin is not None:
            with suppress(OSError):
                self._child.stdin.close()
        try:
            self._child.wait(_KILLED)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join()
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._log.close()


def _failure(event: Mapping[str, Any]) -> ContractError:
    kind = TargetError if event.get("code") == TargetError.exit_code else UsageError
    return kind(str(event["why"]))


class _Listener:
    """What an engine said of one plan: the last totals, and why they are not whole."""

    def __init__(self) -> None:
        # The last report of each process, by its number.
        self.parts: dict[int, Mapping[str, Any]] = {}
        # The event with which the plan ended; empty if there is none.
        self.final: Mapping[str, Any] = {}
        self.troubles: list[str] = []

    def listen(self, lead: _Engine, plan: LoadPlan, limit: float, tell: Tell) -> None:
        """Listen to *lead* until *plan* is carried out, at most *limit* seconds."""
        until = time.monotonic() + limit
        while True:
            try:
                for event in lead.events(max(until - time.monotonic(), 0.0)):
                    self._hear(event)
                    tell(event)
                    if self.final:
                        break
            except TimeoutError:
                self.troubles.append(f"the load engine did not end in {limit:.0f} s")
            except KeyboardInterrupt:
                if not self.troubles:
                    self.troubles.append(INTERRUPTED)
                    lead.send({"stop": True})
                    until = min(until, time.monotonic() + plan.drain + SLACK)
                    continue  # the second one ends the wait
            break

    def _hear(self, event: Mapping[str, Any]) -> None:
        name = event["event"]
        if name == "failed":
            raise _failure(event)
        if name == "snapshot":
            self.parts[event["part"]["index"]] = event["part"]
        elif name in {"snapshots", "result"}:
            self.parts |= {part["index"]: part for part in event["parts"]}
        if name == "result":
            self.final = event


def _outcome(
    lead: _Engine, plan: LoadPlan, profile: Profile, limit: float, tell: Tell
) -> Step:
    heard = _Listener()
    heard.listen(lead, plan, limit, tell)
    parts = tuple(heard.parts.values())
    if not heard.final and not heard.troubles:
        end = f"the load engine ended early (code {lead.code}): {lead.log}"
        if not parts:
            raise TargetError(f"Nothing was sent: {end}.")
        heard.troubles.append(end)
    for bug in filter(None, (part["bug"] for part in parts)):
        raise RuntimeError(bug)
    troubles = [*heard.troubles, *(part["trouble"] for part in parts)]
    if lost := heard.final.get("lost", 0):
        troubles.append(f"{lost} of the processes that send were lost during the run")
    return Step(
        plan=plan,
        totals=_sum(parts),
        kept=tuple(_kept(parts, plan, profile)),
        generators=tuple(Generator.from_json(part["generator"]) for part in parts),
        most_in_flight=sum(part["most_in_flight"] for part in parts),
        times="; ".join(dict.fromkeys(part["times"] for part in parts)),
        troubles=tuple(dict.fromkeys(filter(None, troubles))),
        files=heard.final.get("locust", {}),
    )


def _sum(parts: Any) -> Totals:
    whole = Totals()
    for part in parts:
        whole.merge(Totals.from_json(part["totals"]))
    return whole


def _kept(parts: Any, plan: LoadPlan, profile: Profile) -> Iterator[Kept]:
    """Yield what was kept, with the probes, which follow from the plan."""
    found = {number: rest for part in parts for number, *rest in part["kept"]}
    for number, (suspicions, saved) in sorted(found.items()):
        drawn = plan.scenario.draw(number, plan.seed, same=plan.same)
        exchange = load(saved, profile, drawn.probe)
        yield Kept(number, exchange, tuple(suspicions))
