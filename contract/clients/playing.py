"""One scenario inside a test of the user's own: served, then judged by what it got."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from contract.clients.judging import (
    Plan,
    chosen_scenarios,
    default_dialects,
    dialect_named,
    judge_runs,
    requirements,
)
from contract.clients.output import MEMBERS, Output
from contract.clients.scenario import Run, Scenario
from contract.clients.stage import Stage, staged
from contract.clients.task import Place, to_json
from contract.errors import UsageError
from contract.model.profile import Profile
from contract.plugins.discovery import suggestion
from contract.run.report import Outcome, Result
from contract.run.select import select


@dataclass(kw_only=True)
class Played:
    """
    A scenario that the mock plays for one test.

    Usage::

        def test_client(magistral_scenario):
            client = MyClient(magistral_scenario.base_url, magistral_scenario.api_key)
            try:
                answer = client.ask(magistral_scenario.task)
            except MyError as error:
                magistral_scenario.judge(error=error)
            else:
                magistral_scenario.judge(answer=answer.text, reasoning=answer.thought)
    """

    # The id of the scenario.
    id: str
    # What the client is asked to do, as a program gets it: messages, tools, stream, ….
    task: Mapping[str, Any]
    # The ids of the requirements to judge; empty for all.
    chosen: Collection[str]
    _scenario: Scenario
    _profile: Profile
    _stage: Stage
    _place: Place
    # Whether `judge` was called.
    judged: bool = field(default=False, init=False)

    @property
    def base_url(self) -> str:
        """The URL of the API, with /v1."""
        return self._place.base_url

    @property
    def server_url(self) -> str:
        """The root of the server, without /v1."""
        return self._place.url

    @property
    def api_key(self) -> str:
        """The key to send."""
        return self._place.key

    @property
    def model(self) -> str:
        """The name of the model to request."""
        return self._place.model

    def results(self, **result: Any) -> tuple[Result, ...]:
        """
        Return the result of each requirement of this scenario, whatever it is.

        *result* has the members of a program's result: answer, reasoning, tool_calls,
        usage, finish_reason, error; what is not given is not judged. An exception as
        *error* is reported by its type, message and status. Raises `UsageError` for any
        other member.
        """
        for name in result:
            if name not in MEMBERS:
                raise UsageError(
                    f"A result has no member {name!r}{suggestion(name, MEMBERS)}"
                )
        error = result.get("error")
        if isinstance(error, BaseException):
            result["error"] = {
                "type": type(error).__name__,
                "message": str(error),
                "status": getattr(error, "status_code", None),
            }
        elif "error" in result and error is None:
            del result["error"]
        run = Run(
            scenario=self._scenario,
            dialect=self._profile.dialect,
            output=Output(result=json.loads(json.dumps(result, default=str))),
            sent=self._stage.sent,
            key=self._place.key,
            model=self._place.model,
        )
        checks = tuple(
            one
            for one in requirements()
            if (not self.chosen or one.id in self.chosen)
            and (not one.on or any(s.id == self.id for s in one.on))
        )
        plan = Plan(command=(), dialects=(), scenarios=(), requirements=checks)
        return tuple(judge_runs(self._profile, [run], plan))

    def judge(self, **result: Any) -> None:
        """
        Raise `AssertionError` if a MUST does not hold; the parameters are of `results`.

        Its message has a line for each finding, of a SHOULD too.
        """
        __tracebackhide__ = True  # pytest shows the line of the test
        self.judged = True
        failed = [r for r in self.results(**result) if r.outcome is Outcome.FAIL]
        if any(one.check.level.value == "MUST" for one in failed):
            lines = [
                f"{one.check.level} {one.check.id}: {finding.message}; expected "
                f"{finding.expected or 'otherwise'}, actual {finding.actual}"
                for one in failed
                for finding in one.findings
            ]
            raise AssertionError("\n".join([f"in the scenario {self.id}:", *lines]))


def pairs(
    scenarios: Collection[str] = (),
    dialects: Collection[str] = (),
    chosen: Collection[str] = (),
) -> tuple[tuple[str, str], ...]:
    """
    Return the dialect and the scenario of each test.

    Args:
        scenarios: ids or patterns; all by default.
        dialects: ids or aliases of profiles; one of each dialect by default.
        chosen: requirements that are judged, or families; all by default.

    Raises `UsageError` for an unknown name.
    """
    checks = select(requirements(), chosen)
    every = any(not check.on for check in checks)
    ids = {scenario.id for check in checks for scenario in check.on}
    profiles = [dialect_named(name) for name in dialects or default_dialects()]
    return tuple(
        (profile.id, scenario.id)
        for profile in profiles
        for scenario in chosen_scenarios(scenarios)
        if scenario.where(profile.dialect) and (every or scenario.id in ids)
    )


@contextmanager
def playing(
    dialect: str, scenario: str, chosen: Collection[str] = ()
) -> Iterator[Played]:
    """
    Serve a scenario on a free port of this machine, for one test.

    Args:
        dialect: the id or the alias of a profile.
        scenario: the id of the scenario.
        chosen: requirements that are judged, or families; all by default.

    Raises `UsageError` for an unknown name.
    """
    profile = dialect_named(dialect)
    (found,) = chosen_scenarios([scenario])
    thinks = any(turn.thought for turn in found.turns)
    with staged(found, profile) as (stage, place):
        task = to_json(
            found.task,
            place,
            scenario=found.id,
            profile=profile,
            thinks=thinks,
        )
        yield Played(
            id=found.id,
            task=json.loads(task),
            chosen=frozenset(one.id for one in select(requirements(), chosen)),
            _scenario=found,
            _profile=profile,
            _stage=stage,
            _place=place,
        )
