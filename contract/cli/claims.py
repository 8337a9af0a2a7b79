"""`claims`: compare the answers of a target with the published figures of its model."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract.cli import completion, options
from contract.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from contract.claims.design import Design
    from contract.claims.items import ItemSet
    from contract.claims.published import Figure
    from contract.claims.running import Asking
    from contract.model.chat import Json

# Expected tokens beyond which a run asks before it begins.
ASKS_BEYOND = 100_000
_INTERRUPTED, _INCONCLUSIVE = 130, 3


@click.command("claims")
@click.argument(
    "target",
    required=False,
    metavar="[TARGET]",
    shell_complete=completion.names(completion.targets),
)
@options.configuration
@click.option(
    "--set",
    "set_",
    metavar="NAME|FILE",
    required=True,
    help="aime25, gpqa, fresh:GENERATOR, or a file with a JSON object on each line.",
)
@click.option(
    "--samples",
    type=click.IntRange(1, 1_000),
    default=8,
    show_default=True,
    metavar="K",
    help="Answers to each item at most.",
)
@click.option(
    "--max-cost",
    type=click.IntRange(1),
    metavar="TOKENS",
    help="Begin no answer that is expected to pass this many tokens in all.",
)
@click.option("--yes", is_flag=True, help="Begin without asking, whatever it costs.")
@click.option("--json", "as_json", metavar="FILE", help="Write the result as JSON too.")
@click.option(
    "--save",
    metavar="FILE",
    help="Keep the answers in this file (default: claims-SET.jsonl).",
)
@click.option("--resume", is_flag=True, help="Continue the run in that file.")
@click.option(
    "--as", "as_model", metavar="MODEL", help="Whose figures to compare with."
)
@click.option(
    "--claim", metavar="SET", help="The published set that the items of a FILE are of."
)
@click.option(
    "--published",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    metavar="PERCENT",
    help="Compare with this figure, of the same items, instead of the model card's.",
)
@click.option(
    "--margin",
    type=click.FloatRange(1, 50),
    default=10,
    show_default=True,
    metavar="POINTS",
    help="A loss that must not be called consistent.",
)
@click.option("--whole", is_flag=True, help="Ask for whole answers, not streams.")
@click.option(
    "--system-prompt",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Send this system prompt, instead of that of the dialect.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Answers in flight at a time (default: that of the profile).",
)
@click.option(
    "--timeout",
    metavar="TIME",
    default="7200s",
    show_default=True,
    callback=options.timeout,
    help="For one answer.",
)
@click.option(
    "--allow-change",
    is_flag=True,
    help="Continue where the endpoint names another model or fingerprint.",
)
@options.profile
@click.option("--model", metavar="NAME", help="The model to request.")
@options.api_key
@options.route
@click.pass_context
def claims_command(context: click.Context, /, **settings: Any) -> int:
    """
    Compare the answers of TARGET with the figures that its model card publishes.

    Items are asked in rounds, at the published sampling, until a sequential test with
    an error of 5 % decides or --samples are used up. The plan is shown first. Each
    answer is kept in a file at once; --resume continues there (docs/claims.md).

    \b
    Exit codes
      0  CONSISTENT: not worse than published by the margin
      1  BELOW the published figure
      2  the command line or a file is wrong
      3  INCONCLUSIVE, stopped by a limit, or the target is unreachable
    130  interrupted; the answers until then are kept
    """  # noqa: D301  # click keeps the lines after \b
    target = settings["target"] or options.configured_target(context, "to ask")
    if target is None:
        raise UsageError("Name a target, e.g. http://127.0.0.1:8000/v1.")
    return _claimed(target, settings)


def _claimed(target: str, settings: dict[str, Any]) -> int:
    from contract.claims.items import item_set
    from contract.claims.ledger import Ledger
    from contract.claims.published import published
    from contract.claims.result import Result
    from contract.claims.running import Asking, Run
    from contract.cli.outputs import Destination, profiles
    from contract.client.recorder import Recorder
    from contract.client.route import Route
    from contract.client.throttle import Throttle
    from contract.client.timeouts import RETRY_BUDGET, Limits
    from contract.model.redaction import sanitise
    from contract.model.wire import build_request
    from contract.run.opening import open_target
    from contract.targets.base import mask_key

    items = item_set(settings["set_"])
    if settings["as_json"]:
        Destination(settings["as_json"]).prepare()
    path = Path(
        settings["save"] or f"claims-{_plain(items.name.removesuffix('.jsonl'))}.jsonl"
    )
    sampling = published().sampling
    limits = replace(
        Limits(),
        total=settings["timeout"],
        first_byte=settings["timeout"],
        between=min(settings["timeout"], 300.0),
    )
    with open_target(
        target,
        profile=settings["profile"],
        profiles=profiles(settings["profiles"]),
        model=settings["model"],
        key_env=settings["api_key_env"],
        limits=limits,
        route=Route.read(settings["header"], settings["header_env"], settings["proxy"]),
    ) as verification:
        session = verification.session
        figure = _figure(settings, session.model)
        design = _design(settings, items, figure)
        system = settings["system_prompt"]
        asking = Asking(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            window=verification.profile.context_window,
            stream=not settings["whole"],
            system=None if system is None else _text(system),
        )
        for item in items.items:
            asking.probe(item, 0)  # raises if the window is too small
        concurrency = settings["concurrency"] or session.concurrency
        notes = tuple(_notes(asking, design))
        throttle = Throttle(RETRY_BUDGET)
        throttle.widen(concurrency)
        kept: dict[str, Json] = {
            "target": mask_key(target),
            "profile": verification.profile.id,
            "model": session.model,
            "set": items.name,
            "digest": items.digest,
            "published": figure.share,
            "samples": design.draws,
            "margin": design.margin,
            "max_tokens": min(asking.max_tokens, asking.window),
            "system_prompt": asking.system,
        }
        with (
            Ledger.opened(path, kept, resume=settings["resume"]) as ledger,
            Recorder(
                session.url, limits, session.key, session.route, stamped=True
            ) as recorder,
        ):
            left = design.answers - len(ledger.entries)
            _confirm(settings, design, left, ledger.entries, concurrency, notes)

            def send(probe: Any) -> Any:
                request = build_request(
                    probe, session.profile, session.model, session.key
                )
                return throttle.send(
                    lambda: recorder.record(probe, session.profile, request)
                )

            with _progress(design.answers) as report:
                found = Run(
                    design,
                    items.items,
                    asking,
                    ledger,
                    send,
                    concurrency=concurrency,
                    max_cost=settings["max_cost"],
                    allow_change=settings["allow_change"],
                    close=recorder.close,
                    report=report,
                ).carry_out()
            last = {(one.item, one.draw): one for one in ledger.entries}
        result = Result(
            target=mask_key(target),
            profile=verification.profile.id,
            model=session.model,
            items=items.name,
            figure=figure,
            design=design,
            found=found,
            entries=tuple(last.values()),
            notes=notes,
        )
    click.echo("\n".join(map(sanitise, result.lines)))
    click.echo(f"  answers    {path}")
    if settings["as_json"]:
        Destination(settings["as_json"]).write(json.dumps(result.json) + "\n")
    if found.stopped:
        click.echo(f"error: {sanitise(found.stopped)}", err=True)
    if found.interrupted:
        return _INTERRUPTED
    # A decision that was made before the run was stopped stands.
    changed = found.stopped.startswith("The endpoint changed")
    return _INCONCLUSIVE if changed else result.verdict.exit_code


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name)


def _text(path: Path) -> str:
    from contract.files.bounded import MOST_CONFIGURED, read_bounded

    try:
        return read_bounded(path, MOST_CONFIGURED).decode()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as text.") from error


def _figure(settings: dict[str, Any], served: str) -> Figure:
    """Return the figure to compare with; raise `UsageError` if there is none."""
    from contract.claims.published import Figure, published

    if settings["published"] is not None:
        return Figure(
            share=settings["published"] / 100, of="given with --published", source=""
        )
    known = published()
    about = settings["claim"] or settings["set_"]
    if about not in known.sets:
        raise UsageError(
            f"No figure is published for {about!r}: name the set that the items are of "
            "with --claim SET, or a figure of the same items with --published PERCENT."
        )
    model = settings["as_model"]
    if model is None:
        found = known.model_named(served)
        if found is None:
            raise UsageError(
                f"The target serves {served!r}, which is of no model with published "
                f"figures; say whose to use with --as: {', '.join(known.models)}."
            )
        model = found.id
    return known.figure(model, about)


def _design(settings: dict[str, Any], items: ItemSet, figure: Figure) -> Design:
    from contract.claims.design import Design

    count = len(items.items)
    return Design(
        share=figure.share,
        items=count,
        draws=settings["samples"],
        margin=settings["margin"] / 100,
        covered=1.0 if figure.items is None else min(count / figure.items, 1.0),
    )


def _notes(asking: Asking, design: Design) -> list[str]:
    found = []
    if not asking.whole:
        found.append(
            f"the window of {asking.window} tokens is smaller than the published limit "
            f"of {asking.max_tokens}: an answer that it cuts off is counted apart"
        )
    if design.covered < 1:
        found.append(
            f"{design.items} items are {100 * design.covered:.0f} % of the published "
            "set; which ones they are is part of the error"
        )
    return found


@contextmanager
def _progress(most: int) -> Iterator[Callable[[int, int], object]]:
    """
    Show answers and tokens so far in a line on standard error, if it is a terminal.

    Yields what is called with both numbers. *most* is that of all answers.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = options.console(None, stderr=True)
    bar = Progress(
        TextColumn("{task.completed:.0f} of at most {task.total:.0f} answers"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[tokens]} tokens"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("", total=most, tokens=0)
        yield lambda answers, tokens: bar.update(task, completed=answers, tokens=tokens)


def _confirm(  # noqa: PLR0913, PLR0917  # what the plan is made of
    settings: dict[str, Any],
    design: Design,
    left: int,
    entries: Any,
    concurrency: int,
    notes: tuple[str, ...],
) -> None:
    """Show the plan, and raise `UsageError` unless its cost is confirmed."""
    from contract.claims.running import mean_tokens

    mean = mean_tokens(entries)
    expected = round(left * mean)
    paid = [one for one in entries if one.seconds and one.completion_tokens]
    pace = (
        sum(one.completion_tokens for one in paid) / sum(one.seconds for one in paid)
        if paid
        else 30.0
    )
    basis = "measured" if paid else "assumed"
    consistent = design.power(design.share, 0.5)[1]
    below = design.power(design.worse, 0.5)[0]
    hours = expected / pace / concurrency / 3_600
    cost = (
        f"plan: at most {left} answers ({design.items} items, {design.draws} each), "
        f"about {expected} tokens and {hours:.1f} h ({basis}: {mean:.0f} tokens an "
        f"answer, {pace:.0f} a second, {concurrency} at a time)"
    )
    power = (
        f"      an endpoint at {100 * design.share:.2f} % is called consistent with "
        f"{100 * consistent:.0f} %, one at {100 * design.worse:.2f} % below with "
        f"{100 * below:.0f} %"
    )
    for line in (cost, power, *(f"      {note}" for note in notes)):
        click.echo(line, err=True)
    limit = settings["max_cost"]
    if limit is not None and sum(one.tokens for one in entries) + mean > limit:
        raise UsageError(
            f"--max-cost {limit} does not pay for one more answer of about {mean:.0f} "
            "tokens; raise it."
        )
    if left <= 0 or settings["yes"] or limit is not None or expected <= ASKS_BEYOND:
        return
    if sys.stdin is not None and sys.stdin.isatty():
        click.confirm("Begin?", abort=True, err=True)
        return
    raise UsageError(
        f"The run is expected to cost {expected} tokens; confirm that with --yes, or "
        "bound it with --max-cost TOKENS."
    )
