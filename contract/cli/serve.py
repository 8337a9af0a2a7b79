"""`serve`: serve the mock on a port, to test a client."""

from __future__ import annotations

import ipaddress
import json
import os
import shlex
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import click
from rich.text import Text

from contract.catalog.answers import read_answers
from contract.catalog.breakages import breakages, faults_by_name
from contract.catalog.changes import Limits, chain, read_change
from contract.cli import completion, options
from contract.client.credentials import KEYS, unset
from contract.errors import UsageError
from contract.mock_server.app import serve_forever
from contract.mock_server.control import Control
from contract.mock_server.latency import LatencyPlan
from contract.mock_server.pacing import Timestamps
from contract.mock_server.provider import MockProvider
from contract.mock_server.workers import Workers
from contract.model.alterations import ALTERATIONS, Alteration
from contract.model.chat import Json
from contract.model.check import Fault, Quirk
from contract.model.conditions import CONDITIONS
from contract.model.escape import escape_controls
from contract.model.outages import OUTAGES, Outage
from contract.model.profile import Capability, Profile
from contract.model.reply import Reply
from contract.plugins.discovery import find, get
from contract.targets.mock import build, mock_profile, read_faults

Change = Callable[[Reply], Reply]
QUESTION = "What is 6 times 7?"


@click.command("serve")
@click.argument("words", nargs=-1, metavar="[-- OPTION OF VERIFY]…")
@click.option(
    "--verdicts",
    metavar="TARGET|REPORT",
    help="Serve no mock but the verdicts on a target, which is verified now and on "
    "POST /runs, or those of a JSON report or of a folder that --save wrote.",
)
@click.option(
    "--token-env",
    metavar="NAME",
    help="With --verdicts: require the token in this variable.",
)
@click.option(
    "--replay",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Serve the replies of a recording, as `proxy --save` and `verify --save` "
    "write them, in place of the mock's.",
)
@click.option(
    "--replay-speed",
    metavar="FACTOR",
    type=click.FloatRange(0, 1_000),
    default=1.0,
    show_default=True,
    help="With --replay: how many times faster than recorded; 0 without any pause.",
)
@click.option(
    "--replay-ignore",
    multiple=True,
    metavar="MEMBER",
    help="With --replay: match requests whatever this member of the body is, e.g. user "
    "or seed. Repeatable.",
)
@click.option(
    "--dialect",
    default="mistral",
    show_default=True,
    metavar="ID",
    shell_complete=completion.names(completion.dialects),
    help="The dialect of the API.",
)
@options.listening(8_700)
@click.option(
    "--ttft", callback=options.seconds, metavar="TIME", help="Time to first token."
)
@click.option(
    "--icl", callback=options.seconds, metavar="TIME", help="Time between chunks."
)
@click.option(
    "--jitter", callback=options.seconds, metavar="TIME", help="Variation of --icl."
)
@click.option("--seed", type=int, default=0, help="Seed of jitter and sampled answers.")
@click.option(
    "--fault",
    multiple=True,
    metavar="NAME",
    shell_complete=completion.names(completion.faults),
    help="Add a fault, outage or breakage (`list --faults`, `--breakages`), with "
    "options of its own as in `http-429?rate=0.1&retry-after=7`. Repeatable.",
)
@click.option(
    "--when",
    multiple=True,
    metavar="CONDITION",
    type=click.Choice(CONDITIONS),
    help=f"Limit the faults to requests with: {', '.join(CONDITIONS)}. Repeatable.",
)
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=1,
    metavar="N",
    help="Limit the faults to every Nth of the chats where they strike.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Limit the faults to this share of those chats, from 0 to 1.",
)
@click.option(
    "--answers",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Give the answers in this TOML file (docs/mock.md) before the built-in ones.",
)
@click.option(
    "--control",
    is_flag=True,
    help="Let PUT /__magistral__/faults, from this machine, change the faults.",
)
@click.option(
    "--timestamps",
    is_flag=True,
    help="Write the send time into each event, to measure the error of a client's "
    "times (docs/clock.md).",
)
@click.option(
    "--joined",
    is_flag=True,
    help="Write events that are due together in one system call, not in one each.",
)
@click.option(
    "--workers",
    type=click.IntRange(0, 256),
    metavar="N",
    help="Processes that compute costly replies (default: one for each core).",
)
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="Accept this name in the Host header on loopback. Repeatable.",
)
@click.option(
    "--quirk",
    multiple=True,
    metavar="NAME",
    shell_complete=completion.names(completion.quirks),
    help="Add unusual but valid behaviour (`list --quirks`). Repeatable.",
)
@click.option(
    "--api-key",
    metavar="KEY",
    help="Require this API key; prefer --api-key-env, which hides it.",
)
@click.option("--api-key-env", metavar="NAME", help="Require the key in this variable.")
@click.option(
    "--model", multiple=True, metavar="NAME", help="Serve this model. Repeatable."
)
@click.option(
    "--context-window",
    metavar="N",
    type=click.IntRange(1),
    help="Tokens of prompt and completion (default: the profile's).",
)
@options.appearance
@click.pass_context
def serve_command(  # noqa: PLR0913  # each parameter is an option
    context: click.Context,
    /,
    *,
    words: tuple[str, ...],
    verdicts: str | None,
    token_env: str | None,
    replay: Path | None,
    replay_speed: float,
    replay_ignore: tuple[str, ...],
    dialect: str,
    host: str,
    port: int,
    ttft: float | None,
    icl: float | None,
    jitter: float | None,
    seed: int,
    fault: tuple[str, ...],
    when: tuple[str, ...],
    every: int,
    rate: float | None,
    answers: str | None,
    control: bool,
    timestamps: bool,
    joined: bool,
    workers: int | None,
    allow_host: tuple[str, ...],
    quirk: tuple[str, ...],
    api_key: str | None,
    api_key_env: str | None,
    model: tuple[str, ...],
    context_window: int | None,
    color: bool | None,
) -> None:
    """
    Serve the mock of a Magistral model until Ctrl-C.

    It supports reasoning, streaming, images and tools. The answers are scripted, or
    your own (--answers), and reproducible; statuses, members and token counts are those
    of the dialect's real servers.

    With --verdicts it serves what `verify` found instead, check by check, for API
    clients such as Apidog and Postman: docs/verdicts.md. The options of the runs
    follow after `--`: `serve --verdicts mock -- --select usage`.

    With --replay it serves the replies of a recording, byte for byte and at their
    times, to the requests that were recorded: docs/proxy.md.
    """
    if replay is not None:
        from contract.cli.replaying import serve_replay

        serve_replay(
            context,
            replay,
            speed=replay_speed,
            ignore=replay_ignore,
            host=host,
            port=port,
            allow_host=allow_host,
            color=color,
        )
        return
    if replay_ignore or replay_speed != 1:
        raise UsageError("--replay-speed and --replay-ignore are for --replay DIR.")
    if verdicts is not None:
        from contract.cli.verdicts import serve_verdicts

        serve_verdicts(
            context,
            verdicts,
            words,
            token_env=token_env,
            host=host,
            port=port,
            allow_host=allow_host,
            color=color,
        )
        return
    if words or token_env is not None:
        raise UsageError(
            f"{words[0] if words else '--token-env'} is for --verdicts; add --verdicts "
            "TARGET, or leave it out."
        )
    if (when or every > 1 or rate is not None) and not fault:
        raise UsageError("--when, --every and --rate limit a fault; add --fault NAME.")
    limits = Limits(when=when, every=every, rate=rate, seed=seed)
    known: dict[str, Fault | Outage | Alteration] = {
        **faults_by_name(),
        **OUTAGES,
        **ALTERATIONS,
    }
    changes = {name: _change(one) for name, one in known.items()}
    limited = [read_change(text, changes, limits) for text in fault]
    faults = [known[text.partition("?")[0]] for text in fault]
    quirks = [get("quirk", name, find("quirks", Quirk)) for name in quirk]
    profile = mock_profile(dialect)
    _note_other_dialects(tuple(one.id for one in faults), profile)
    key = _key(api_key, api_key_env)
    make = partial(
        build,
        profile.id,
        models=model,
        window=context_window,
        key=key,
        plan=LatencyPlan(ttft or 0.0, icl or 0.0, jitter or 0.0, seed),
        seed=seed,
        answers=None if answers is None else read_answers(answers),
    )
    quirky = [one.apply for one in quirks]
    provider = make(change=chain([*quirky, *limited]))
    if not _loopback(host):
        click.echo(
            f"warning: {host} can be reached from the network; any machine there can "
            "use this server.",
            err=True,
        )
    variable = None if key is None else api_key_env or "OPENAI_API_KEY"

    def ready(url: str) -> None:
        console = options.console(color)
        named = zip((*quirk, *fault), (*quirks, *faults), strict=True)
        for name, value in banner(url, provider, profile, variable, named):
            shown = Text.assemble((f"{name:<9}", "dim"), escape_controls(value))
            console.print(shown, soft_wrap=True)
        console.file.flush()

    count = (os.cpu_count() or 1) if workers is None else workers
    pool = Workers(make, count) if count else None
    reader = partial(read_faults, before=quirky, seed=seed)
    try:
        serve_forever(
            provider,
            host,
            port,
            ready,
            workers=pool,
            control=Control(reader, fault) if control else None,
            hosts=allow_host,
            timestamps=Timestamps() if timestamps else None,
            joined=joined,
        )
    finally:
        if pool is not None:
            pool.close()


