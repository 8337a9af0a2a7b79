"""Plays scenarios with a program and judges them: one report for all dialects."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from queue import SimpleQueue

from contract._version import __version__
from contract.catalog.profiles import builtin, named
from contract.clients.output import Output, Trouble
from contract.clients.program import Resident, run_program
from contract.clients.scenario import Requirement, Run, Scenario
from contract.clients.stage import staged
from contract.clients.task import to_json
from contract.errors import UsageError
from contract.model.check import Finding, NotApplicable
from contract.model.profile import Profile
from contract.model.redaction import sanitise
from contract.plugins.discovery import find, suggestion
from contract.run.report import Header, Outcome, Report, Result

TIMEOUT = 30.0
"""Seconds that a program may take for one scenario."""

SMOKE = "plain"
"""The scenario that is played first in a dialect; the others need its result."""

Again = Callable[[str, str], str]
"""The ids of a dialect and of a requirement -> the command that judges it again."""


def scenarios() -> Mapping[str, Scenario]:
    """Return all scenarios by id, the topics in alphabetical order."""
    return find("clients.scenarios", Scenario)


def requirements() -> tuple[Requirement, ...]:
    """Return all requirements, by topic."""
    return tuple(find("clients.scenarios", Requirement).values())


def default_dialects() -> tuple[str, ...]:
    """
    Return the profile of each dialect that keeps reasoning and answer apart.

    They are those of `/v1/chat/completions`: a program that is written for it does not
    speak `/v1/responses`, whose dialects are played if they are named.
    """
    found: dict[str, str] = {}
    for profile in builtin().values():
        if not profile.dialect.tagged and profile.dialect.surface is None:
            found.setdefault(profile.dialect.id, profile.id)
    return tuple(found.values())


def dialect_named(name: str) -> Profile:
    """Return the profile that *name* names; raise `UsageError` for an unknown one."""
    return named(name, what="dialect")


def chosen_scenarios(names: Iterable[str]) -> tuple[Scenario, ...]:
    """
    Return the scenarios that *names* name: ids, or patterns such as `thought*`.

    Without names it returns all. Raises `UsageError` for a name without a scenario.
    """
    known = scenarios()
    wanted = tuple(names)
    if not wanted:
        return tuple(known.values())
    kept: dict[str, Scenario] = {}
    for name in wanted:
        found = {one.id: one for one in known.values() if fnmatchcase(one.id, name)}
        if not found:
            raise UsageError(
                f"No scenario is named {name!r}{suggestion(name, known)} "
                "`magistral-contract client list` has all."
            )
        kept |= found
    return tuple(one for one in known.values() if one.id in kept)


def needed_scenarios(
    wanted: Iterable[Scenario], judged: Iterable[Requirement]
) -> tuple[Scenario, ...]:
    """Return the scenarios of *wanted* in which one of *judged* is judged."""
    checks = tuple(judged)
    every = any(not check.on for check in checks)
    ids = {scenario.id for check in checks for scenario in check.on}
    return tuple(one for one in wanted if every or one.id in ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is played and judged, and how."""

    # The words of the command that runs the program.
    command: tuple[str, ...]
    # The ids of the profiles whose dialects the server speaks.
    dialects: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    requirements: tuple[Requirement, ...]
    # Seconds that the program may take for one scenario.
    timeout: float = TIMEOUT
    # How many programs run at a time.
    jobs: int = 1
    # Whether one process of the program gets all tasks, one per line.
    one_process: bool = False
    # Whether a failed SHOULD fails the run.
    strict: bool = False
    # Returns the command that judges a requirement again.
    again: Again = field(default=lambda _dialect, _check: "")


@dataclass(slots=True)
class _Played:
    """What was played in one dialect."""

    profile: Profile
    started: str
    runs: list[Run] = field(default_factory=list)
    seconds: float = 0.0
    trouble: str = ""


