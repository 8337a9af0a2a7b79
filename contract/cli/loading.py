"""Load tests of one command line: bounds, steps, verdict, and the delivery."""

from __future__ import annotations

import os
import shlex
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import click
from rich.progress import BarColumn, Progress, TextColumn

from contract.cli import options, outputs
from contract.cli.delivery import INTERRUPTED, worst
from contract.cli.load_reports import LoadReporter, show
from contract.cli.outputs import Destination
from contract.cli.repeating import as_words
from contract.client.credentials import api_key, validate_key
from contract.client.route import Route
from contract.client.timeouts import Limits
from contract.errors import ContractError, TargetError, UsageError
from contract.load.judging import Judge
from contract.load.plan import LoadPlan
from contract.load.report import LoadReport
from contract.load.running import INTERRUPTED as BY_USER
from contract.load.running import Engines, Step, join
from contract.load.scenario import find_scenario
from contract.load.schedule import Arrivals, offsets, read_trace
from contract.load.totals import UNFINISHED, Totals, format_figure
from contract.model.address import is_local
from contract.model.check import Check
from contract.model.exchange import Exchange
from contract.model.profile import Capability
from contract.model.redaction import SECRETS, sanitise
from contract.plugins.discovery import find
from contract.run.opening import open_target, reply_changes
from contract.run.recording import ensure_free, save
from contract.run.report import Outcome, Report
from contract.run.verification import Verification
from contract.targets.base import TargetKind, mask_key, parse_target

FAILED_FOLDER = "magistral-load"
LEAST_DURATION = 1.0  # seconds
CONNECTING = 5.0  # seconds to reach a master
# The files of --locust-csv, by what Locust calls them.
TABLES = ("stats", "failures")


def load_target(**settings: Any) -> int:
    """
    Load the target of the *settings*, the options of `load`; return the exit code.

    Raises `UsageError` for a mistake in any of them, before anything is sent.
    """
    _ensure_consistent(settings)
    text = settings["target"] or "mock"
    target = parse_target(text, find("targets", TargetKind), reply_changes())
    scenario = find_scenario(settings["scenario"])
    loads = _loads(settings)
    if target.kind.id == "url":
        _ensure_owned(target.argument, settings["yes_i_own_it"])
    folder = _folder(settings)
    for path in _locust_paths(settings).values():
        Destination(path).prepare()
    limits = replace(
        Limits(), total=settings["timeout"], first_byte=settings["timeout"]
    )
    with open_target(
        text,
        profile=settings["profile"],
        profiles=outputs.profiles(settings["profiles"]),
        model=settings["model"],
        key_env=settings["api_key_env"],
        limits=limits,
        budget=settings["budget"],
        offers=settings["offer"],
        route=Route.read(settings["header"], settings["header_env"], settings["proxy"]),
    ) as verification:
        session = verification.session
        _ensure_owned(session.url, settings["yes_i_own_it"])
        offered, left = scenario.offered_by(verification.profile)
        plan = LoadPlan(
            url=session.url,
            profile=verification.profile,
            model=session.model,
            scenario=offered,
            in_flight=settings["max_in_flight"],
            duration=settings["duration"],
            warm_up=settings["warm_up"],
            pause=settings["pause"],
            drain=settings["drain"],
            most=settings["max_requests"],
            seed=settings["seed"],
            same=settings["same_prompt"],
            limits=limits,
        )
        plans = [
            replace(plan, **load, seed=plan.seed + number)
            for number, load in enumerate(loads)
        ]
        steps = _run(settings, verification, plans)
        found = _judged(settings, verification, steps, left, folder)
    return _deliver(found, settings)


def work_for_master(**settings: Any) -> int:
    """
    Send what the master at `--master-host` asks for; return the exit code.

    Raises `UsageError` for a mistake in the options of `load`, and `TargetError` if
    there is no master, or if it goes away.
    """
    _ensure_consistent(settings)
    host, port = settings["master_host"], settings["master_port"]
    try:
        socket.create_connection((host, port), CONNECTING).close()
    except OSError as error:
        raise TargetError(
            f"No master listens on {host}:{port} ({error.strerror or error}); start it "
            "first, with magistral-contract load TARGET --master."
        ) from error
    key, _ = api_key(settings["api_key_env"], os.environ)
    route = Route.read(settings["header"], settings["header_env"], settings["proxy"])
    seen: dict[str, Mapping[str, Any]] = {}

    def tell(event: Mapping[str, Any]) -> None:
        if "part" in event:
            seen["part"] = event["part"]
        elif event["event"] == "result":
            seen["part"] = event["parts"][0]

    try:
        parts = join(
            validate_key(key),
            route,
            host=host,
            port=port,
            owned=settings["yes_i_own_it"] or "",
            tell=tell,
        )
    except TargetError:
        if part := seen.get("part"):
            totals = Totals.from_json(part["totals"])
            click.echo(f"This worker alone, until then: {_partial(totals)}")
        raise
    sent = sum(sum(part["totals"]["kinds"].values()) for part in parts)
    click.echo(f"The master at {host}:{port} has the results of {sent} requests.")
    return 0


