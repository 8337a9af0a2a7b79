"""
The load engine: a program that sends, on Locust, and speaks JSON lines with its parent.

Importing Locust replaces sockets, threads and locks by those of gevent in the whole
process, so it runs in one of its own: `python -m contract.load.engine`. The first line
of its standard input says what it is (`Job`); each further line is a plan
(`{"plan": …}`), or stops what runs (`{"stop": true}`). It ends with its standard input.
Each line of its standard output is an event.
"""

from __future__ import annotations

import csv
import gc
import io
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

if __name__ != "__main__":
    raise ImportError(
        "contract.load.engine is a program: importing it would replace sockets and "
        "threads in this process; run python -m contract.load.engine."
    )

import gevent
import locust  # it replaces what the modules below use
from gevent.event import Event
from gevent.fileobject import FileObjectPosix
from gevent.queue import Empty, Queue
from locust.env import Environment
from locust.exception import StopUser
from locust.html import get_html_report
from locust.stats import PERCENTILES_TO_REPORT, StatsCSV, stats_history

from contract.client.credentials import KEYS
from contract.client.recorder import Recorder
from contract.client.route import Route
from contract.errors import ContractError, TargetError, UsageError
from contract.load.lag import Lag
from contract.load.measure import Measure, measure
from contract.load.plan import LoadPlan
from contract.load.work import Work
from contract.model.address import is_local
from contract.model.exchange import Arrival, Exchange
from contract.model.response_kind import ResponseKind
from contract.model.saved import dump
from contract.model.wire import build_request

PROGRESS = 0.5  # seconds between two lines of progress
SNAPSHOT = 2.0  # seconds between two copies of the totals
HEARTBEAT = 10.0  # seconds without one after which a master is gone
FLUSH = 6.0  # seconds for the last statistics of the workers; each sends every 3 s
# Messages between master and worker, beside those of Locust.
PLAN, REPORT = "magistral-plan", "magistral-report"
STOP, END = "magistral-stop", "magistral-end"
REHEARSED = 16  # requests that are spelled before the first one is sent
_EVENT = b'data: {"choices": [{"index": 0, "delta": {"content": "four"}}]}\n\n'
Say = Callable[[dict[str, Any]], None]


class Step:
    """One plan that this process carries out, with its client and its clock."""

    def __init__(
        self,
        plan: LoadPlan,
        environment: Environment,
        *,
        index: int = 0,
        count: int = 1,
    ) -> None:
        """Open the client; *index* of *count* processes sends its share of *plan*."""
        self.plan = plan
        self.index = index
        self._environment = environment
        self._key = os.environ.get(KEYS[0]) or None
        # One line decides which client sends.
        self.recorder = Recorder(
            plan.url, plan.limits, self._key, Route.from_environment(), stamped=True
        )
        self.work = Work(
            plan,
            self.recorder.record,
            key=self._key,
            index=index,
            count=count,
            tell=self._tell,
        )
        self._rehearse()
        self.lag = Lag()
        self.bug = ""
        self._pulse = gevent.spawn(self.lag.pulse, gevent.sleep)

    def _rehearse(self) -> None:
        """Import and compute what the first request and reply would wait for."""
        plan = self.plan
        for number in range(REHEARSED):
            drawn = plan.scenario.draw(number, plan.seed, same=plan.same)
            request = build_request(drawn.probe, plan.profile, plan.model)
            exchange = Exchange(
                probe=drawn.probe,
                profile=plan.profile,
                request=request,
                status=200,
                headers=(("content-type", "text/event-stream"),),
                arrivals=(Arrival(0.0, _EVENT),),
            )
            times = {"measured": False, "intended": 0.0, "started": 0.0}
            measure(drawn, exchange, seed=plan.seed, **times)  # type: ignore[arg-type]  # by name

    def turn(self) -> bool:
        """Do what `Work.turn` does; an error of this program ends the step."""
        try:
            return self.work.turn()
        except ContractError as error:
            self.work.stop(str(error))
        except Exception as error:  # noqa: BLE001  # the parent reports it as a bug
            self.bug = self.bug or f"{type(error).__name__}: {error}"
            self.work.stop("the load engine failed")
        return False

    def _tell(self, found: Measure, exchange: Exchange) -> None:
        """Let Locust count a request, for its own pages and files."""
        answered = found.kind == ResponseKind.ANSWERED
        self._environment.events.request.fire(
            request_type="CHAT",
            name=found.chat,
            response_time=1_000 * (found.figures["e2e"] or 0.0),
            response_length=exchange.size,
            exception=None if answered else Exception(found.kind),
            context={},
        )

    def progress(self) -> dict[str, Any]:
        """Return what a line of progress shows."""
        totals, work = self.work.totals, self.work
        return {
            "sent": totals.sent,
            "failed": totals.sent - totals.kinds[ResponseKind.ANSWERED],
            "in_flight": work.in_flight,
            "tokens": totals.tokens,
        }

    def report(self, *, whole: bool) -> dict[str, Any]:
        """Return the totals of this process; *whole* at its end, with its samples."""
        totals = self.work.finish() if whole else self.work.totals
        return {
            "index": self.index,
            "whole": whole,
            "totals": totals.to_json(),
            "trouble": self.work.trouble,
            "bug": self.bug,
            "most_in_flight": self.work.most_in_flight,
            "times": self.recorder.times,
            "generator": self.lag.to_json(self.work.lags),
            "kept": [
                [one.number, list(one.suspicions), dump(one.exchange)]
                for one in self.work.samples.kept
            ]
            if whole
            else [],
        }

    def close(self) -> None:
        """Abort what is in flight, and end the measurement of this process."""
        self._pulse.kill()
        self.recorder.close()


