"""`serve --replay`: the replies of a recording over HTTP."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource
from rich.text import Text

from contract.catalog.profiles import builtin
from contract.cli import options
from contract.errors import UsageError
from contract.mock_server.app import serve_forever
from contract.mock_server.hosts import is_loopback_address
from contract.mock_server.replaying import PATH, ReplayingProvider
from contract.model.redaction import sanitise
from contract.run import recording

# The options of `serve` that a replay has too; the others are of the mock.
SHARED = frozenset(
    {
        *("replay", "replay_speed", "replay_ignore"),
        *("host", "port", "allow_host", "color"),
    }
)


def serve_replay(  # noqa: PLR0913  # each parameter is an option
    context: click.Context,
    directory: Path,
    *,
    speed: float,
    ignore: tuple[str, ...],
    host: str,
    port: int,
    allow_host: tuple[str, ...],
    color: bool | None,
) -> None:
    """
    Serve the recording in *directory* until Ctrl-C.

    Args:
        context: The context of `serve`.
        directory: The folder of one recording.
        speed: How many times faster than recorded; 0 is without any pause.
        ignore: Members of request bodies that do not matter.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        allow_host: Further names that the Host header may have.
        color: Whether to use colour; None decides by the terminal.

    Raises:
        UsageError: An option is wrong, or the recording cannot be read.
        TargetError: The address is not usable.
    """
    if context.params.get("words"):
        raise UsageError(
            f"{context.params['words'][0]} is for --verdicts; leave it out."
        )
    for parameter in context.command.params:
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in SHARED:
            raise UsageError(
                f"{parameter.opts[0]} is an option of the mock; leave it out with "
                "--replay, whose replies are those that were recorded."
            )
    recorded = recording.load_one(directory, builtin())
    provider = ReplayingProvider(
        recorded.profile, recorded.exchanges.values(), speed=speed, ignore=ignore
    )
    if not is_loopback_address(host):
        click.echo(
            f"warning: {host} can be reached from the network; any machine there can "
            "use this server.",
            err=True,
        )

    def ready(url: str) -> None:
        console = options.console(color)
        header = recorded.header
        what = (
            f"the {len(recorded.exchanges)} replies in {directory}, of "
            f"{header.target} ({recorded.profile.id}), {header.started}"
        )
        for name, value in (
            ("serving", what),
            ("url", f"{url}/v1"),
            ("set", f"OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY=anything"),
            ("misses", f"curl -s {url}{PATH}"),
            ("stop", "Ctrl-C"),
        ):
            shown = Text.assemble((f"{name:<9}", "dim"), sanitise(value))
            console.print(shown, soft_wrap=True)
        console.file.flush()

    serve_forever(provider, host, port, ready, hosts=allow_host, dated=False)
    if provider.misses:
        click.echo(
            f"{provider.misses} requests were not in the recording, and got 404.",
            err=True,
        )