class Interrupted(Exception):  # noqa: N818  # an event, not an error
    """The run was interrupted; `report` has what was judged until then."""

    def __init__(self, report: Report) -> None:
        """*report* is that of the scenarios that were played."""
        super().__init__("interrupted")
        self.report = report


def judge_program(
    plan: Plan, progress: Callable[[str, int, int], None] = lambda *_: None
) -> Report:
    """
    Return the report on the program of *plan*: a target for each dialect.

    *progress* is called with a dialect, the number of played scenarios and their
    number. Raises `UsageError` if the command cannot be run, and `Interrupted`.
    """
    stop = threading.Event()
    played: list[_Played] = []
    try:
        for name in plan.dialects:
            profile = dialect_named(name)
            here = _Played(profile, datetime.now(UTC).isoformat(timespec="seconds"))
            played.append(here)
            _play(plan, here, stop, progress)
    except KeyboardInterrupt:
        stop.set()
        if played:
            played[-1].trouble = "The run was interrupted."
        raise Interrupted(_report(plan, played)) from None
    return _report(plan, played)


def _play(
    plan: Plan,
    here: _Played,
    stop: threading.Event,
    progress: Callable[[str, int, int], None],
) -> None:
    """Play the scenarios of *plan* in one dialect, the smoke test first."""
    dialect, begun = here.profile.dialect, time.monotonic()
    todo = [one for one in plan.scenarios if one.where(dialect)]
    with ExitStack() as stack:
        players = _players(plan, stack, stop)
        try:
            smoke = scenarios()[SMOKE]
            first = _run(players, smoke, here.profile, plan)
            if smoke in todo:
                here.runs.append(first)
            here.trouble = _unfit(first, plan)
            if here.trouble:
                return
            rest = [one for one in todo if one is not smoke]
            _play_all(rest, players, here, plan, stop, progress)
        finally:
            here.seconds = time.monotonic() - begun


def _play_all(  # noqa: PLR0913, PLR0917  # what one dialect is played with
    todo: Sequence[Scenario],
    players: SimpleQueue[Player],
    here: _Played,
    plan: Plan,
    stop: threading.Event,
    progress: Callable[[str, int, int], None],
) -> None:
    """Play *todo*, as many at a time as there are *players*."""
    order = {scenario.id: number for number, scenario in enumerate(todo)}
    with ThreadPoolExecutor(plan.jobs) as pool:
        waiting = {pool.submit(_run, players, one, here.profile, plan) for one in todo}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                here.runs += [future.result() for future in done]
                progress(here.profile.id, len(here.runs), len(todo) + 1)
        except BaseException:
            stop.set()
            for future in waiting:
                future.cancel()
            raise
    here.runs.sort(key=lambda run: order.get(run.scenario.id, -1))


Player = Callable[..., Output]
"""Runs the program for one task: (place, task, timeout=, names=, started=)."""


def _players(
    plan: Plan, stack: ExitStack, stop: threading.Event
) -> SimpleQueue[Player]:
    """Return as many players as may run at a time; *stack* ends what they started."""
    players: SimpleQueue[Player] = SimpleQueue()
    for _ in range(plan.jobs):
        if plan.one_process:
            resident = stack.enter_context(Resident(plan.command, stop=stop))
            players.put(resident.ask)
        else:

            def once(place: object, task: str, **options: object) -> Output:
                return run_program(plan.command, place, task, stop=stop, **options)  # type: ignore[arg-type]  # passed on as given

            players.put(once)
    return players


