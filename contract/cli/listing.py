"""`list`: list checks, faults, breakages, quirks, profiles and targets."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from contract.cli import options
from contract.errors import UsageError

if TYPE_CHECKING:
    from contract.catalog.breakages import Breakage
    from contract.catalog.index import Entry as CheckEntry
    from contract.model.check import Check, Fault
    from contract.targets.base import Option

# A name, a remark on the same line, and labelled fields on the lines below.
Entry = tuple[str, str, dict[str, str]]

INTRODUCTION = """\
# Checks

`magistral-contract list --markdown` writes this page. A check's level is the RFC 2119
word in its requirement: a failed MUST fails the run, with `--strict` a failed SHOULD
does too, a failed MAY never does. A fault is a bug that its check must detect:
`magistral-contract serve --fault NAME` exposes your own client to it. A check with a
scope is an invariant: it is judged on everything of that scope that a run receives,
whatever it was sent for.
"""
BREAKAGES = """\
# Breakages from public reports

`magistral-contract list --breakages --markdown` writes this page. Each row is a public
report, the fault that reproduces it and the check that detects it; a test covers every
row. `magistral-contract serve --fault vllm-30139` exposes your own client to
vllm-project/vllm#30139, and `mock?fault=vllm-30139` is a target that has that bug.
Where a server is right to reject what clients send, the fault is a mock that accepts
it: a client that is tested against a lenient mock fails only in production. The last
column is the first finding of `magistral-contract verify` on that mock.
"""


@click.command("list")
@click.option(
    "--markdown", is_flag=True, help="Print the checks as a documentation page."
)
@click.option(
    "--faults", is_flag=True, help="List the faults and the check that detects each."
)
@click.option(
    "--breakages", is_flag=True, help="List public bug reports and their faults."
)
@click.option(
    "--quirks", is_flag=True, help="List the quirks, which are unusual but valid."
)
@click.option("--profiles", is_flag=True, help="List the built-in profiles.")
@click.option(
    "--targets", is_flag=True, help="List the kinds of target and their options."
)
@options.selection
@options.appearance
def list_command(  # noqa: PLR0913  # each parameter is an option
    *,
    markdown: bool,
    faults: bool,
    breakages: bool,
    quirks: bool,
    profiles: bool,
    targets: bool,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    color: bool | None,
) -> None:
    """List the checks with their level, requirement, source and preconditions."""
    kinds = {
        "--faults": faults,
        "--breakages": breakages,
        "--quirks": quirks,
        "--profiles": profiles,
        "--targets": targets,
    }
    if len(given := [name for name, chosen in kinds.items() if chosen]) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other; choose one.")
    if markdown and breakages:
        from contract.catalog.breakages import breakages as known

        click.echo(breakage_page(known().values()), nl=False)
    elif markdown:
        click.echo(page(_checks(select, ignore), _faults()), nl=False)
    elif faults:
        _show(_fault_entries(), color=color)
    elif breakages:
        _show(_breakage_entries(), color=color)
    elif quirks:
        _show(_quirk_entries(), color=color)
    elif profiles:
        _show(_profile_entries(), color=color)
    elif targets:
        _show(_target_entries(), color=color)
    else:
        from contract.catalog.index import entries
        from contract.run.select import select as selected

        _show(_check_entries(selected(entries(), select, ignore)), color=color)


def _checks(select: tuple[str, ...], ignore: tuple[str, ...]) -> tuple[Check, ...]:
    return options.selected(select, ignore, trust_plugins=True)


def _show(entries: Iterable[Entry], *, color: bool | None) -> None:
    from contract.model.escape import escape_controls

    for name, remark, fields in entries:
        title = click.style(escape_controls(name), bold=True)
        click.echo(f"{title}   {escape_controls(remark)}".rstrip(), color=color)
        for label, value in fields.items():
            if value:
                dim = click.style(f"    {label:<9}", dim=True)
                click.echo(dim + escape_controls(value), color=color)


def _check_entries(entries: Iterable[CheckEntry]) -> Iterator[Entry]:
    for check in entries:
        slow = "   slow" if check.slow else ""
        fields = {
            "requires": check.requirement,
            "source": check.source,
            "needs": ", ".join(check.needs),
            "unless": f"the profile tolerates {check.unless}" if check.unless else "",
        }
        yield check.id, check.level + slow, fields


def _fault_entries() -> Iterator[Entry]:
    from contract.catalog.providers import dialects
    from contract.model.alterations import ALTERATIONS
    from contract.model.outages import OUTAGES

    for fault in _faults():
        fields = {
            "what": fault.description,
            "breaks": ", ".join([fault.breaks.id, *sorted(fault.also)]),
            "dialects": ", ".join(
                name for name, dialect in dialects().items() if fault.exists_in(dialect)
            )
            if fault.where
            else "",
        }
        yield fault.id, "", fields
    for outage in OUTAGES.values():
        yield outage.id, "", {"what": outage.description, "breaks": "no check"}
    for altered in ALTERATIONS.values():
        fields = {
            "what": altered.description,
            "breaks": f"no check; identify finds another {altered.differs_in}",
        }
        yield altered.id, "", fields


def _breakage_entries() -> Iterator[Entry]:
    from contract.catalog.breakages import breakages

    for name, breakage in breakages().items():
        fields = {
            "what": breakage.what,
            "report": breakage.url,
            "fault": breakage.fault.id + _condition(breakage),
            "breaks": breakage.fault.breaks.id,
            "dialect": breakage.profile.id,
        }
        yield name, "", fields


def _quirk_entries() -> Iterator[Entry]:
    from contract.model.check import Quirk
    from contract.plugins.discovery import find

    for name, quirk in sorted(find("quirks", Quirk).items()):
        yield name, "", {"what": quirk.description}


def _profile_entries() -> Iterator[Entry]:
    from contract.catalog.profiles import builtin

    for name, profile in builtin().items():
        fields = {
            "title": profile.title,
            "dialect": profile.dialect.id,
            "model": profile.model or "",
            "window": f"{profile.context_window:,} tokens",
            "offers": ", ".join(sorted(profile.offers)),
            "waives": ", ".join(sorted(profile.waivers)),
            "source": profile.source,
        }
        yield name, "", fields


def _target_entries() -> Iterator[Entry]:
    from contract.plugins.discovery import find
    from contract.targets.base import TargetKind
    from contract.targets.base import options as options_of

    for name, kind in sorted(find("targets", TargetKind).items()):
        function = inspect.unwrap(kind.open)
        summary = (inspect.getdoc(function) or "").split("\n\n")[0]
        described = dict(map(_option, options_of(kind)))
        yield name, "", {"what": " ".join(summary.split()), **described}


def _option(option: Option) -> tuple[str, str]:
    """Return `?ttft=TIME` and the description of the option with its default."""
    from contract.targets.base import SWITCH, TIME

    default = option.default
    if option.unit == SWITCH:
        default = "yes" if default else "no"
    elif option.unit == TIME and default:
        default = f"{default:g}s"
    text = option.description
    if default:
        text = f"{text} (default {default})" if text else f"default {default}"
    elif option.unit == TIME:
        text = f"{text}, such as 80ms or 1.5s" if text else "such as 80ms or 1.5s"
    return f"?{option.name}={option.unit}".ljust(25) + " ", text or "no description"


def _faults() -> list[Fault]:
    from contract.model.check import Fault
    from contract.plugins.discovery import find

    found = find("checks", Fault).values()
    return sorted(found, key=lambda fault: (fault.breaks.id, fault.id))


def page(checks: Iterable[Check], faults: Iterable[Fault]) -> str:
    """Return docs/checks.md: a section for each family, a row for each check."""
    names: dict[str, list[str]] = {}
    for fault in faults:
        names.setdefault(fault.breaks.id, []).append(f"`{fault.id}`")
    families: dict[str, list[Check]] = {}
    for check in checks:
        families.setdefault(check.family, []).append(check)
    lines = [INTRODUCTION]
    for family, members in sorted(families.items()):
        lines += [
            f"## {family}\n",
            "| Check | Level | Requirement | Source | Faults |",
            "|---|---|---|---|---|",
        ]
        for check in members:
            level = check.level.value + (", slow" if check.slow else "")
            level += f", {check.every.value}" if check.every is not None else ""
            cells = (
                f"`{check.id}`",
                level,
                _cell(check.requirement),
                _cell(check.source),
                ", ".join(names.get(check.id, ())),
            )
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def breakage_page(known: Iterable[Breakage]) -> str:
    """Return docs/breakages.md: a row for each public report."""
    lines = [
        BREAKAGES,
        "| Report | What broke | Fault | Check | Dialect | What verify says |",
        "|---|---|---|---|---|---|",
    ]
    for breakage in known:
        cells = (
            f"[{breakage.issue}]({breakage.url})",
            _cell(breakage.what),
            f"`{breakage.fault.id}`{_condition(breakage)}",
            f"`{breakage.fault.breaks.id}`",
            breakage.profile.id,
            _cell(_finding(breakage)),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _condition(breakage: Breakage) -> str:
    """Return when the fault strikes, as text to follow its name."""
    words = [f"when {name}" for name in breakage.when]
    if breakage.every > 1:
        words.append(f"every {breakage.every}")
    return f" ({', '.join(words)})" if words else ""


def _finding(breakage: Breakage) -> str:
    """Return the first finding of the check on a mock with the breakage."""
    from contract.testing.rehearsal import rehearse

    result = rehearse(breakage.fault.breaks, breakage.profile.id, breakage.fault)
    if not result.findings:
        return result.reason
    first = result.findings[0]
    values = [
        f"{name} {value}"
        for name, value in (("expected", first.expected), ("actual", first.actual))
        if value
    ]
    return ": ".join([first.message, ", ".join(values)] if values else [first.message])


def _cell(text: str) -> str:
    """Return *text* for a cell of a Markdown table, with `|` and `<` escaped."""
    parts = text.replace("|", "\\|").split("`")
    parts[::2] = [part.replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)