class Engine:
    """The environment of Locust and the step that it carries out."""

    def __init__(self, say: Say) -> None:
        """Events go to *say*."""
        self.say = say
        self.step: Step | None = None
        self.stopped = Event()
        engine = self

        class Caller(locust.User):
            """A user: it takes requests off the plan until none is left."""

            @locust.task
            def turn(self) -> None:
                step = engine.step
                if step is None or not step.turn():
                    raise StopUser

        self.environment = Environment(user_classes=[Caller], catch_exceptions=True)

    def listen(
        self, lines: Iterable[bytes], commands: Queue[dict[str, Any] | None]
    ) -> None:
        """Put the commands of *lines* until they end, then None."""
        for line in lines:
            command = json.loads(line)
            if command.get("stop"):
                self.stop()
            else:
                commands.put(command)
        self.stop()
        commands.put(None)

    def stop(self) -> None:
        """End the step after the requests in flight."""
        self.stopped.set()
        if self.step is not None:
            self.step.work.stop("interrupted")

    def watch(self, step: Step, *, say: Say, alive: Callable[[], str]) -> None:
        """
        Wait until *step* is done, or its time is up, and *say* its progress.

        *alive* returns why it makes no sense to go on, or an empty text.
        """
        begun = time.perf_counter()
        shown = copied = begun
        left = step.work.length + step.plan.drain
        interrupted: float | None = None
        while not step.work.done:
            gevent.sleep(0.02)
            now = time.perf_counter()
            if step.work.trouble and interrupted is None:
                interrupted = now
            if why := alive():
                step.work.stop(why)
                break
            started = step.work.began
            if started is None and now - begun > step.plan.drain:
                step.work.stop("no user was started in time")
                break
            if started is not None and now - started > left:
                break
            if interrupted is not None and now - interrupted > step.plan.drain:
                break
            if now - shown >= PROGRESS:
                shown = now
                say({"event": "progress", **step.progress()})
            if now - copied >= SNAPSHOT:
                copied = now
                say({"event": "snapshot", "part": step.report(whole=False)})

    def locust_report(self) -> dict[str, str]:
        """Return the files that Locust writes of a run: CSV and HTML."""
        tables = StatsCSV(self.environment, PERCENTILES_TO_REPORT)
        found = {}
        for name, write in (
            ("stats", tables.requests_csv),
            ("failures", tables.failures_csv),
        ):
            text = io.StringIO()
            write(csv.writer(text, lineterminator="\n"))
            found[name] = text.getvalue()
        found["html"] = get_html_report(self.environment, show_download_link=False)
        return found


def _local(engine: Engine, commands: Queue[Any], job: dict[str, Any]) -> None:
    environment = engine.environment
    runner = environment.create_local_runner()
    _serve_page(engine, job)
    gevent.spawn(stats_history, runner)
    engine.say({"event": "ready"})
    for command in iter(commands.get, None):
        plan = LoadPlan.from_json(command["plan"])
        environment.host = plan.url
        engine.stopped.clear()
        step = engine.step = Step(plan, environment)
        runner.start(plan.pool, spawn_rate=plan.pool)
        engine.watch(step, say=engine.say, alive=lambda: "")
        runner.stop()
        step.close()
        part = step.report(whole=True)
        engine.step = None
        engine.say(
            {"event": "result", "parts": [part], "locust": engine.locust_report()}
        )
    runner.quit()


