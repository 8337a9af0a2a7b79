"""`verify`: hold targets to their contract, and say what was learnt."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from contract._version import __version__
from contract.cli import (
    completion,
    options,
    outputs,
)
from contract.cli.delivery import deliver
from contract.cli.outputs import Output
from contract.cli.progress import Progress
from contract.client.credentials import api_key
from contract.client.timeouts import Limits
from contract.errors import (
    ContractError,
    TargetError,
    UsageError,
)
from contract.model.check import Check
from contract.model.exchange import End
from contract.model.profile import Capability
from contract.plugins.discovery import find
from contract.run.recording import (
    MANIFEST,
    ensure_free,
    folder,
)
from contract.run.report import (
    Header,
    Report,
    Result,
)
from contract.run.select import select as selected
from contract.run.verification import (
    Verification,
    open_target,
    reply_changes,
)
from contract.targets.base import (
    TargetKind,
    parse_target,
    without_key,
)

INTERRUPTED = 130
# What the run is remembered for when its targets end differently.
WORST = (INTERRUPTED, 4, 2, 1, 3, 0)


def _limit(name: str, bound: str, story: str) -> options.Decorator:
    return click.option(
        name,
        bound,
        metavar="TIME",
        callback=options.wait,
        help=f"{story} (default {getattr(Limits(), bound):g}s).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked of every target: the checks, and how to open it."""

    checks: tuple[Check, ...]
    slow: bool
    opening: Mapping[str, Any]


