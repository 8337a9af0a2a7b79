"""Selection of the requests to send and of the checks that do not apply."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from http import HTTPStatus

from contract.model.check import OK, Check, Combined, Level, Scope
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

    def long_prompts(self, profile: Profile) -> tuple[int, int]:
        """
        Return the number of prompts of a given length, and their tokens together.

        They are what a run costs beyond its number of requests. Prompts that exceed
        the context window are not counted: they are rejected.
        """
        window = profile.context_window
        filled = [p.fill for p in (*self.together, *self.alone) if p.fill is not None]
        sizes = [size for fill in filled if (size := fill.size(window)) <= window]
        return len(sizes), sum(sizes)


def plan_requests(
    checks: Iterable[Check],
    profile: Profile,
    *,
    slow: bool = False,
    thorough: bool = False,
) -> RequestPlan:
    """
    Return the requests of those *checks* that apply to *profile*, each request once.

    Those are the combined requests of a check that has some: its own follow only if
    the replies are no clear pass. *slow* includes the checks that are marked as slow,
    *thorough* plans the own requests of every check.
    """
    together: dict[Probe, None] = {}
    alone: dict[Probe, None] = {}
    for check in checks:
        if inapplicable(check, profile, slow=slow) is None:
            sends = first_requests(check, profile, thorough=thorough)
            if any(padding.needs_calibration(probe, profile) for probe in sends):
                together.update(dict.fromkeys(padding.CALIBRATION_REQUESTS))
            group = alone if is_ordered(check) else together
            group.update(dict.fromkeys(sends))
    return RequestPlan(tuple(p for p in together if p not in alone), tuple(alone))


def fitted(check: Check, profile: Profile) -> Check:
    """
    Return *check* without the requests that do not fit the context window.

    It is returned as it is if it does not allow that (`Check.fitting`), or if nothing
    would be left.
    """
    if not check.fitting:
        return check
    sends = tuple(p for p in check.sends if not padding.exceeds_window(p, profile))
    return replace(check, sends=sends) if sends else check


def combined_of(check: Check, profile: Profile, *, thorough: bool) -> Combined | None:
    """
    Return the combined requests that may settle *check* on *profile*; None: its own.

    *thorough* asks for the own requests of every check.
    """
    if thorough:
        return None
    return next(
        (
            one
            for one in check.combined
            if one.needs <= profile.offers and (one.where is None or one.where(profile))
        ),
        None,
    )


def first_requests(
    check: Check, profile: Profile, *, thorough: bool = False
) -> tuple[Probe, ...]:
    """Return what is sent first for *check*: its combined requests, or its own."""
    combined = combined_of(check, profile, thorough=thorough)
    return fitted(check, profile).sends if combined is None else combined.sends


def expected_names(checks: Iterable[Check], profile: Profile) -> frozenset[str]:
    """
    Return the names of the requests in the scope `Scope.COMBINED`.

    They are requests whose failure would fail no MUST by itself: the combined requests
    of *checks* that a check expects to be answered or rejected, the own requests of
    those whose failure is a warning or settled by other replies, and those of the
    invariants of that scope. Those of a check that *profile* waives are none of them,
    whatever other checks share them: they hold what the server is known to fail at.

    Usage: `expected_names(known, session.profile)`.
    """
    names: set[str] = set()
    judged: set[str] = set()
    excused: set[str] = set()
    for check in checks:
        combined = combined_of(check, profile, thorough=False)
        sends = {p.name for p in (combined.sends if combined else check.sends)}
        if check.every is Scope.COMBINED:
            names |= sends
        elif check.id in profile.waivers:
            excused |= sends
        elif combined:
            if max(combined.expects) < HTTPStatus.INTERNAL_SERVER_ERROR:
                names |= sends
        elif inapplicable(check, profile, slow=True) is None:
            if check.level is Level.MUST and check.every is None:
                judged |= sends
            elif check.expects == OK:
                names |= sends
    return frozenset(names - judged - excused)


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
    sends = fitted(check, profile).sends
    if any(padding.exceeds_window(probe, profile) for probe in sends):
        return f"the context window is only {profile.context_window} tokens"
    if check.slow and not slow:
        return "slow; add --slow"
    return None
