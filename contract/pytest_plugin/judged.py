"""Results of checks in tests: enforced as outcomes, and serialised for xdist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from contract.model.check import Check
    from contract.model.profile import Profile
    from contract.run.report import Header, Result


@dataclass(frozen=True, slots=True)
class Judged:
    """The result of one check on one target."""

    result: Result
    # The header of the target, with the time and requests until the check was judged.
    header: Header
    # Whether a failed SHOULD fails the test.
    strict: bool = False

    @property
    def properties(self) -> list[tuple[str, object]]:
        """The properties of the test for `--junitxml`, as names and values."""
        from contract.model.redaction import sanitise

        check = self.result.check
        return [
            ("requirement", check.requirement),
            ("level", check.level.value),
            ("source", check.source),
            ("profile", sanitise(self.header.profile)),
            ("outcome", self.result.outcome.value),
        ]

    def enforce(self) -> None:
        """
        End the test with the outcome of the check: pass, skip, xfail or fail.

        Waived failures and warnings (a failed MAY, without --contract-strict a failed
        SHOULD) are expected failures.
        """
        from contract.model.redaction import sanitise
        from contract.run.report import Outcome

        result = self.result
        match result.outcome:
            case Outcome.PASS:
                return
            case Outcome.SKIP:
                pytest.skip(sanitise(result.reason))
            case Outcome.WAIVED:
                pytest.xfail(sanitise(f"waived: {result.reason}"))
            case Outcome.FAIL if self._is_warning():
                message = f"warning: {result.check.level} failed: "
                pytest.xfail(sanitise(message + result.findings[0].message))
            case _:
                pytest.fail(self._failure_text(), pytrace=False)

    def _is_warning(self) -> bool:
        from contract.run.report import Report

        report = Report(headers=(), results=(), strict=self.strict)
        return report.is_warning(self.result)

    def _failure_text(self) -> str:
        from contract.model.redaction import SECRETS, sanitise
        from contract.reporters.base import describe_findings

        check, header = self.result.check, self.header
        lines = [
            f"{check.id}   {check.level}   {header.target}",
            check.requirement,
            describe_findings(self.result),
            f"source: {check.source}",
        ]
        if header.profile:
            lines.append(f"profile: {header.profile} ({header.why})")
        return "\n".join(
            [
                *map(sanitise, lines[:2]),
                SECRETS.mask(lines[2]),
                *map(sanitise, lines[3:]),
            ]
        )


JUDGED = pytest.StashKey[Judged]()


@dataclass(slots=True)
class Unopened:
    """A target that could not be opened: an error for one check, then skips."""

    # The target without its key.
    target: str
    # Why it could not be opened, in words.
    trouble: str
    # Whether the error has been reported.
    reported: bool = False

    def judged(self, check: Check, *, strict: bool) -> Judged:
        """
        Return the result of *check*: an error at the first call, then a skip.

        *strict* states whether a failed SHOULD fails the run.
        """
        from contract._version import __version__
        from contract.run.report import Header, Outcome, Result

        first, self.reported = not self.reported, True
        header = Header(
            target=self.target,
            url="",
            profile="",
            why="",
            model="",
            version=__version__,
            started="",
            trouble=self.trouble,
        )
        result = Result(
            check=check,
            target=self.target,
            outcome=Outcome.ERROR if first else Outcome.SKIP,
            reason=self.trouble if first else "the target could not be opened",
        )
        return Judged(result, header, strict)


def pack(judged: Judged, *, exchanges: bool) -> dict[str, Any]:
    """
    Return *judged* in plain types that xdist can send; `unpack` is the inverse.

    The secrets of this process, which the other one may not know, are masked.

    *exchanges* states whether to include the exchanges, which are large and needed
    for reports only.
    """
    from contract.model.redaction import SECRETS
    from contract.model.saved import dump
    from contract.reporters.base import mask_result

    result, header = mask_result(judged.result), SECRETS.mask_deep(judged.header)
    return {
        "check": result.check.id,
        "target": result.target,
        "outcome": result.outcome.value,
        "findings": [asdict(finding) for finding in result.findings],
        "reason": result.reason,
        "again": result.again,
        "broken": result.broken,
        "seconds": result.seconds,
        "figures": dict(result.figures),
        "tally": None if result.tally is None else asdict(result.tally),
        "curl": result.curl,
        "exchanges": [dump(e) for e in result.exchanges] if exchanges else [],
        "header": {**asdict(header), "notes": list(header.notes)},
    }


def unpack(
    packed: Mapping[str, Any],
    checks: Mapping[str, Check],
    profiles: Mapping[str, Profile],
) -> Judged:
    """
    Return what `pack` packed.

    Args:
        packed: The packed result.
        checks: The known checks by id; the check of the result must be one of them.
        profiles: The known profiles by id. Without the profile of the result its
            exchanges are dropped.
    """
    from contract.model.check import Finding
    from contract.model.saved import load
    from contract.run.report import Header, Outcome, Result, Tally

    header = Header(**{**packed["header"], "notes": tuple(packed["header"]["notes"])})
    # Exchanges cannot be decoded without the profile, which a user may have removed.
    profile = profiles.get(header.profile)
    result = Result(
        check=checks[packed["check"]],
        target=packed["target"],
        outcome=Outcome(packed["outcome"]),
        findings=tuple(Finding(**finding) for finding in packed["findings"]),
        reason=packed["reason"],
        again=packed["again"],
        broken=packed["broken"],
        seconds=packed["seconds"],
        figures=packed["figures"],
        tally=None if packed["tally"] is None else Tally(**packed["tally"]),
        curl=packed["curl"],
        exchanges=tuple(
            load(saved, profile) for saved in packed["exchanges"] if profile
        ),
    )
    return Judged(result, header)
