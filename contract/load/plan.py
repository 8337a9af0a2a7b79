"""The plan of a run: all that a process which sends must know; it holds no secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from contract.catalog.providers import dialects
from contract.client.timeouts import Limits
from contract.errors import UsageError
from contract.load.scenario import Scenario, parse, to_json
from contract.model.chat import Json
from contract.model.profile import Budget, Capability, Profile

MOST_USERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """One step of a run: what is sent, when, and within which bounds."""

    # Root of the API, without `/v1`.
    url: str
    profile: Profile
    model: str
    scenario: Scenario
    # Concurrent users of a closed model; None with `schedule`.
    users: int | None = None
    # Offsets of an open model in seconds; empty with `users`.
    schedule: tuple[float, ...] = ()
    # Requests in flight at most, of an open model.
    in_flight: int = 256
    # Seconds that are measured, after the seconds of the warm-up.
    duration: float = 30.0
    warm_up: float = 0.0
    # Seconds that each user waits between two requests.
    pause: float = 0.0
    # Seconds that requests in flight have to end after the duration.
    drain: float = 30.0
    # Requests at most.
    most: int = 10_000
    seed: int = 0
    # Whether all prompts are the same.
    same: bool = False
    limits: Limits = Limits()  # noqa: RUF009  # a frozen value

    @property
    def open(self) -> bool:
        """Whether the requests follow a schedule, and not the replies."""
        return self.users is None

    @property
    def pool(self) -> int:
        """Users in the sense of Locust: requests in flight at most."""
        return self.in_flight if self.users is None else self.users

    def to_json(self) -> dict[str, Json]:
        """Return all of it as JSON that `from_json` reads in another process."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "schedule": list(self.schedule),
            "scenario": {"name": self.scenario.name, **to_json(self.scenario)},
            "limits": asdict(self.limits),
            "profile": {
                "id": self.profile.id,
                "dialect": self.profile.dialect.id,
                "offers": sorted(offer.value for offer in self.profile.offers),
                "unverified": sorted(one.value for one in self.profile.unverified),
                "never_run": self.profile.never_run,
                "budget": asdict(self.profile.budget),
                "context_window": self.profile.context_window,
                "tolerates": sorted(self.profile.tolerates),
            },
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Self:
        """Return the plan that `to_json` wrote; `UsageError` for an unknown dialect."""
        profile = saved["profile"]
        known = dialects()
        if profile["dialect"] not in known:
            raise UsageError(
                f"The dialect {profile['dialect']} is not installed here; install the "
                "plug-in that the master has."
            )
        scenario = dict(saved["scenario"])
        return cls(
            **{name: saved[name] for name in _PLAIN},
            schedule=tuple(saved["schedule"]),
            scenario=parse(scenario, scenario.pop("name")),
            limits=Limits(**saved["limits"]),
            profile=Profile(
                id=profile["id"],
                dialect=known[profile["dialect"]],
                offers=frozenset(map(Capability, profile["offers"])),
                unverified=frozenset(map(Capability, profile["unverified"])),
                never_run=profile["never_run"],
                budget=Budget(**profile["budget"]),
                context_window=profile["context_window"],
                tolerates=frozenset(profile["tolerates"]),
            ),
        )


_STRUCTURED = {"profile", "scenario", "schedule", "limits"}
_PLAIN = tuple(f.name for f in fields(LoadPlan) if f.name not in _STRUCTURED)
