"""`watch`: verify targets again and again, and report only confirmed changes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from contract.cli import completion, options
from contract.cli.config import MOST_CONCURRENT, Config
from contract.cli.delivery import INTERRUPTED
from contract.errors import UsageError
from contract.model.duration import parse_period
from contract.model.redaction import sanitise

if TYPE_CHECKING:
    from contract.cli.remembering import Memory
    from contract.cli.verifying import RunPlan
    from contract.run.report import Report
    from contract.watching.alerts import Command, Webhook
    from contract.watching.loop import Loop, Run
    from contract.watching.metrics import Metrics
    from contract.watching.state import Watched
    from contract.watching.telemetry import Telemetry

METRICS_PORT = 9464  # the port that OpenTelemetry gives to Prometheus exporters
HOST = "127.0.0.1"
LEAST = 1.0  # seconds between two runs
LOOK = 10.0  # seconds of one look whether a target is ready
MOST_PORT = 65_535


class Terminated(KeyboardInterrupt):
    """SIGTERM was received: the end is asked for, and no failure."""


def _period(
    _context: click.Context, option: click.Parameter, value: str | None
) -> float | None:
    return value and parse_period(option.opts[0], value, least=LEAST)  # type: ignore[return-value]


def _address(
    _context: click.Context, option: click.Parameter, value: str | None
) -> tuple[str, int] | None:
    """Return host and port of `:9464`, `9464`, `0.0.0.0:9464` or `[::1]:9464`."""
    if value is None:
        return None
    host, _, port = value.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) <= MOST_PORT):
        raise UsageError(
            f"{option.opts[0]} must be a port or ADDRESS:PORT, e.g. :{METRICS_PORT}, "
            f"not {value!r}."
        )
    return host.strip("[]") or HOST, int(port)


@click.command("watch")
@click.argument(
    "targets",
    nargs=-1,
    metavar="[TARGET]…",
    shell_complete=completion.names(completion.targets),
)
@click.option(
    "--every",
    metavar="PERIOD",
    default="5m",
    show_default=True,
    callback=_period,
    help="From the beginning of one whole run to the next.",
)
@click.option(
    "--quick",
    metavar="PERIOD",
    callback=_period,
    help="Between whole runs, look this often whether the target is ready, as probe "
    "does.",
)
@click.option(
    "--metrics",
    metavar="[ADDRESS]:PORT",
    callback=_address,
    help="Serve metrics for Prometheus, on 127.0.0.1 if no address is given.",
)
@click.option(
    "--otlp",
    metavar="URL",
    help="Send spans and metrics by OTLP over HTTP, e.g. http://127.0.0.1:4318.",
)
@click.option(
    "--webhook",
    metavar="URL",
    envvar="MAGISTRAL_CONTRACT_WEBHOOK",
    help="Post each change to this URL as JSON (default: MAGISTRAL_CONTRACT_WEBHOOK).",
)
@click.option(
    "--command",
    metavar="CMD",
    help="Run this program for each change, with JSON on its standard input.",
)
@click.option("--until-change", is_flag=True, help="End with the first change.")
@click.option(
    "--runs",
    type=click.IntRange(1),
    metavar="N",
    help="End after this many whole runs of each target.",
)
@options.history_place
@options.configuration
@options.selection
@options.trust
@options.profile
@click.option("--model", metavar="NAME", help="The model to request.")
@options.api_key
@options.route
@click.option(
    "--concurrency",
    type=click.IntRange(1, MOST_CONCURRENT),
    metavar="N",
    help="Concurrent requests (default: the profile's).",
)
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    metavar="N",
    help="Send no more than this in one run (default: the profile's).",
)
@click.option(
    "--timeout",
    "total",
    metavar="TIME",
    callback=options.timeout,
    help="For a whole request.",
)
@options.budget
@options.offer
@click.option("--strict", is_flag=True, help="A SHOULD that fails counts, too.")
@click.option("-v", "--verbose", is_flag=True, help="Print a line for each run.")
@options.appearance
@click.pass_context
def watch_command(context: click.Context, /, **settings: Any) -> int:
    """
    Verify each TARGET every few minutes, and report only what changes.

    A change is reported once a second run confirms it: a check that fails is repeated
    at once, and a target that does not answer is asked again. Targets are verified one
    after the other.

    \b
      magistral-contract watch http://127.0.0.1:8000/v1 --every 10m --quick 30s
      magistral-contract watch URL --history history.db --metrics :9464
      magistral-contract watch URL --select reasoning --command 'notify-team --json'

    It ends with Ctrl-C or SIGTERM, and then abandons a run that has not ended.

    \b
    Exit codes
      0  the end of --runs, and every target passes; --until-change, and it is good;
         SIGTERM
      1  the end of --runs, and a target fails; --until-change, and it is bad
      2  the command line or a file is wrong
      3  the end of --runs, and a target is away or was not fully judged
    130  Ctrl-C
    """  # noqa: D301  # click keeps the lines after \b
    found = context.meta.get("contract.settings") or Config()
    targets = settings["targets"] or found.values.get("targets", ()) or ("mock",)
    if settings["quick"] and settings["quick"] >= settings["every"]:
        raise UsageError("--quick must be a shorter period than --every.")
    watch = _prepared({**settings, "targets": tuple(dict.fromkeys(targets))})
    with _terminable() as stopped, ExitStack() as open_until_the_end:
        try:
            return watch.run(open_until_the_end)
        except KeyboardInterrupt:
            watch.say("stopped", err=True)
            return 0 if stopped() else INTERRUPTED


@contextmanager
def _terminable() -> Iterator[Callable[[], bool]]:
    """Have SIGTERM interrupt as Ctrl-C does; yield what tells whether it did."""
    received: list[int] = []

    def stop(number: int, _frame: object) -> None:
        received.append(number)
        raise Terminated

    before = None
    with suppress(ValueError):  # not in the main thread, as in a test
        before = signal.signal(signal.SIGTERM, stop)
    try:
        yield lambda: bool(received)
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


@dataclass(slots=True, kw_only=True)
class _Watch:
    """All that one command line watches with."""

    loop: Loop
    memory: Memory
    senders: tuple[Webhook | Command, ...]
    metrics: Metrics | None
    address: tuple[str, int] | None
    telemetry: Telemetry | None
    color: bool | None
    verbose: bool

    def run(self, stack: ExitStack) -> int:
        """Watch to the end; return the exit code."""
        from contract.watching.loop import conditions
        from contract.watching.state import BAD

        if self.metrics is not None and self.address is not None:
            host, port = self.address
            for one in self.loop.targets.values():
                self.metrics.expect(one.target)
            port = stack.enter_context(self.metrics.served(host, port))
            self.say(f"metrics on http://{host}:{port}/metrics", err=True)
        if self.telemetry is not None:
            stack.callback(self.telemetry.close)
        changes = self.loop.run()
        if changes:
            return int(any(change.kind in BAD for change in changes))
        return conditions(self.loop.targets.values())

    def ended(self, run: Run) -> None:
        """Store, show and send what *run* changed; nothing here ends the watch."""
        first = run.watched.target not in self._shown
        self._shown.add(run.watched.target)
        if run.whole:
            kept, _ = self.memory.keep(run.report, "watch")
            run = replace(run, report=kept)
        if self.metrics is not None:
            self.metrics.record(run)
        if self.telemetry is not None:
            self.telemetry.record(run)
        if (first or self.verbose) and not run.changes:
            self.say(_line(run))
        for change in run.changes:
            self.say(f"{change.target}: {change.sentence}", style=_STYLES[change.kind])
            for sender in self.senders:
                if why := sender.send(change):
                    self.say(f"warning: {why}; the change was not delivered", err=True)

    def say(self, text: str, *, style: str = "", err: bool = False) -> None:
        """Print *text* as one line, with the time."""
        from rich.text import Text

        stamp = self.loop.now().replace("+00:00", "Z")
        console = options.console(self.color, stderr=err)
        line = Text.assemble((f"{stamp}  ", "dim"), (sanitise(text), style))
        console.print(line, soft_wrap=True)

    _shown: set[str]


_STYLES = {"broken": "bold red", "away": "bold red", "fixed": "green", "back": "green"}


def _line(run: Run) -> str:
    """Return what is said of a run without a change."""
    from contract.reporters.base import verdict

    watched = run.watched
    names = f" ({', '.join(watched.failing)})" if watched.failing else ""
    return f"{watched.target}: {watched.condition.value}{names}; {verdict(run.report)}"


def _prepared(settings: Mapping[str, Any]) -> _Watch:
    """Return what to watch with; raise `UsageError` for a mistake in *settings*."""
    _ensure_installed(settings)
    from contract.cli.remembering import Memory
    from contract.cli.verifying import ensure_distinct
    from contract.client.credentials import api_key
    from contract.targets.base import mask_key
    from contract.watching.loop import Loop
    from contract.watching.state import Watched

    targets: tuple[str, ...] = settings["targets"]
    plan = _plan(settings)
    api_key(settings["api_key_env"], os.environ)
    ensure_distinct(targets)
    memory = Memory.prepare(settings["history"], "any")
    states = {name: Watched(target=mask_key(name)) for name in targets}
    if memory.place is not None:
        _remember(memory.place, states.values(), strict=settings["strict"])
    loop = Loop(
        targets=states,
        verify=_verifier(plan, strict=settings["strict"]),
        on_run=lambda run: watch.ended(run),  # noqa: PLW0108  # it is made below
        every=settings["every"],
        quick=settings["quick"],
        look=_looker(settings),
        runs=settings["runs"],
        until_change=settings["until_change"],
    )
    watch = _Watch(
        loop=loop,
        memory=memory,
        senders=_senders(settings),
        metrics=_metrics(settings),
        address=settings["metrics"],
        telemetry=_telemetry(settings),
        color=settings["color"],
        verbose=settings["verbose"],
        _shown=set(),
    )
    return watch


def _ensure_installed(settings: Mapping[str, Any]) -> None:
    """Raise `UsageError` if a package is missing that *settings* need."""
    from importlib.util import find_spec

    wanted = {
        "prometheus_client": settings["metrics"] is not None,
        "opentelemetry": settings["otlp"] is not None,
    }
    if any(needed and find_spec(name) is None for name, needed in wanted.items()):
        raise UsageError(
            "watch needs further packages: run python -m pip install -e '.[watch]' in "
            "the cloned repository."
        )


def _plan(settings: Mapping[str, Any]) -> RunPlan:
    from contract.cli import outputs
    from contract.cli.repeating import as_words
    from contract.cli.verifying import RunPlan
    from contract.client.route import Route
    from contract.client.timeouts import Limits

    limits = Limits()
    if settings["total"] is not None:
        limits = replace(limits, total=settings["total"])
    return RunPlan(
        checks=options.selected(
            settings["select"],
            settings["ignore"],
            trust_plugins=settings["trust_plugins"],
        ),
        slow=False,
        options={
            "profile": settings["profile"],
            "profiles": outputs.profiles(settings["profiles"]),
            "model": settings["model"],
            "key_env": settings["api_key_env"],
            "limits": limits,
            "concurrency": settings["concurrency"],
            "max_requests": settings["max_requests"],
            "budget": settings["budget"],
            "offers": settings["offer"],
            "repeat": as_words(settings),
            "route": Route.read(
                settings["header"], settings["header_env"], settings["proxy"]
            ),
        },
    )


def _verifier(plan: RunPlan, *, strict: bool) -> Callable[..., Report]:
    """Return what verifies a target by some checks of *plan*."""
    from contract.cli.progress import Progress
    from contract.cli.verifying import judge_target

    by_id = {check.id: check for check in plan.checks}
    opened: set[str] = set()

    def verify(target: str, names: Sequence[str] | None) -> Report:
        checks = plan.checks
        if names is not None:
            checks = tuple(by_id[name] for name in names if name in by_id)
        chosen = replace(plan, checks=checks)
        with Progress(target, len(checks), color=None, quiet=True) as progress:
            report, code = judge_target(target, chosen, None, progress)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code == UsageError.exit_code and target not in opened:
            raise UsageError(report.headers[0].trouble)
        opened.add(target)
        return replace(report, strict=strict)

    return verify


def _looker(settings: Mapping[str, Any]) -> Callable[[str], bool | None]:
    """Return what tells as `probe` does whether a target is ready."""
    from contract.cli.probe import probed
    from contract.errors import ContractError
    from contract.probing.result import State

    unclear = {State.RATE_LIMITED, State.SLOW, State.UNRECOGNISED, State.WINDOW_UNKNOWN}
    names = ("profile", "profiles", "model", "api_key_env", "header", "header_env")
    given = {name: settings[name] for name in (*names, "proxy")}
    given |= {"ask": None, "expect": None, "context_window": None, "limit": LOOK}

    def look(target: str) -> bool | None:
        try:
            state = probed(target, **given).state
        except ContractError:
            return False  # opening it decides
        return None if state in unclear else state is State.READY

    return look


def _remember(place: str, targets: Any, *, strict: bool) -> None:
    """Let *targets* know what failed in the last run that was stored at *place*."""
    from contract.cli.remembering import opened

    with suppress(UsageError):  # said already; the first run has nothing to go by
        history = opened(place)
        for watched in targets:
            last: Watched = watched
            for run in history.runs(target=last.target, last=50):
                if run.kind == "watch" and run.passed + run.failed:
                    last.remember(replace(history.report(run.id), strict=strict))
                    break
        history.close()


def _senders(settings: Mapping[str, Any]) -> tuple[Webhook | Command, ...]:
    from contract.client.credentials import KEYS
    from contract.watching.alerts import Command, Webhook

    found: list[Webhook | Command] = []
    if settings["webhook"] is not None:
        found.append(Webhook(settings["webhook"]))
    if settings["command"] is not None:
        hidden = {*KEYS, settings["api_key_env"] or ""}
        hidden |= {pair.partition("=")[2] for pair in settings["header_env"]}
        found.append(Command.parse(settings["command"], hidden))
    return tuple(found)


def _metrics(settings: Mapping[str, Any]) -> Metrics | None:
    if settings["metrics"] is None:
        return None
    from contract.watching.metrics import Metrics

    return Metrics()


def _telemetry(settings: Mapping[str, Any]) -> Telemetry | None:
    if settings["otlp"] is None:
        return None
    from contract.watching.telemetry import Telemetry

    return Telemetry.to(settings["otlp"], lambda text: click.echo(text, err=True))
