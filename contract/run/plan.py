"""Selection of the requests to send and of the checks that do not apply."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contract.model.check import Check
from contract.model.probe import Probe
from contract.model.profile import Profile
from contract.tokens import padding


@dataclass(frozen=True, slots=True)
class RequestPlan:
    """The distinct requests of a run; its length is their number."""

    # Requests that may be sent concurrently, in the order of the checks.
    together: tuple[Probe, ...]
    # Requests that are sent one after another, because they are timed or because
    # their order matters.
    alone: tuple[Probe, ...]

    def __len__(self) -> int:
        return len(self.together) + len(self.alone)


def plan_requests(
    checks: Iterable[Check], profile: Profile, *, slow: bool = False
) -> RequestPlan:
    """
    Return the requests of those *checks* that apply to *profile*, each request once.

    *slow* includes the checks that are marked as slow.
    """
    together: dict[Probe, None] = {}
    alone: dict[Probe, None] = {}
    for check in checks:
        if inapplicable(check, profile, slow=slow) is None:
            if any(padding.needs_calibration(probe, profile) for probe in check.sends):
                together.update(dict.fromkeys(padding.CALIBRATION_REQUESTS))
            group = alone if is_ordered(check) else together
            group.update(dict.fromkeys(check.sends))
    return RequestPlan(tuple(p for p in together if p not in alone), tuple(alone))


def is_ordered(check: Check) -> bool:
    """Return whether the requests of *check* are sent one by one, with no other."""
    return check.alone or any(p.hang_up_after is not None for p in check.sends)


def inapplicable(check: Check, profile: Profile, *, slow: bool) -> str | None:
    """
    Return the reason why *check* is skipped before anything is sent; None if it runs.

    *slow* states whether checks that are marked as slow may run.
    """
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
