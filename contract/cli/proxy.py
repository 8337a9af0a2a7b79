"""`proxy`: pass requests on to an upstream, judge and save what passes."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract.cli import options
from contract.cli.outputs import Output
from contract.errors import TargetError, UsageError
from contract.model.profile import Capability
from contract.model.redaction import sanitise

if TYPE_CHECKING:
    from contract.proxying.judging import Judging
    from contract.proxying.running import RunningRelay

PORT = 8_701
PRIORITY = 5  # niceness of the thread that judges
MIB = 1_024  # of a recording


@click.command("proxy")
@click.option(
    "--upstream",
    required=True,
    metavar="URL",
    help="The server to pass requests on to, as verify takes it: "
    "https://api.example.com/v1.",
)
@click.option(
    "--save",
    metavar="DIR",
    help="Save each exchange in this folder, for `replay` and `serve --replay`.",
)
@click.option(
    "--keep",
    metavar="MIB",
    type=click.IntRange(1),
    default=MIB,
    show_default=True,
    help="Keep at most this many MiB of exchanges; the oldest in which nothing was "
    "found make room.",
)
@options.listening(PORT)
@click.option(
    "--allow-host",
    multiple=True,
    metavar="NAME",
    help="Accept this name in the Host header on loopback. Repeatable.",
)
@options.selection
@options.trust
@options.profile
@options.api_key
@options.route
@options.offer
@options.baseline
@options.remembering
@options.reporting
def proxy_command(  # noqa: PLR0913  # each parameter is an option
    *,
    upstream: str,
    save: str | None,
    keep: int,
    host: str,
    port: int,
    allow_host: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    trust_plugins: bool,
    profile: str | None,
    profiles: str | None,
    api_key_env: str | None,
    header: tuple[str, ...],
    header_env: tuple[str, ...],
    proxy: str | None,
    offer: frozenset[Capability],
    baseline: Path | None,
    history: str | None,
    fail_on: str,
    strict: bool,
    report: tuple[Output, ...],
    quiet: bool,
    verbose: bool,
    color: bool | None,
) -> int:
    """
    Pass requests on to a chat endpoint, and judge every reply that passes.

    Point any client at it: its requests and their replies pass as they are, byte by
    byte, and each reply is judged by all requirements that hold for any reply.
    Findings are printed as they happen; Ctrl-C (or SIGTERM) ends with the report.

    \b
      magistral-contract proxy --upstream https://api.example.com/v1 --save recording
      OPENAI_BASE_URL=http://127.0.0.1:8701/v1 my-client
      magistral-contract serve --replay recording       # the same replies, offline

    Keys pass through and are never stored. The key of --api-key-env only serves to
    recognise the upstream by its model list; with --profile nothing is sent for that.

    \b
    Exit codes
      0  what passed was judged, and no MUST failed (with --strict, no SHOULD either)
      1  a MUST failed (with --strict, or a SHOULD)
      2  the command line or a file is wrong
      3  nothing passed, the upstream cannot be recognised, or it gave no response
      4  a check crashed, or this program did
    """  # noqa: D301  # click keeps the lines after \b
    from contract.cli import outputs
    from contract.cli.baselines import load_baseline
    from contract.cli.delivery import deliver, worst
    from contract.cli.remembering import Memory
    from contract.client.route import Route
    from contract.mock_server.hosts import is_loopback_address
    from contract.proxying import running
    from contract.proxying.judging import Judging, prepare
    from contract.targets.base import mask_key
    from contract.targets.url import read

    checks = options.selected(select, ignore, trust_plugins=trust_plugins)
    opened = read(upstream)
    route = Route.read(header, header_env, proxy)
    memory = Memory.prepare(history, fail_on, baseline=baseline is not None)
    known = outputs.profiles(profiles)
    earlier = load_baseline(
        baseline,
        [mask_key(upstream)],
        checks,
        profile=profile,
        profiles=known,
        budget={},
        offers=offer,
    )
    with ExitStack() as stack:
        listener = running.listener(host, port, opened.url)
        stack.callback(listener.close)
        setup = prepare(
            opened,
            mask_key(upstream),
            profile=profile,
            profiles=known,
            key_env=api_key_env,
            route=route,
            offers=offer,
        )
        judging = stack.enter_context(
            Judging(checks, setup, None if save is None else Path(save), keep * 2**20)
        )
        local = is_loopback_address(host)
        settings = running.settings(
            opened.url,
            setup.session.profile.dialect,
            setup.session.route,
            f"magistral-contract-{secrets.token_hex(4)}",
            hosts=allow_host if local else None,
        )
        if not local:
            click.echo(
                f"warning: {host} can be reached from the network; any machine there "
                "can use the upstream through this proxy.",
                err=True,
            )
        signals = _Signals()
        stack.enter_context(signals.handled())
        relay = stack.enter_context(running.RunningRelay(settings, listener))
        signals.end(relay)
        _show_banner(relay.url, upstream, setup.header.why, judging, color=color)
        trouble = _pass(relay, judging, quiet=quiet, color=color) or relay.trouble
        whole = judging.report(strict=strict, trouble=trouble, baseline=earlier)
    whole, unstored = memory.keep(whole, "proxy")
    undelivered = deliver(whole, report, quiet=quiet, verbose=verbose, color=color)
    unsaved = UsageError.exit_code if judging.unsaved else 0
    return worst(whole.exit_code, unstored, undelivered, unsaved)


def _show_banner(
    url: str, upstream: str, why: str, judging: Judging, *, color: bool | None
) -> None:
    """Print what is passed on, and how to use it."""
    from rich.text import Text

    from contract.targets.base import mask_key

    console = options.console(color, stderr=True)
    profile = judging.profile
    lines = [
        ("proxying", f"{mask_key(upstream)}, judged as {profile.id} ({why})"),
        ("url", f"{url}/v1"),
        ("set", f"OPENAI_BASE_URL={url}/v1"),
        *([("saving", str(judging.folder))] if judging.folder else []),
        ("stop", "Ctrl-C, which prints the report"),
    ]
    for name, value in lines:
        shown = Text.assemble((f"{name:<9}", "dim"), sanitise(value))
        console.print(shown, soft_wrap=True)
    console.file.flush()


def _pass(
    relay: RunningRelay, judging: Judging, *, quiet: bool, color: bool | None
) -> str:
    """Judge what passes until Ctrl-C; return why the relay ended before, or ""."""
    from rich.text import Text

    console = options.console(color, stderr=True)

    def say(style: str, text: str) -> None:
        if not quiet:
            label, _, rest = text.partition(" ")
            line = Text.assemble((f"{label:<6} ", style), sanitise(rest))
            console.print(line, soft_wrap=True)
            console.file.flush()

    trouble: list[BaseException] = []

    def judge() -> None:
        # What passes comes before what is judged: a lower priority for this thread.
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PRIORITY)
        try:
            for passed in relay:
                for line in judging.take(passed, relay.waiting):
                    say(line.style, line.text)
        except BaseException as error:  # noqa: BLE001  # it is raised in the main thread
            trouble.append(error)

    thread = threading.Thread(target=judge, name="judge", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(1.0)  # signals are handled in between
    for error in trouble:
        if isinstance(error, TargetError):
            return str(error)
        raise error
    return ""


class _Signals:
    """Lets Ctrl-C and SIGTERM end a relay; a second one interrupts the judging."""

    def __init__(self) -> None:
        self._received = 0
        self._relay: RunningRelay | None = None

    def end(self, relay: RunningRelay) -> None:
        """End *relay* with the first signal, or now if that has come already."""
        self._relay = relay
        if self._received:
            relay.stop()

    def _stop(self, _number: int, _frame: object) -> None:
        self._received += 1
        if self._received > 1:
            raise KeyboardInterrupt
        if self._relay is not None:
            self._relay.stop()

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Handle the signals within the context."""
        before: dict[signal.Signals, Any] = {}
        with suppress(ValueError):  # not in the main thread, as in a test
            for number in (signal.SIGINT, signal.SIGTERM):
                before[number] = signal.signal(number, self._stop)
        try:
            yield
        finally:
            for handled, handler in before.items():
                signal.signal(handled, handler)