@click.command("verify")
@click.argument(
    "targets",
    nargs=-1,
    metavar="[TARGET]…",
    shell_complete=completion.names(completion.targets),
)
@options.selection
@click.option(
    "--slow", is_flag=True, help="Slow checks too: many samples, 128k prompts."
)
@options.profile
@click.option("--model", metavar="NAME", help="The model to ask for.")
@click.option(
    "--api-key-env",
    metavar="NAME",
    help="The variable that holds the API key (default: MISTRAL_API_KEY, then "
    "OPENAI_API_KEY).",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Requests at a time (default: the profile's).",
)
@click.option(
    "--max-requests",
    type=click.IntRange(1),
    metavar="N",
    help="Send no more than this (default: the profile's).",
)
@click.option(
    "--context-window",
    type=click.IntRange(2),
    metavar="N",
    help="The context window in tokens (default: what is listed, else the profile's).",
)
@options.budget
@options.offer
@click.option(
    "--max-examples",
    type=click.IntRange(1),
    metavar="N",
    help="Draw so many requests for a property (default: the profile's).",
)
@click.option(
    "--seed",
    type=int,
    metavar="N",
    help="Draw other requests for the properties: those of seed N.",
)
@_limit("--connect-timeout", "connect", "Until a connection stands")
@_limit("--first-byte-timeout", "first_byte", "Until a stream's first byte")
@_limit("--idle-timeout", "between", "Between two pieces of a stream")
@_limit("--timeout", "total", "For a whole exchange")
@click.option(
    "--save", metavar="DIR", help="Keep every exchange, for `replay` and bug reports."
)
@options.reporting
def verb(  # noqa: PLR0913  # one parameter an option
    *,
    targets: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    slow: bool,
    profile: str | None,
    profiles: str | None,
    model: str | None,
    api_key_env: str | None,
    concurrency: int | None,
    max_requests: int | None,
    max_examples: int | None,
    seed: int | None,
    context_window: int | None,
    budget: Mapping[str, float],
    offer: frozenset[Capability],
    save: str | None,
    strict: bool,
    report: tuple[Output, ...],
    quiet: bool,
    verbose: bool,
    color: bool | None,
    **bounds: float | None,
) -> int:
    """
    Hold each TARGET to its contract: send requests, judge what comes back.

    \b
    A TARGET is
      mock                       the scripted provider, started for the occasion
      mock:vllm?ttft=80ms        … in another dialect, with options
      http://127.0.0.1:8000/v1   a provider that runs somewhere
      llamacpp:tiny              llama.cpp, started with a scripted model
      llamacpp:FILE.gguf         … with a model of yours
      vllm:tiny                  vLLM on the CPU; see `engines install`
      transformers:tiny          Hugging Face Transformers on the CPU

    \b
    Exit codes
      0  every MUST held (with --strict every SHOULD too)
      1  the contract was violated
      2  the command line or a file is wrong
      3  a target could not be reached, or not everything could be judged
      4  a check is broken, or this program is
    130  interrupted; what was learnt until then is reported
    """  # noqa: D301  # \b is click's mark for lines to keep
    known = outputs.profiles(profiles)
    given: dict[str, Any] = {k: v for k, v in bounds.items() if v is not None}
    order = Order(
        checks=selected(find("checks", Check).values(), select, ignore),
        slow=slow,
        opening={
            "profile": profile,
            "profiles": known,
            "model": model,
            "key_env": api_key_env,
            "limits": replace(Limits(), **given),
            "concurrency": concurrency,
            "max_requests": max_requests,
            "max_examples": max_examples,
            "seed": seed,
            "context_window": context_window,
            "budget": budget,
            "offers": offer,
            "repeat": _again(profiles, context_window, budget, offer),
        },
    )
    wanted = tuple(dict.fromkeys(targets or ("mock",)))
    api_key(api_key_env, os.environ)
    for target in wanted:
        parse_target(target, find("targets", TargetKind), reply_changes())
    if len({without_key(target) for target in wanted}) < len(wanted):
        raise UsageError(
            "Two targets differ by their key alone, which no report would show; "
            "verify them one after the other."
        )
    places = _places(save, wanted)
    parts: list[Report] = []
    codes: list[int] = []
    for target in wanted:
        with Progress(
            without_key(target), len(order.checks), color=color, quiet=quiet
        ) as progress:
            part, code = _judge(target, order, places.get(target), progress)
        parts.append(part)
        codes.append(code)
        if code == INTERRUPTED:
            break
    whole = Report(
        headers=tuple(header for part in parts for header in part.headers),
        results=tuple(result for part in parts for result in part.results),
        strict=strict,
    )
    told = {
        part.headers[0].target
        for part, code in zip(parts, codes, strict=True)
        if code == UsageError.exit_code
        or (code == TargetError.exit_code and len(wanted) == 1 and not part.results)
    }
    deliver(
        whole,
        report,
        quiet=quiet,
        verbose=verbose,
        color=color,
        told=frozenset(told),
    )
    return next(code for code in WORST if code in {*codes, whole.exit_code})


def _again(
    profiles: str | None,
    window: int | None,
    budget: Mapping[str, float],
    offers: frozenset[Capability],
) -> tuple[str, ...]:
    """What else must be said to be judged by the same promises."""
    words = ["--profiles", profiles] if profiles else []
    words += ["--context-window", str(window)] if window else []
    for name, bound in budget.items():
        words += ["--budget", f"{name}={bound:g}"]
    for capability in sorted(offers):
        words += ["--offer", capability.value]
    return tuple(words)


def _places(save: str | None, targets: tuple[str, ...]) -> dict[str, Path]:
    """Where each target's exchanges go: DIR itself, or a folder in it for each."""
    if save is None:
        return {}
    whole = Path(save)
    if len(targets) == 1:
        places = {targets[0]: whole}
    elif (whole / MANIFEST).exists():
        raise UsageError(
            f"{save} holds the recording of one target; name another folder for "
            f"{len(targets)}."
        )
    else:
        places = {target: whole / folder(without_key(target)) for target in targets}
    for place in places.values():
        ensure_free(place)
        outputs.folder(str(place))
    return places


def _judge(
    target: str, order: Order, place: Path | None, progress: Progress
) -> tuple[Report, int]:
    """What was learnt about *target*, however that ended; and its own exit code."""
    results: list[Result] = []
    header = Header(
        target=without_key(target),
        url="",
        profile="",
        why="",
        model="",
        version=__version__,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    code = 0
    try:
        with open_target(target, tick=progress.sent, **order.opening) as verification:
            try:
                for result in verification.verify(order.checks, slow=order.slow):
                    results.append(result)
                    progress.judged(result)
            except KeyboardInterrupt:
                results += _recorded(verification, order, results)
                raise
            finally:
                header = verification.header
                if place is not None:
                    verification.save(place)
    except ContractError as error:
        header, code = replace(header, trouble=str(error)), error.exit_code
    except KeyboardInterrupt:
        header, code = replace(header, trouble="interrupted"), INTERRUPTED
    return Report(headers=(header,), results=tuple(results)), code


def _recorded(
    verification: Verification, order: Order, judged: Iterable[Result]
) -> list[Result]:
    """What the answers that came before the interruption say; nothing is sent."""
    done = {result.check.id for result in judged}
    known = {
        exchange.probe
        for exchange in verification.session.exchanges()
        if exchange.end is End.COMPLETE
    }
    return [
        verification.run(check, slow=order.slow)
        for check in order.checks
        if check.id not in done and check.sends and known.issuperset(check.sends)
    ]
