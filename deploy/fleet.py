"""
Verifies many endpoints again and again on Locust workers, into one history.

Each endpoint is verified once in a period, by one of the workers. A run that fails, or
cannot be done, is a failure in Locust's tables, and the row `LATE` says how long after
its due time a run began: more users, or more workers, are needed when it grows.

Usage, on one machine with four processes::

    locust -f deploy/fleet.py --headless -u 64 -r 64 --processes 4 --stop-timeout 120 \
        --endpoints endpoints.txt --history postgresql://contract@127.0.0.1/runs \
        --every 900 --select streaming,reasoning

`endpoints.txt` has a target on each line, as for `magistral-contract verify`, and after
a blank the profile, if that is to be given. The API key comes from the environment,
as for `verify`. On several machines, start a master, and the workers with
`--worker --master-host HOST --fleet-size N`.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from pathlib import Path

from locust import User, events, task
from locust.exception import StopUser

import contract
from contract.errors import ContractError
from contract.history.store import History

VERB = "fleet"  # the verb of these runs in the history
NAP = 0.2  # seconds between two looks at the clock, so that a stop takes effect


@events.init_command_line_parser.add_listener
def add_options(parser):
    """Add the options of this file to those of Locust."""
    parser.add_argument("--endpoints", required=True, help="a file, a target a line")
    parser.add_argument("--history", required=True, help="an SQLite file, or a URL")
    parser.add_argument("--every", type=float, default=900.0, help="seconds")
    parser.add_argument("--select", default="streaming,reasoning", help="checks")
    parser.add_argument("--concurrency", type=int, default=4, help="requests of a run")
    parser.add_argument(
        "--fleet-size", type=int, default=0, help="workers on all machines together"
    )
    parser.add_argument("--rounds", type=int, default=0, help="periods; 0 is no limit")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A target, and the profile that it is judged by; None recognises it."""

    target: str
    profile: str | None

    @classmethod
    def read(cls, path: str) -> list[Endpoint]:
        """Return the endpoints in the file *path*; blank lines and # are left out."""
        lines = map(str.strip, Path(path).read_text("utf-8").splitlines())
        words = [line.split() for line in lines if line and not line.startswith("#")]
        return [cls(one[0], one[1] if len(one) > 1 else None) for one in words]


class Schedule:
    """The runs of one worker: its share of the endpoints, spread over the period."""

    def __init__(self, endpoints: list[Endpoint], every: float, rounds: int) -> None:
        """*every* is the period in seconds, *rounds* their number, 0 without limit."""
        self._began = time.monotonic()
        gap = every / max(len(endpoints), 1)
        numbers = range(rounds) if rounds else itertools.count()
        self._due = (
            (number * every + place * gap, endpoint)
            for number in numbers
            for place, endpoint in enumerate(endpoints)
        )

    def take(self) -> tuple[float, Endpoint] | None:
        """Return the next run, and in how many seconds it is due; None at the end."""
        found = next(self._due, None)
        if found is None:
            return None
        return found[0] + self._began - time.monotonic(), found[1]


@events.test_start.add_listener
def plan(environment, **_):
    """Give this worker its share of the endpoints."""
    options = environment.parsed_options
    index = max(getattr(environment.runner, "worker_index", 0), 0)
    count = options.fleet_size or options.processes or 1
    share = Endpoint.read(options.endpoints)[index::count]
    environment.schedule = Schedule(share, options.every, options.rounds)


class Verifier(User):
    """Verifies what is due next, one endpoint at a time."""

    def on_start(self):
        """Open the history."""
        options = self.environment.parsed_options
        self.history = History.open(options.history)
        self.select = options.select.split(",")

    @task
    def verify(self):
        """Wait until the next run is due, do it, and store it."""
        found = self.environment.schedule.take()
        if found is None:
            raise StopUser
        left, endpoint = found
        due = time.monotonic() + left
        while (rest := due - time.monotonic()) > 0:
            time.sleep(min(rest, NAP))
        self.tell("LATE", 1_000 * (time.monotonic() - due), None)
        began, error = time.monotonic(), None
        try:
            report = contract.verify(
                endpoint.target,
                profile=endpoint.profile,
                select=self.select,
                concurrency=self.environment.parsed_options.concurrency,
            )
            report = self.history.add(report, kind=VERB).report
            if report.exit_code:
                error = RuntimeError(f"exit code {report.exit_code}")
        except ContractError as refused:
            error = refused
        self.tell("RUN", 1_000 * (time.monotonic() - began), error)

    def tell(self, kind, milliseconds, error):
        """Count a run in the tables of Locust."""
        self.environment.events.request.fire(
            request_type=kind,
            name="verify",
            response_time=milliseconds,
            response_length=0,
            exception=error,
            context={},
        )
