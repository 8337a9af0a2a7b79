"""`serve`: serve the mock on a port, to test a client."""

from __future__ import annotations

import ipaddress
import json
import os
import shlex
import time
from collections.abc import Callable, Iterable
from functools import reduce

import click
from rich.text import Text

from contract.catalog.breakages import breakages, faults_by_name
from contract.cli import completion, options
from contract.errors import UsageError
from contract.mock_server.app import serve_forever
from contract.mock_server.latency import LatencyPlan
from contract.mock_server.provider import MockProvider, served_models
from contract.model.chat import CHAT
from contract.model.check import Fault, Quirk
from contract.model.conditions import CONDITIONS, conditional
from contract.model.escape import escape_controls
from contract.model.profile import Capability, Profile
from contract.model.reply import Reply
from contract.plugins.discovery import find, get
from contract.targets.mock import mock_profile

Change = Callable[[Reply], Reply]
QUESTION = "What is 6 times 7?"


@click.command("serve")
@click.option(
    "--dialect",
    default="mistral",
    show_default=True,
    metavar="ID",
    shell_complete=completion.names(completion.dialects),
    help="The dialect of the API.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="The address to listen on.",
)
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65_535),
    default=8_700,
    show_default=True,
    help="The port to listen on; 0 chooses a free one.",
)
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
    help="Add a fault or breakage (`list --faults`, `--breakages`). Repeatable.",
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
def serve_command(  # noqa: PLR0913  # each parameter is an option
    *,
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
    quirk: tuple[str, ...],
    api_key: str | None,
    api_key_env: str | None,
    model: tuple[str, ...],
    context_window: int | None,
    color: bool | None,
) -> None:
    """
    Serve the mock of a Magistral model until Ctrl-C.

    It supports reasoning, streaming, images and tools. The answers are scripted and
    reproducible; bytes, token counts and errors match the dialect's real servers.
    """
    if (when or every > 1) and not fault:
        raise UsageError("--when and --every limit a fault; add --fault NAME.")
    faults = [get("fault", name, faults_by_name()) for name in fault]
    quirks = [get("quirk", name, find("quirks", Quirk)) for name in quirk]
    profile = mock_profile(dialect)
    _note_other_dialects(fault, profile)
    key = _key(api_key, api_key_env)
    provider = MockProvider(
        profile.dialect,
        models=model or served_models(profile.dialect),
        context_window=context_window or profile.context_window,
        api_key=key,
        plan=LatencyPlan(ttft or 0.0, icl or 0.0, jitter or 0.0, seed),
        change=_chain(
            [
                *(quirk.apply for quirk in quirks),
                *(conditional(f.apply, when=when, every=every) for f in faults),
            ]
        ),
        clock=time.time,
        seed=seed,
    )
    if not _loopback(host):
        click.echo(
            f"warning: {host} can be reached from the network; any machine there can "
            "use this server.",
            err=True,
        )
    variable = None if key is None else api_key_env or "OPENAI_API_KEY"

    def ready(url: str) -> None:
        console = options.console(color)
        for name, value in banner(url, provider, profile, variable, [*quirks, *faults]):
            shown = Text.assemble((f"{name:<9}", "dim"), escape_controls(value))
            console.print(shown, soft_wrap=True)
        console.file.flush()

    serve_forever(provider, host, port, ready)


def banner(
    url: str,
    provider: MockProvider,
    profile: Profile,
    variable: str | None,
    changes: Iterable[Fault | Quirk],
) -> list[tuple[str, str]]:
    """
    Return the labelled lines to print at the start; they never contain the key.

    Args:
        url: The root of the API, without `/v1`.
        provider: The mock that is served.
        profile: The profile it implements.
        variable: The environment variable for the key; None if no key is required.
        changes: The faults and quirks of the mock.
    """
    body = {
        "model": provider.models[0],
        "messages": [{"role": "user", "content": QUESTION}],
        "stream": True,
    }
    header = f' -H "Authorization: Bearer ${variable}"' if variable else ""
    curl = (
        f"curl -sN {url}{CHAT} -H 'content-type: application/json'{header} "
        f"-d {shlex.quote(json.dumps(body))}"
    )
    shown_key = f"${variable}" if variable else "anything"
    # A key in the environment would make verify expect that the server demands one.
    demands = Capability.KEY_REQUIRED in profile.offers
    keyless = "MISTRAL_API_KEY= OPENAI_API_KEY= " if demands and not variable else ""
    return [
        ("serving", f"{profile.id}: {profile.title}"),
        ("url", f"{url}/v1"),
        ("models", ", ".join(provider.models)),
        *((type(c).__name__.lower(), f"{c.id}: {c.description}") for c in changes),
        ("set", f"OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={shown_key}"),
        ("try", curl),
        (
            "check",
            f"{keyless}magistral-contract verify {url}/v1 --profile {profile.id}",
        ),
        ("stop", "Ctrl-C"),
    ]


def _key(api_key: str | None, variable: str | None) -> str | None:
    """Return the key to require; raise `UsageError` if the options are wrong."""
    if api_key is not None and variable is not None:
        raise UsageError("Give --api-key or --api-key-env, not both.")
    if variable is None:
        return api_key or None
    if not os.environ.get(variable):
        raise UsageError(f"The variable {variable} is not set; export it first.")
    return os.environ[variable]


def _chain(changes: Iterable[Change]) -> Change | None:
    """Return a change that applies *changes* in order; None if there are none."""
    steps = tuple(changes)
    if not steps:
        return None
    return lambda reply: reduce(lambda changed, step: step(changed), steps, reply)


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
