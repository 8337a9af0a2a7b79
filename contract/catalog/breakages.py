"""Breakages: publicly reported defects, and the faults that reproduce them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from contract.catalog.profiles import builtin
from contract.errors import SpecError
from contract.model.check import Fault
from contract.model.conditions import CONDITIONS, conditional
from contract.model.profile import Profile
from contract.plugins import discovery

HOST = "https://github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakage:
    """One public report, and the fault that reproduces it."""

    # The report as owner/repo#n, on GitHub.
    issue: str
    # The defect in one sentence.
    what: str
    # The fault that reproduces it; the check that detects it is the one it breaks.
    fault: Fault
    # The profile whose dialect it is reproduced in.
    profile: Profile
    # The conditions under which it strikes, of `contract.model.conditions`.
    when: tuple[str, ...] = ()
    # Of the chats where it strikes, every how many-th has it.
    every: int = 1

    @property
    def id(self) -> str:
        """The name for `--fault`, such as vllm-30139 for vllm-project/vllm#30139."""
        return self.issue.partition("/")[2].replace("#", "-").lower()

    @property
    def url(self) -> str:
        """The URL of the report."""
        place, _, number = self.issue.partition("#")
        return f"{HOST}/{place}/issues/{number}"


@cache
def breakages() -> Mapping[str, Breakage]:
    """Return every breakage by id, in the order of `breakages.toml`."""
    text = (
        resources.files("contract.catalog")
        .joinpath("breakages.toml")
        .read_text("utf-8")
    )
    return parse(text, discovery.find("checks", Fault), builtin())


def parse(
    text: str, faults: Mapping[str, Fault], profiles: Mapping[str, Profile]
) -> dict[str, Breakage]:
    """
    Return the breakages in the text of a TOML file, by id.

    *faults* and *profiles* are those that the entries may refer to, by id. Raises
    `SpecError` for an entry with an unknown reference and for a duplicate.
    """
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
            when=tuple(table.get("when", ())),
            every=table.get("every", 1),
        )
        unknown = set(made.when) - set(CONDITIONS)
        if unknown or made.every < 1:
            raise SpecError(
                f"breakage {issue}: when and every are conditions that do not exist; "
                f"known are {', '.join(CONDITIONS)}, and numbers from 1."
            )
        if made.id in found:
            raise SpecError(
                f"breakage {issue}: {made.id} is defined twice; remove one."
            )
        found[made.id] = made
    return found


def faults_by_name() -> Mapping[str, Fault]:
    """Return every fault by its id and by the ids of the breakages it reproduces."""
    reproductions = {
        name: replace(
            each.fault,
            id=name,
            apply=conditional(each.fault.apply, when=each.when, every=each.every),
            description=f"{each.what} ({each.issue})",
        )
        for name, each in breakages().items()
    }
    return {**reproductions, **discovery.find("checks", Fault)}
