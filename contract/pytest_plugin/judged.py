"""The result of one check on one target, as a test acts on it and as it travels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from contract.model.check import Check
    from contract.model.profile import Profile
    from contract.run.report import (
        Header,
        Result,
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one check; `header` says what the target was taken for."""

    result: Result
    header: Header
    strict: bool = False

    @property
    def properties(self) -> list[tuple[str, object]]:
        """What `--junitxml` says about the test."""
        check = self.result.check
        return [
            ("requirement", check.requirement),
            ("level", check.level.value),
            ("source", check.source),
            ("profile", self.header.profile),
            ("outcome", self.result.outcome.value),
        ]

    def enforce(self) -> None:
        """
        Make the outcome that of the test: pass, skip, xfail or fail.

        Known failures (waived) and failures that do not violate the contract (a MAY,
        without --contract-strict a SHOULD) are expected failures.
        """
        from contract.run.report import Outcome

        result = self.result
        match result.outcome:
            case Outcome.PASS:
                return
            case Outcome.SKIP:
                pytest.skip(result.reason)
            case Outcome.WAIVED:
                pytest.xfail(f"waived: {result.reason}")
            case Outcome.FAIL if not self._violates():
                pytest.xfail(f"{result.check.level}: {result.findings[0].message}")
            case _:
                pytest.fail(self._text(), pytrace=False)

    def _violates(self) -> bool:
        from contract.run.report import Report

        return Report(headers=(), results=(), strict=self.strict).violates(self.result)

    def _text(self) -> str:
        from contract.reporters.base import (
            describe_findings,
            escape_controls,
        )

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
                *map(escape_controls, lines[:2]),
                lines[2],
                *map(escape_controls, lines[3:]),
            ]
        )


JUDGED = pytest.StashKey[Judged]()


@dataclass(slots=True)
class Unopened:
    """A target that cannot be judged: says so once, then skips."""

    target: str
    trouble: str
    told: bool = False

    def judged(self, check: Check, *, strict: bool) -> Judged:
        """The result of *check*: an error the first time, later a reference to it."""
        from contract._version import __version__
        from contract.run.report import (
            Header,
            Outcome,
            Result,
        )

        first, self.told = not self.told, True
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
    *judged* in plain types, as xdist can send them; `unpack` reads it.

    *exchanges* are many bytes, and only a report needs them.
    """
    from contract.model.saved import dump

    result = judged.result
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
        "exchanges": [dump(e) for e in result.exchanges] if exchanges else [],
        "header": {**asdict(judged.header), "notes": list(judged.header.notes)},
    }


def unpack(
    packed: Mapping[str, Any],
    checks: Mapping[str, Check],
    profiles: Mapping[str, Profile],
) -> Judged:
    """What `pack` made, with the check and the profile of the same ids."""
    from contract.model.check import Finding
    from contract.model.saved import load
    from contract.run.report import (
        Header,
        Outcome,
        Result,
    )

    header = Header(**{**packed["header"], "notes": tuple(packed["header"]["notes"])})
    # A profile of somebody else's making may be gone; the timings go with it.
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
        exchanges=tuple(
            load(saved, profile) for saved in packed["exchanges"] if profile
        ),
    )
    return Judged(result, header)