def _partial(totals: Totals) -> str:
    """Return what one worker has measured, in one line."""
    kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(totals.kinds.items()))
    shown = [f"{totals.sent} requests ({kinds or 'none'})"]
    for name in ("ttft", "e2e"):
        value = totals.latencies[name].percentile(95)
        if value is not None:
            shown.append(f"{name} p95 {format_figure(name, value)}")
    return ", ".join(shown)


# ---- mistakes --------------------------------------------------------------------


def _ensure_consistent(settings: Mapping[str, Any]) -> None:
    """Raise `UsageError` for options that contradict each other."""
    models = [n for n in ("users", "rate", "trace", "sweep") if settings[n] is not None]
    if len(models) > 1:
        first, second = (f"--{name}" for name in models[:2])
        raise UsageError(f"{first} and {second} are different loads; give one.")
    _ensure_one_role(settings, models)
    if settings["sweep"] and (settings["locust_csv"] or settings["locust_html"]):
        raise UsageError("The files of Locust are for one load; leave out --sweep.")
    if settings["save"] and settings["no_save"]:
        raise UsageError("Give --save or --no-save, not both.")
    if settings["pause"] and not _closed(settings):
        raise UsageError("--pause is for --users; a schedule has its own pauses.")
    workers = (
        settings["expect_workers"] if settings["master"] else settings["processes"]
    )
    least = min(_pools(settings))
    if least < workers:
        raise UsageError(
            f"{workers} processes cannot share {least:g} users; each needs one."
        )


def _ensure_one_role(settings: Mapping[str, Any], models: Sequence[str]) -> None:
    """Raise `UsageError` for roles that contradict each other; *models* are given."""
    if settings["worker"] and settings["master"]:
        raise UsageError("A process is a --master or a --worker; give one.")
    if settings["worker"] and settings["master_host"] is None:
        raise UsageError("A worker needs --master-host HOST, where its master is.")
    if settings["worker"] and (settings["target"] or models):
        raise UsageError(
            "A worker gets the target and the load from its master; leave out "
            + (f"{settings['target']!r}." if settings["target"] else f"--{models[0]}.")
        )
    if settings["master_host"] is not None and not settings["worker"]:
        raise UsageError("--master-host is for a worker; add --worker.")
    if settings["master"] and settings["processes"] > 1:
        raise UsageError(
            "A master sends nothing itself; give --processes, or start workers."
        )


def _closed(settings: Mapping[str, Any]) -> bool:
    sweep = settings["sweep"]
    if sweep is not None:
        return bool(sweep[0] == "users")
    return settings["rate"] is None and settings["trace"] is None


def _pools(settings: Mapping[str, Any]) -> Sequence[float]:
    """Return the users of each load in the sense of Locust."""
    if not _closed(settings):
        return (settings["max_in_flight"],)
    if settings["sweep"] is not None:
        return tuple(settings["sweep"][1])
    return (settings["users"] or 1,)