def _change(change: Fault | Outage | Alteration) -> Change:
    """Return what a fault applies to replies; an outage itself, for its options."""
    return change if isinstance(change, Outage | Alteration) else change.apply


def banner(
    url: str,
    provider: MockProvider,
    profile: Profile,
    variable: str | None,
    changes: Iterable[tuple[str, Fault | Outage | Quirk]],
) -> list[tuple[str, str]]:
    """
    Return the labelled lines to print at the start; they never contain the key.

    Args:
        url: The root of the API, without `/v1`.
        provider: The mock that is served.
        profile: The profile it implements.
        variable: The environment variable for the key; None if no key is required.
        changes: The faults and quirks of the mock, each after its name as it was
            given, with options.
    """
    said: dict[str, Json] = (
        {"input": QUESTION}
        if provider.dialect.surface is not None
        else {"messages": [{"role": "user", "content": QUESTION}]}
    )
    body = {"model": provider.models[0], **said, "stream": True}
    header = f' -H "Authorization: Bearer ${variable}"' if variable else ""
    curl = (
        f"curl -sN {url}{provider.dialect.path} "
        f"-H 'content-type: application/json'{header} "
        f"-d {shlex.quote(json.dumps(body))}"
    )
    shown_key = f"${variable}" if variable else "anything"
    # A key in the environment would make verify expect that the server demands one.
    demands = Capability.KEY_REQUIRED in profile.offers
    keyless = "MISTRAL_API_KEY= OPENAI_API_KEY= " if demands and not variable else ""
    # The key is read from another variable only where it is named.
    named = f" --api-key-env {variable}" if variable and variable not in KEYS else ""
    verify = f"magistral-contract verify {url}/v1 --profile {profile.id}{named}"
    return [
        ("serving", f"{profile.id}: {profile.title}"),
        ("url", f"{url}/v1"),
        ("models", ", ".join(provider.models)),
        *(
            (type(c).__name__.lower(), f"{name}: {c.description}")
            for name, c in changes
        ),
        ("set", f"OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={shown_key}"),
        ("try", curl),
        ("check", f"{keyless}{verify}"),
        ("stop", "Ctrl-C"),
    ]


def _key(api_key: str | None, variable: str | None) -> str | None:
    """Return the key to require; raise `UsageError` if the options are wrong."""
    if api_key is not None and variable is not None:
        raise UsageError("Give --api-key or --api-key-env, not both.")
    if variable is None:
        return api_key or None
    if not os.environ.get(variable):
        raise unset(variable, "--api-key-env")
    return os.environ[variable]


def _note_other_dialects(names: tuple[str, ...], profile: Profile) -> None:
    """Print a note for each breakage in *names* from another dialect."""
    for breakage in (breakages()[name] for name in names if name in breakages()):
        if breakage.profile.dialect.id != profile.dialect.id:
            click.echo(
                f"note: {breakage.id} was reported for {breakage.profile.id}; "
                f"--dialect {breakage.profile.id} reproduces it exactly.",
                err=True,
            )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