def _serve_page(engine: Engine, job: dict[str, Any]) -> None:
    """Serve Locust's page, if it is wanted."""
    if job.get("web_port") is not None:
        port = int(job["web_port"])
        _ensure_free("127.0.0.1", port, "--web-port")
        engine.environment.create_web_ui("127.0.0.1", port)
        engine.say({"event": "web", "url": f"http://127.0.0.1:{port}"})


def _ensure_free(host: str, port: int, option: str) -> None:
    """Raise `UsageError` unless *port* of *host* can be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"Port {port} of {host} cannot be listened on ({error.strerror}); "
                f"choose another one with {option}."
            ) from error


def _master(engine: Engine, commands: Queue[Any], job: dict[str, Any]) -> None:
    environment, expected = engine.environment, int(job["workers"])
    _ensure_free(job["host"], int(job["port"]), "--master-port")
    runner = environment.create_master_runner(job["host"], int(job["port"]))
    parts: dict[str, dict[str, Any]] = {}
    progress: dict[str, dict[str, Any]] = {}

    def received(environment: Environment, msg: Any) -> None:  # noqa: ARG001  # Locust's signature
        data = json.loads(msg.data["text"])
        if data["event"] == "progress":
            progress[msg.node_id] = data
        else:
            parts[msg.node_id] = data["part"]

    runner.register_message(REPORT, received)
    _serve_page(engine, job)
    gevent.spawn(stats_history, runner)
    engine.say({"event": "ready", "port": int(job["port"])})
    _await_workers(engine, runner, expected, float(job["patience"]))
    workers = tuple(client.id for client in runner.clients.ready)[:expected]
    for command in iter(commands.get, None):
        plan = LoadPlan.from_json(command["plan"])
        environment.host = plan.url
        engine.stopped.clear()
        parts.clear()
        progress.clear()
        for index, client in enumerate(workers):
            share = {"plan": command["plan"], "index": index, "count": expected}
            data = {"text": json.dumps(share)}
            runner.send_message(PLAN, data, client_id=client)
        gevent.spawn(runner.start, plan.pool, plan.pool)
        lost = _collect(
            engine,
            runner=runner,
            plan=plan,
            workers=workers,
            parts=parts,
            progress=progress,
        )
        _await_statistics(runner, parts)
        engine.say(
            {
                "event": "result",
                "parts": [parts[one] for one in workers if one in parts],
                "lost": lost,
                "locust": engine.locust_report(),
            }
        )
        if command.get("more"):
            runner.stop()
            _await_workers(engine, runner, expected, float(job["patience"]))
    for client in workers:
        runner.send_message(END, None, client_id=client)
    runner.quit()


def _await_workers(engine: Engine, runner: Any, expected: int, patience: float) -> None:
    until = time.perf_counter() + patience
    shown = -1
    while len(runner.clients.ready) < expected:
        if len(runner.clients.ready) != shown:
            shown = len(runner.clients.ready)
            engine.say({"event": "workers", "ready": shown, "expected": expected})
        if time.perf_counter() > until or engine.stopped.is_set():
            raise TargetError(
                f"Only {shown} of {expected} workers connected within {patience:g} s; "
                "start each with magistral-contract load --worker --master-host HOST."
            )
        gevent.sleep(0.05)


def _collect(  # noqa: PLR0913  # the state of the master
    engine: Engine,
    *,
    runner: Any,
    plan: LoadPlan,
    workers: tuple[str, ...],
    parts: dict[str, dict[str, Any]],
    progress: dict[str, dict[str, Any]],
) -> int:
    """Wait for the whole part of each worker; return how many of them were lost."""
    until = time.perf_counter() + plan.warm_up + plan.duration + plan.drain + FLUSH
    shown = copied = time.perf_counter()
    stop_sent = False
    while True:
        gevent.sleep(0.05)
        missing = {client.id for client in runner.clients.missing}
        left = [
            one
            for one in workers
            if one not in missing
            and one in runner.clients
            and not parts.get(one, {}).get("whole")
        ]
        now = time.perf_counter()
        if not left or now > until:
            break
        if engine.stopped.is_set() and not stop_sent:
            stop_sent = True
            for one in left:
                runner.send_message(STOP, None, client_id=one)
        if now - shown >= PROGRESS and progress:
            shown = now
            keys = ("sent", "failed", "in_flight", "tokens")
            sums = {key: sum(p[key] for p in progress.values()) for key in keys}
            engine.say({"event": "progress", **sums})
        if now - copied >= SNAPSHOT:
            copied = now
            engine.say({"event": "snapshots", "parts": [*parts.values()]})
    return sum(not parts.get(one, {}).get("whole") for one in workers)


def _await_statistics(runner: Any, parts: dict[str, dict[str, Any]]) -> None:
    """Wait for the last statistics that the workers send to Locust's master."""
    sent = sum(
        count
        for part in parts.values()
        for kind, count in part["totals"]["kinds"].items()
        if kind != "unfinished"
    )
    until = time.perf_counter() + FLUSH
    while runner.stats.total.num_requests < sent and time.perf_counter() < until:
        gevent.sleep(0.05)