def _loads(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of `LoadPlan` that state the load, for each step."""
    what, values = settings["sweep"] or ("", ())
    most, seed = settings["max_requests"], settings["seed"]
    if settings["trace"] is not None:
        schedule = read_trace(settings["trace"], most)
        # A trace is as long as it is.
        lasting = max(schedule[-1] - settings["warm_up"], LEAST_DURATION)
        return [{"schedule": schedule, "duration": lasting}]
    if what == "users":
        return [{"users": int(value)} for value in values]
    rates = values if what == "rate" else ()
    if settings["rate"] is not None:
        rates = (settings["rate"],)
    if not rates:
        return [{"users": settings["users"] or 1}]
    seconds = settings["warm_up"] + settings["duration"]
    arrivals = Arrivals(settings["arrivals"])
    return [
        {"schedule": offsets(rate, seconds, arrivals, seed + number, most)}
        for number, rate in enumerate(rates)
    ]


def _ensure_owned(url: str, owned: str | None) -> None:
    """
    Raise `UsageError` unless the host of *url* is this machine or is confirmed.

    It is confirmed by *owned*, the host, or by a person who types its name.
    """
    host = urlsplit(url).hostname or ""
    if is_local(url) or not host:
        return
    if owned == host:
        return
    if owned is None and sys.stdin is not None and sys.stdin.isatty():
        typed = click.prompt(
            f"This puts load on {host}. If you may do that, type its name",
            default="",
            show_default=False,
            err=True,
        )
        if typed.strip() == host:
            return
    raise UsageError(
        f"Load is sent to {host} only if you say that you may: add "
        f"--yes-i-own-it {host}."
    )


def _folder(settings: Mapping[str, Any]) -> Path | None:
    """Return where exchanges are saved, or None; `UsageError` if it cannot be."""
    if settings["no_save"]:
        return None
    folder = Path(settings["save"] or FAILED_FOLDER)
    ensure_free(folder)
    if settings["save"]:
        outputs.folder(str(folder))
    return folder


def _locust_paths(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the paths of the files of Locust, by their names in `Step.files`."""
    found: dict[str, str] = {}
    if prefix := settings["locust_csv"]:
        found |= {name: f"{prefix}_{name}.csv" for name in TABLES}
    if settings["locust_html"]:
        found["html"] = settings["locust_html"]
    return found


# ---- the run ---------------------------------------------------------------------


def _run(
    settings: Mapping[str, Any], verification: Verification, plans: list[LoadPlan]
) -> tuple[Step, ...]:
    """Carry out the *plans*, until one is interrupted or the target is gone."""
    session = verification.session
    steps: list[Step] = []
    web = settings["web_port"] if settings["web"] else None
    with _Progress(settings, plans) as progress:
        if settings["master"]:
            opened = Engines.master(
                session.key,
                session.route,
                host=settings["master_bind_host"],
                port=settings["master_port"],
                workers=settings["expect_workers"],
                patience=settings["worker_timeout"],
                web_port=web,
                tell=progress.tell,
            )
        else:
            opened = Engines.local(
                session.key,
                session.route,
                processes=settings["processes"],
                web_port=web,
                tell=progress.tell,
            )
        with opened as engines:
            for number, plan in enumerate(plans):
                progress.begin(number)
                step = engines.run(
                    plan,
                    verification.profile,
                    more=number + 1 < len(plans),
                    patience=settings["worker_timeout"],
                    tell=progress.tell,
                )
                steps.append(step)
                if step.troubles:
                    break
    return tuple(steps)


class _Progress:
    """A line on the terminal with the requests so far; nothing in a file."""

    def __init__(self, settings: Mapping[str, Any], plans: list[LoadPlan]) -> None:
        console = options.console(settings["color"], stderr=True)
        self._plans = plans
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[shown]}", markup=False),
            console=console,
            transient=True,
            disable=settings["quiet"] or not console.is_terminal,
        )
        self._task = self._bar.add_task("starting", total=None, shown="")
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def begin(self, number: int) -> None:
        """Show that the plan *number* begins."""
        plan = self._plans[number]
        of = f"step {number + 1}/{len(self._plans)}" if len(self._plans) > 1 else "load"
        self._began = time.monotonic()
        self._bar.update(
            self._task,
            description=of,
            completed=0,
            total=plan.warm_up + plan.duration,
        )

    def tell(self, event: Mapping[str, Any]) -> None:
        """Show an event of the engine."""
        if event["event"] == "progress":
            self._bar.update(
                self._task,
                completed=time.monotonic() - self._began,
                shown=f"{event['sent']} sent, {event['in_flight']} in flight, "
                f"{event['failed']} not answered",
            )
        elif event["event"] == "workers":
            shown = f"{event['ready']} of {event['expected']} workers"
            self._bar.update(self._task, shown=shown)
        elif event["event"] == "web":
            click.echo(f"Locust's page: {event['url']}", err=True)


# ---- the verdict -----------------------------------------------------------------


def _judged(
    settings: Mapping[str, Any],
    verification: Verification,
    steps: tuple[Step, ...],
    left: tuple[str, ...],
    folder: Path | None,
) -> LoadReport:
    """Return the report on *steps*, and save exchanges in *folder*."""
    session = verification.session
    mock = (settings["target"] or "mock").partition(":")[0].partition("?")[0] == "mock"
    judge = Judge(
        session=session,
        target=verification.target,
        profile=verification.profile,
        checks=tuple(find("checks", Check).values()),
        command=again(settings),
        exact=mock
        or Capability.FOLLOWS_INSTRUCTIONS in verification.profile.offers
        or settings["scenario"].endswith(".toml"),
        most_lag=settings["max_lag"],
    )
    results = judge.results(steps)
    header = verification.header
    header = replace(
        header,
        requests=header.requests + sum(step.totals.sent for step in steps),
        notes=(*header.notes, *_notes(settings, steps, left)),
        trouble=_trouble(judge, steps),
    )
    report = Report(headers=(header,), results=results, strict=settings["strict"])
    kept = tuple(one.exchange for step in steps for one in step.kept)
    failed = [result for result in results if result.outcome is Outcome.FAIL]
    # A requirement that compares replies fails again only with those it compared.
    whole = settings["save"] or any(result.check.across for result in failed)
    chosen = kept if whole else _distinct(x for r in failed for x in r.exchanges)
    where = ""
    if folder is not None and chosen:
        save(folder, header, verification.profile, chosen, loose=True)
        where = str(folder)
        replay = shlex.join(("magistral-contract", "replay", where))
        report = replace(
            report,
            results=tuple(
                replace(r, again=f"{replay} --select {r.check.id}")
                if r.outcome is Outcome.FAIL and r.check.every is not None
                else r
                for r in results
            ),
        )
    return LoadReport(report=report, steps=steps, sampled=len(kept), saved=where)


