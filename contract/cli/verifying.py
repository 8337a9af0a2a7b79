"""Judgement of the targets of one command line, and the delivery of its reports."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from contract._version import __version__
from contract.cli import options, outputs
from contract.cli.baselines import load_baseline
from contract.cli.behind import Backend
from contract.cli.delivery import INTERRUPTED, deliver, worst
from contract.cli.outputs import Output
from contract.cli.progress import Progress
from contract.cli.remembering import Memory
from contract.client.credentials import api_key
from contract.client.route import Route
from contract.client.timeouts import Limits
from contract.errors import ContractError, EndpointError, TargetError, UsageError
from contract.model.check import Check
from contract.model.profile import Capability
from contract.model.redaction import sanitise
from contract.plugins.discovery import find
from contract.run.opening import open_target, reply_changes
from contract.run.plan import first_requests
from contract.run.recording import MANIFEST, ensure_free, folder
from contract.run.report import Header, Outcome, Report, Result, in_order
from contract.run.verification import Verification
from contract.targets.base import TargetKind, mask_key, parse_target

# Tokens of long prompts from which their cost is announced.
MUCH = 200_000
UNOPENED = frozenset({TargetError.exit_code, EndpointError.exit_code})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """The part of the command line that is the same for every target."""

    # The selected checks, in the order to run them.
    checks: tuple[Check, ...]
    # Whether to run the checks that are marked as slow.
    slow: bool
    # The keyword arguments of `open_target`.
    options: Mapping[str, Any]


def verify_targets(  # noqa: PLR0913  # each parameter is an option
    *,
    targets: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    trust_plugins: bool,
    slow: bool,
    thorough: bool,
    profile: str | None,
    profiles: str | None,
    model: str | None,
    api_key_env: str | None,
    header: tuple[str, ...],
    header_env: tuple[str, ...],
    proxy: str | None,
    concurrency: int | None,
    max_requests: int | None,
    within: float | None,
    retry_budget: float,
    max_examples: int | None,
    seed: int | None,
    context_window: int | None,
    budget: Mapping[str, float],
    offer: frozenset[Capability],
    save: str | None,
    behind: str | None,
    behind_profile: str | None,
    behind_model: str | None,
    behind_api_key_env: str | None,
    baseline: Path | None,
    history: str | None,
    fail_on: str,
    strict: bool,
    report: tuple[Output, ...],
    quiet: bool,
    verbose: bool,
    color: bool | None,
    note: str,
    repeat: tuple[str, ...],
    **bounds: float | None,
) -> int:
    """
    Judge the *targets*, write the reports and return the exit code.

    The parameters are the options of `verify`; *bounds* are fields of `Limits`, or None
    for the default. *note* goes into the header of each target unless it is empty, and
    *repeat* are the words that repeat the options.
    Raises `UsageError` for a mistake in any of them, before the first target is opened.
    """
    # A run makes few cycles and many values that live to its end: fewer passes over
    # them save a tenth of the CPU time.
    gc.set_threshold(50_000, 20, 20)
    known = outputs.profiles(profiles)
    limits: dict[str, Any] = {k: v for k, v in bounds.items() if v is not None}
    plan = RunPlan(
        checks=options.selected(select, ignore, trust_plugins=trust_plugins),
        slow=slow,
        options={
            "profile": profile,
            "profiles": known,
            "model": model,
            "key_env": api_key_env,
            "limits": replace(Limits(), **limits),
            "concurrency": concurrency,
            "max_requests": max_requests,
            "within": within,
            "retry_budget": retry_budget,
            "max_examples": max_examples,
            "seed": seed,
            "context_window": context_window,
            "budget": budget,
            "offers": offer,
            "repeat": repeat,
            "thorough": thorough,
            "route": Route.read(header, header_env, proxy),
            "notes": (note,) if note else (),
        },
    )
    distinct = tuple(dict.fromkeys(targets or ("mock",)))
    # Mistakes in any target are reported before the first one is opened.
    api_key(api_key_env, os.environ)
    ensure_distinct(distinct)
    backend = Backend.of(
        behind,
        distinct,
        profile=behind_profile,
        model=behind_model,
        key_env=behind_api_key_env,
    )
    earlier = load_baseline(
        baseline,
        map(mask_key, distinct),
        plan.checks,
        profile=profile,
        profiles=known,
        budget=budget,
        offers=offer,
    )
    folders = _recording_folders(save, distinct)
    memory = Memory.prepare(history, fail_on, baseline=baseline is not None)
    parts: list[Report] = []
    codes: list[int] = []
    for number, target in enumerate(distinct, 1):
        with Progress(
            mask_key(target),
            len(plan.checks),
            color=color,
            quiet=quiet,
            number=number,
            of=len(distinct),
        ) as progress:
            part, code = judge_target(
                target,
                plan,
                folders.get(target),
                progress,
                beside=backend.beside(plan, progress) if backend else nullcontext,
            )
        parts.append(part)
        codes.append(code)
        if code == INTERRUPTED:
            break
    whole = Report(
        headers=tuple(header for part in parts for header in part.headers),
        results=tuple(result for part in parts for result in part.results),
        strict=strict,
        baseline=earlier,
    )
    if backend:
        whole = backend.attribute(whole)
    explained = {
        part.headers[0].target
        for part, code in zip(parts, codes, strict=True)
        if code == UsageError.exit_code
        or (code in UNOPENED and len(distinct) == 1 and not part.results)
    }
    whole, unstored = memory.keep(whole, "verify")
    undelivered = deliver(
        whole,
        report,
        quiet=quiet,
        verbose=verbose,
        color=color,
        explained=frozenset(explained),
    )
    if missed := [mask_key(target) for target in distinct[len(parts) :]]:
        click.echo(f"error: not verified: {sanitise(', '.join(missed))}", err=True)
    return worst(*codes, whole.exit_code, unstored, undelivered)


def ensure_distinct(targets: tuple[str, ...]) -> None:
    """Raise `UsageError` if one of *targets* is wrong, or two look alike in reports."""
    for target in targets:
        parse_target(target, find("targets", TargetKind), reply_changes())
    if len({mask_key(target) for target in targets}) < len(targets):
        raise UsageError(
            "Two targets differ only by their key, which reports do not show; "
            "verify them one after the other."
        )


def _recording_folders(save: str | None, targets: tuple[str, ...]) -> dict[str, Path]:
    """
    Return the folder to save each target's exchanges in; empty without *save*.

    A single target is saved in *save* itself, several targets in folders in it. Raises
    `UsageError` if a folder cannot be written to or holds something else.
    """
    if save is None:
        return {}
    parent = Path(save)
    if len(targets) == 1:
        folders = {targets[0]: parent}
    elif (parent / MANIFEST).exists():
        raise UsageError(
            f"{save} holds the recording of one target; name another folder for "
            f"{len(targets)}."
        )
    else:
        folders = {target: parent / folder(mask_key(target)) for target in targets}
    for directory in folders.values():
        ensure_free(directory)
        outputs.folder(str(directory))
    return folders


def judge_target(
    target: str,
    plan: RunPlan,
    save: Path | None,
    progress: Progress,
    *,
    beside: Callable[[Verification], AbstractContextManager[object]] = nullcontext,
) -> tuple[Report, int]:
    """
    Return the report of one target, complete or not, and its exit code.

    The exit code is 0 if all checks ran, whatever their outcomes. The exchanges are
    written to *save* unless it is None. *beside* is entered once the target is open,
    and left when it has been judged.
    """
    results: list[Result] = []
    header = Header(
        target=mask_key(target),
        url="",
        profile="",
        why="",
        model="",
        version=__version__,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    code = 0
    try:
        with (
            open_target(target, tick=progress.sent, **plan.options) as verification,
            beside(verification),
        ):
            _announce(verification, plan, progress)
            try:
                for result in verification.verify(plan.checks, slow=plan.slow):
                    results.append(result)
                    progress.judged(result)
            except KeyboardInterrupt:
                results += _results_so_far(verification, plan, results)
                raise
            finally:
                header = verification.header
                if save is not None:
                    verification.save(save)
    except ContractError as error:
        failed = isinstance(error, EndpointError)
        header = replace(header, trouble=str(error), failed=failed)
        code = error.exit_code
    except KeyboardInterrupt:
        header, code = replace(header, trouble="interrupted"), INTERRUPTED
    return Report(headers=(header,), results=in_order(results, plan.checks)), code


def _announce(verification: Verification, plan: RunPlan, progress: Progress) -> None:
    """Say what long prompts will cost, before they are sent."""
    if verification.session.is_recorded or not plan.slow:
        return
    requests = verification.plan(plan.checks, slow=plan.slow)
    number, tokens = requests.long_prompts(verification.profile)
    if tokens >= MUCH:
        progress.announce(
            f"{mask_key(verification.target)}: {number} of {len(requests)} requests "
            f"have prompts of a given length, {tokens:,} tokens in all."
        )


def _results_so_far(
    verification: Verification, plan: RunPlan, judged: Iterable[Result]
) -> list[Result]:
    """
    Return the results of the remaining checks whose requests are all answered.

    *judged* are the results before the interruption. Nothing is sent.
    """
    done = {result.check.id for result in judged}
    answered = {
        exchange.probe
        for exchange in verification.session.exchanges()
        if exchange.end.whole
    }
    found = []
    for check in plan.checks:
        first = first_requests(
            check, verification.profile, thorough=verification.session.thorough
        )
        if check.id in done or not first or not answered.issuperset(first):
            continue
        result = verification.run(check, slow=plan.slow)
        # What its combined requests leave open cannot be asked any more.
        if result.outcome is not Outcome.ERROR or answered.issuperset(check.sends):
            found.append(result)
    return found
