"""The requests a run will send, and the checks that do not apply."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contract.model.chat import Probe
from contract.model.check import Check
from contract.model.profile import Profile
from contract.tokens import padding


@dataclass(frozen=True, slots=True)
class RequestPlan:
    """The requests of a run: *together* may overlap; *alone* go one after another."""

    together: tuple[Probe, ...]
    alone: tuple[Probe, ...]

    def __len__(self) -> int:
        return len(self.together) + len(self.alone)


def plan_requests(
    checks: Iterable[Check], profile: Profile, *, slow: bool = False
) -> RequestPlan:
    """What the *checks* that apply to *profile* will send, each request once."""
    together: dict[Probe, None] = {}
    alone: dict[Probe, None] = {}
    for check in checks:
        if inapplicable(check, profile, slow=slow) is None:
            ordered = check.alone or any(
                probe.hang_up_after is not None for probe in check.sends
            )
            if any(padding.needs_calibration(probe, profile) for probe in check.sends):
                together.update(dict.fromkeys(padding.CALIBRATION_REQUESTS))
            (alone if ordered else together).update(dict.fromkeys(check.sends))
    return RequestPlan(tuple(p for p in together if p not in alone), tuple(alone))


def inapplicable(check: Check, profile: Profile, *, slow: bool) -> str | None:
    """Why *check* is not run at all."""
    missing = sorted(need.value for need in check.needs - profile.offers)
    if missing:
        return f"{profile.id} does not offer {', '.join(missing)}"
    if check.unless is not None and check.unless in profile.tolerates:
        return f"{profile.id} tolerates {check.unless}"
    if check.budget is not None and getattr(profile.budget, check.budget) is None:
        return f"{profile.id} sets no budget; add --budget {check.budget}=…"
    if any(padding.exceeds_window(probe, profile) for probe in check.sends):
        return f"the context window is only {profile.context_window} tokens"
    if check.slow and not slow:
        return "slow; add --slow"
    return None