def _distinct(exchanges: Iterable[Exchange]) -> tuple[Exchange, ...]:
    return tuple({id(exchange): exchange for exchange in exchanges}.values())


def _notes(
    settings: Mapping[str, Any], steps: Sequence[Step], left: tuple[str, ...]
) -> Iterator[str]:
    """Yield sentences on how the load was sent, for the header of the report."""
    if left:
        yield f"the profile does not offer what these chats need: {', '.join(left)}"
    if settings["same_prompt"]:
        yield "all prompts were the same, so a prefix cache shortens TTFT"
    for step in steps:
        totals = step.totals
        if totals.late:
            yield (
                f"{totals.late} of {totals.measured} requests started late, because "
                f"all {step.plan.pool} users were busy; their times count from when "
                "they were due"
            )
        if busy := totals.kinds["busy"]:
            yield f"the server was busy (429, 503 or 529) for {busy} requests"


def _trouble(judge: Judge, steps: Sequence[Step]) -> str:
    """Return why the run is not whole, or its figures are doubtful; "" if neither."""
    found = [trouble for step in steps for trouble in step.troubles]
    if BY_USER in found:
        return BY_USER
    for step in steps:
        if cut := step.totals.kinds[UNFINISHED]:
            found.append(f"{cut} requests were not finished when the run ended")
        if step.totals.unsent:
            found.append(f"{step.totals.unsent} requests of the schedule were not sent")
        if not step.totals.measured and not step.troubles:
            found.append("no request was measured; choose a longer --duration")
        if doubt := judge.saturation(step):
            found.append(doubt)
    return "; ".join(dict.fromkeys(found))


# Options that change what is sent or judged, and the value that need not be repeated.
_REPEATED: Mapping[str, object] = {
    **dict.fromkeys(("users", "rate", "trace", "profile", "profiles", "model")),
    **dict.fromkeys(("api_key_env", "duration", "scenario", "seed", "yes_i_own_it")),
    **dict.fromkeys(("same_prompt", "strict", "master"), False),
    "arrivals": "poisson",
    "warm_up": 0.0,
    "pause": 0.0,
    "processes": 1,
    "max_in_flight": 256,
    "max_requests": 10_000,
    "drain": 30.0,
    "timeout": 120.0,
}


def again(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words that run the same load again."""
    words = ["magistral-contract", "load", mask_key(settings["target"] or "mock")]
    for name in _REPEATED:
        value = settings[name]
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value not in (None, False, _REPEATED[name]):
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    if settings["sweep"] is not None:
        what, values = settings["sweep"]
        words += ["--sweep", f"{what}=" + ",".join(f"{value:g}" for value in values)]
    words += as_words({name: settings[name] or None for name in ("budget", "offer")})
    route = Route.read(settings["header"], settings["header_env"], settings["proxy"])
    words += route.words
    return tuple(words)


def _deliver(found: LoadReport, settings: Mapping[str, Any]) -> int:
    """Write the files, print the report, and return the exit code."""
    written: tuple[tuple[LoadReporter, str], ...] = settings["report"]
    errors: list[ContractError] = []
    for reporter, path in written:
        try:
            Destination(path).write(reporter.render(found))
        except ContractError as error:
            errors.append(error)
    for name, path in _locust_paths(settings).items():
        text = found.steps[-1].files.get(name) if found.steps else None
        try:
            if text is not None:
                Destination(path).write(SECRETS.mask(text))
        except ContractError as error:
            errors.append(error)
    console = options.console(
        settings["color"], stderr=any(path == "-" for _, path in written)
    )
    show(found, console, quiet=settings["quiet"], verbose=settings["verbose"])
    trouble = found.report.headers[0].trouble
    if trouble:
        click.echo(f"error: {sanitise(trouble)}", err=True)
    for undelivered in errors:
        click.echo(f"error: {undelivered}", err=True)
    code = INTERRUPTED if trouble == BY_USER else found.exit_code
    return worst(code, *(one.exit_code for one in errors))
