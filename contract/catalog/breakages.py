"""What really went wrong in public, by issue, with the fault that shows it again."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from contract.catalog.profiles import builtin
from contract.errors import SpecError
from contract.model.check import Fault
from contract.model.profile import Profile
from contract.plugins import discovery

HOST = "https://github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """
    One public report (*issue* is `owner/repo#n`) and the fault that shows it.

    `what` is one sentence, `profile` the provider in whose dialect it is shown. The
    check that catches it is the one its fault breaks.
    """

    issue: str
    what: str
    fault: Fault
    profile: Profile

    @property
    def id(self) -> str:
        """`vllm-30139` for vllm-project/vllm#30139."""
        return self.issue.partition("/")[2].replace("#", "-").lower()

    @property
    def url(self) -> str:
        """Where the report can be read."""
        place, _, number = self.issue.partition("#")
        return f"{HOST}/{place}/issues/{number}"


@cache
def breakages() -> Mapping[str, Breakage]:
    """Every breakage by id, in the order of the file."""
    text = (
        resources.files("contract.catalog")
        .joinpath("breakages.toml")
        .read_text("utf-8")
    )
    return parse(text, discovery.find("checks", Fault), builtin())


def parse(
    text: str, faults: Mapping[str, Fault], profiles: Mapping[str, Profile]
) -> dict[str, Breakage]:
    """The breakages of a TOML file; `SpecError` for one that leads nowhere."""
    found: dict[str, Breakage] = {}
    for table in tomllib.loads(text).get("breakage", ()):
        issue = table["issue"]
        for what, names in (("fault", faults), ("profile", profiles)):
            if table[what] not in names:
                raise SpecError(
                    f"breakage {issue}: unknown {what} {table[what]!r}"
                    f"{discovery.suggestion(table[what], names)}"
                )
        made = Breakage(
            issue=issue,
            what=table["what"],
            fault=faults[table["fault"]],
            profile=profiles[table["profile"]],
        )
        if made.id in found:
            raise SpecError(f"breakage {issue}: {made.id} is there twice; remove one.")
        found[made.id] = made
    return found


def faults_by_name() -> Mapping[str, Fault]:
    """Every fault by its id, and by the id of each breakage that it shows."""
    shown = {
        name: replace(each.fault, id=name, story=f"{each.what} ({each.issue})")
        for name, each in breakages().items()
    }
    return {**shown, **discovery.find("checks", Fault)}