def _run(
    players: SimpleQueue[Player], scenario: Scenario, profile: Profile, plan: Plan
) -> Run:
    """Play one scenario with the next player that is free."""
    player = players.get()
    try:
        with staged(scenario, profile) as (stage, place):
            thinks = any(turn.thought for turn in scenario.turns)
            task = to_json(
                scenario.task,
                place,
                scenario=scenario.id,
                profile=profile,
                thinks=thinks,
            )
            names = {
                "MAGISTRAL_CLIENT_SCENARIO": scenario.id,
                "MAGISTRAL_CLIENT_DIALECT": profile.id,
            }
            begun = time.monotonic()
            said = player(
                place, task, timeout=plan.timeout, names=names, started=stage.restart
            )
            return Run(
                scenario=scenario,
                dialect=profile.dialect,
                output=said,
                sent=stage.sent,
                key=place.key,
                model=place.model,
                seconds=time.monotonic() - begun,
            )
    finally:
        players.put(player)


def _unfit(first: Run, plan: Plan) -> str:
    """Return why the program cannot be judged after its first run; empty if it can."""
    said = first.output
    if said.trouble is Trouble.NOT_STARTED:
        raise UsageError(
            f"The command {' '.join(plan.command)!r} cannot be run: {said.reason}. "
            "Give --command the program as a shell would run it."
        )
    if said.trouble is None:
        return ""
    if said.trouble is Trouble.HUNG or not first.chats:
        sent = "no chat request" if not first.chats else f"{len(first.chats)} requests"
        return (
            f"The program cannot be judged: for the scenario {SMOKE} it sent {sent}, "
            f"and {said.reason}. Try it by hand: docs/client.md shows how."
        )
    return ""


def _report(plan: Plan, played: Sequence[_Played]) -> Report:
    return Report(
        headers=tuple(_header(plan, here) for here in played),
        results=tuple(
            result
            for here in played
            if here.runs
            for result in judge_runs(here.profile, here.runs, plan)
        ),
        strict=plan.strict,
        timed=False,
    )


def _header(plan: Plan, here: _Played) -> Header:
    quoted = sanitise(" ".join(plan.command))
    return Header(
        target=here.profile.id,
        url="",
        profile=here.profile.id,
        why="the dialect that the mock spoke",
        model="",
        version=__version__,
        started=here.started,
        seconds=here.seconds,
        requests=sum(len(run.sent) for run in here.runs),
        notes=(f"program: {quoted}", f"{len(here.runs)} scenarios were played"),
        trouble=here.trouble,
    )


def judge_runs(profile: Profile, runs: Sequence[Run], plan: Plan) -> Iterator[Result]:
    """Yield the result of each requirement of *plan* on the *runs* of one dialect."""
    for check in plan.requirements:
        ids = {scenario.id for scenario in check.on}
        chosen = [run for run in runs if not ids or run.scenario.id in ids]
        yield _judge(check, profile, chosen, plan.again(profile.id, check.id))


def _judge(
    check: Requirement, profile: Profile, runs: Sequence[Run], again: str
) -> Result:
    """Return the result of one requirement on all runs in which it is judged."""
    findings: list[Finding] = []
    reasons: dict[str, None] = {}
    judged = 0
    common = {"check": check, "target": profile.id, "again": again}
    seconds = sum(run.seconds for run in runs)
    for run in runs:
        try:
            findings += check.judge(run)
            judged += 1
        except NotApplicable as error:
            reasons[str(error)] = None
        except Exception as error:  # noqa: BLE001  # a bug of ours costs one result
            return Result(
                **common,  # type: ignore[arg-type]  # the names of its members
                outcome=Outcome.ERROR,
                reason=f"{type(error).__name__}: {sanitise(str(error))}",
                broken=True,
                seconds=seconds,
            )
    if findings:
        return Result(
            **common,  # type: ignore[arg-type]  # the names of its members
            outcome=Outcome.FAIL,
            findings=tuple(findings),
            seconds=seconds,
        )
    if judged:
        return Result(**common, outcome=Outcome.PASS, seconds=seconds)  # type: ignore[arg-type]  # the names of its members
    reason = "; ".join(reasons) or "none of its scenarios was played in this dialect"
    return Result(**common, outcome=Outcome.SKIP, reason=reason, seconds=seconds)  # type: ignore[arg-type]  # the names of its members