def _worker(engine: Engine, commands: Queue[Any], job: dict[str, Any]) -> None:
    environment = engine.environment
    runner = environment.create_worker_runner(job["host"], int(job["port"]))
    # A step that was planned, a mistake in its plan, or None: the master has ended.
    given: Queue[Step | ContractError | None] = Queue()

    def planned(environment: Environment, msg: Any) -> None:
        share = json.loads(msg.data["text"])
        try:
            plan = LoadPlan.from_json(share["plan"])
            _ensure_owned(plan.url, job.get("owned", ""))
            step = Step(plan, environment, index=share["index"], count=share["count"])
        except ContractError as error:
            given.put(error)
            return
        environment.host = plan.url
        engine.step = step
        given.put(step)

    def alive() -> str:
        heard = runner.last_heartbeat_timestamp
        gone = heard is not None and time.time() - heard > HEARTBEAT
        return f"the master at {job['host']}:{job['port']} is gone" if gone else ""

    def send(event: dict[str, Any]) -> None:
        engine.say(event)
        runner.send_message(REPORT, {"text": json.dumps(event)})

    runner.register_message(PLAN, planned)
    runner.register_message(STOP, lambda environment, msg: engine.stop())  # noqa: ARG005  # Locust's signature
    runner.register_message(END, lambda environment, msg: given.put(None))  # noqa: ARG005  # Locust's signature
    engine.say({"event": "ready"})
    ended = False
    while not (ended or alive()) and commands.empty():
        try:
            step = given.get(timeout=0.5)
        except Empty:
            continue
        ended = step is None
        if isinstance(step, ContractError):
            raise step
        if step is not None:
            _work_on(step, engine, alive, send)
    if why := alive():
        raise TargetError(f"{why[:1].upper()}{why[1:]}.")
    runner.quit()


def _work_on(step: Step, engine: Engine, alive: Callable[[], str], send: Say) -> None:
    """Carry out *step*, and report it to the master, or to the parent alone."""
    engine.watch(step, say=send, alive=alive)
    step.close()
    part = step.report(whole=True)
    engine.step = None
    if alive():
        engine.say({"event": "result", "parts": [part], "lost": 0})
    else:
        send({"event": "part", "part": part})


def _ensure_owned(url: str, owned: str) -> None:
    """Raise `UsageError` unless the server is on this machine, or *owned* names it."""
    host = urlsplit(url).hostname or ""
    if not is_local(url) and host != owned:
        raise UsageError(
            f"The master wants load on {host}; a worker sends it only with "
            f"--yes-i-own-it {host}."
        )


ROLES = {"local": _local, "master": _master, "worker": _worker}


def main() -> int:
    """Carry out the job on the first line of standard input; return an exit code."""
    logging.disable(logging.CRITICAL)  # what matters is an event

    def say(event: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()

    lines = FileObjectPosix(0, "rb", close=False)
    job = json.loads(lines.readline())
    engine = Engine(say)
    commands: Queue[dict[str, Any] | None] = Queue()
    gevent.spawn(engine.listen, lines, commands)
    # A pass over what was imported would stop all users at once.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    try:
        ROLES[job["role"]](engine, commands, job)
    except ContractError as error:
        say({"event": "failed", "why": str(error), "code": error.exit_code})
    return 0


if __name__ == "__main__":
    # Greenlets of Locust may still run, and there is nothing to clean up.
    os._exit(main())
