"""The server behind a gateway, which `--behind` names, judged beside the gateway."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from contract.client.credentials import api_key
from contract.client.route import Route
from contract.errors import ContractError, TargetError, UsageError
from contract.model.check import Check
from contract.plugins.discovery import find
from contract.reporters.attribution import failing_behind
from contract.run.altered import Altered
from contract.run.behind import compare_replies
from contract.run.costs import Spent, chats_of, read_counters, rises
from contract.run.opening import open_target, reply_changes
from contract.run.report import Report, in_order
from contract.run.verification import Verification
from contract.targets.base import TargetKind, mask_key, parse_target


class Plan(Protocol):
    """The part of the command line that is the same for both."""

    @property
    def checks(self) -> tuple[Check, ...]:
        """The selected checks."""

    @property
    def slow(self) -> bool:
        """Whether to run the checks that are marked as slow."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The keyword arguments of `open_target`."""


class Ticks(Protocol):
    """What shows how many requests have been sent."""

    def sent(self, sent: int, planned: int) -> None:
        """Show the number of requests sent and planned."""


@dataclass(slots=True)
class Backend:
    """The server behind the gateway, and what was found once it has been judged."""

    target: str
    # The keyword arguments of `open_target` that differ from those of the gateway.
    options: Mapping[str, Any]
    report: Report | None = field(default=None)
    altered: Altered | None = field(default=None)

    @classmethod
    def of(
        cls,
        target: str | None,
        gateways: tuple[str, ...],
        *,
        profile: str | None,
        model: str | None,
        key_env: str | None,
    ) -> Backend | None:
        """
        Return the server that `--behind` names; None if *target* is.

        Raises `UsageError` if there is not one gateway, if both are the same target, if
        *target* is wrong, and if one of the other options is given without it.
        """
        if target is None:
            for option, value in (
                ("profile", profile),
                ("model", model),
                ("api-key-env", key_env),
            ):
                if value:
                    raise UsageError(
                        f"--behind-{option} is of the server that --behind names; add "
                        "--behind TARGET."
                    )
            return None
        if len(gateways) != 1:
            raise UsageError(
                f"--behind compares one gateway with the server behind it, not "
                f"{len(gateways)}; verify them one after the other."
            )
        if target == gateways[0]:
            raise UsageError(
                "--behind names the gateway itself; name the server that the gateway "
                "forwards requests to."
            )
        parse_target(target, find("targets", TargetKind), reply_changes())
        api_key(key_env, os.environ)
        return cls(
            target,
            {
                "profile": profile,
                "model": model,
                "key_env": key_env,
                # The key of the gateway must not reach the server behind it.
                "environ": os.environ if key_env else {},
            },
        )

    def beside(
        self, plan: Plan, ticks: Ticks
    ) -> Callable[[Verification], AbstractContextManager[None]]:
        """
        Return what judges the server by *plan* while the gateway is open.

        *ticks* shows its requests.
        """

        @contextmanager
        def judge(gateway: Verification) -> Iterator[None]:
            with self._open(plan, ticks) as backend:
                sessions = gateway.session, backend.session
                earlier = [chats_of(session) for session in sessions]
                before = read_counters(backend.session)
                yield
                between = read_counters(backend.session)
                results = tuple(backend.verify(plan.checks, slow=plan.slow))
                after = read_counters(backend.session)
                sent = [
                    chats_of(session) - known
                    for session, known in zip(sessions, earlier, strict=True)
                ]
                self.report = Report(
                    headers=(backend.header,), results=in_order(results, plan.checks)
                )
                self.altered = compare_replies(
                    gateway.session,
                    backend.session,
                    gateway.profile.may_change,
                    spent=(
                        Spent(sent[0], rises(before, between)),
                        Spent(sent[1], rises(between, after)),
                    ),
                )

        return judge

    @contextmanager
    def _open(self, plan: Plan, ticks: Ticks) -> Iterator[Verification]:
        """Open the server; an error says that it is the one behind."""
        route = plan.options["route"]
        settings = {
            **plan.options,
            **self.options,
            "route": Route(proxy=route.proxy),  # headers are for the gateway
            "repeat": (),
            "notes": (),
        }
        with ExitStack() as stack:
            try:
                verification = stack.enter_context(
                    open_target(self.target, tick=ticks.sent, **settings)
                )
            except ContractError as error:
                raise TargetError(
                    f"--behind {mask_key(self.target)}: {error}"
                ) from error
            yield verification

    def attribute(self, report: Report) -> Report:
        """
        Return *report* with the server behind and what the gateway changed.

        What fails there, too, does not fail the run. Without a result of the server,
        *report* is returned unchanged: its header says why.
        """
        if self.report is None:
            return report
        found = replace(report, behind=self.report, altered=self.altered)
        return replace(found, known=report.known | failing_behind(found))
