"""`diff`: what changed between two OpenAPI documents, and what of it breaks clients."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import click
from rich.text import Text

from contract.cli import completion, options
from contract.errors import UsageError
from contract.model.escape import escape_controls, escape_json
from contract.openapi_diff.changes import Change

FORMATS = ("text", "json", "markdown")
FORMAT = "diff-v1"  # the name of the format in JSON
_SOURCES = completion.names(completion.documents)


@click.command("diff")
@click.argument("old", shell_complete=_SOURCES)
@click.argument("new", shell_complete=_SOURCES)
@click.option(
    "--select",
    multiple=True,
    metavar="PATH",
    help="Compare only these paths, e.g. /v1/chat/completions or '/v1/*'. Repeatable.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How to print the changes.",
)
@click.option(
    "--api-key-env",
    metavar="NAME",
    help="The variable that holds the API key for a URL (default: MISTRAL_API_KEY, "
    "then OPENAI_API_KEY).",
)
@options.route
@options.appearance
def diff_command(  # noqa: PLR0913  # each parameter is an option
    *,
    old: str,
    new: str,
    select: tuple[str, ...],
    form: str,
    api_key_env: str | None,
    header: tuple[str, ...],
    header_env: tuple[str, ...],
    proxy: str | None,
    color: bool | None,
) -> int:
    """
    Show what changed between the OpenAPI documents OLD and NEW.

    \b
    Each of them is
      openapi.yaml                         a file, JSON or YAML
      http://127.0.0.1:8000/openapi.json   a URL; / and /v1 are completed
      -                                    standard input
      builtin                              the openapi.yaml of this version
      vllm                                 a dialect, as in `openapi --dialect`

    A request breaks clients if something that OLD accepts may be rejected by NEW, a
    response if it may be something that OLD does not describe; what is gone breaks
    both. What cannot be proven to be compatible counts as breaking. References to
    other documents are not followed.

    \b
    Exit codes
      0  nothing changed, or compatible changes only
      1  there are breaking changes
      2  the command line or a document is wrong
      3  a document could not be fetched from its URL
    """  # noqa: D301  # click keeps the lines after \b
    from contract.cli.documents import Access, read
    from contract.client.route import Route
    from contract.openapi_diff.changes import changes

    if (old, new) == ("-", "-"):
        raise UsageError("Only one document can come from standard input (-).")
    access = Access(Route.read(header, header_env, proxy), api_key_env)
    before, after = read(old, access), read(new, access)
    found = changes(before, after, select)
    if form == "json":
        click.echo(_json(before.name, after.name, found))
    elif form == "markdown":
        click.echo("\n".join(_markdown(before.name, after.name, found)))
    else:
        console = options.console(color)
        for line in _text(found):
            # In a file, each change is one line.
            console.print(line, soft_wrap=not console.file.isatty())
    return int(any(change.breaking for change in found))


def _text(found: Sequence[Change]) -> Iterator[Text]:
    for change in found:
        label = (
            ("BREAKING    ", "bold red")
            if change.breaking
            else (
                "COMPATIBLE  ",
                "green",
            )
        )
        yield Text.assemble(label, escape_controls(str(change)))
    yield Text(_summary(found), "bold")


def _summary(found: Sequence[Change]) -> str:
    """Return the number of changes of each kind as a sentence."""
    breaking = sum(change.breaking for change in found)
    parts = [
        f"{number} {kind} change{'' if number == 1 else 's'}"
        for number, kind in (
            (breaking, "breaking"),
            (len(found) - breaking, "compatible"),
        )
        if number
    ]
    return f"{' and '.join(parts) or 'No change'}."


def _json(old: str, new: str, found: Sequence[Change]) -> str:
    """Return the changes as JSON in the format `FORMAT`."""
    value = {
        "format": FORMAT,
        "old": old,
        "new": new,
        **{
            kind: [
                {
                    "operation": change.operation,
                    "place": change.place,
                    "what": change.what,
                    "message": str(change),
                }
                for change in found
                if change.breaking == (kind == "breaking")
            ]
            for kind in ("breaking", "compatible")
        },
    }
    return escape_json(json.dumps(value, indent=2))


def _markdown(old: str, new: str, found: Sequence[Change]) -> Iterator[str]:
    """Yield the lines of a page: a table of each kind of change."""
    from contract.reporters.markdown import code, text

    yield f"**{_summary(found)}** From {code(old)} to {code(new)}."
    for title, breaking in (("Breaking", True), ("Compatible", False)):
        rows = [change for change in found if change.breaking == breaking]
        if rows:
            yield ""
            yield f"| {title} | Place | Change |"
            yield "|---|---|---|"
            for one in rows:
                place = code(one.place) if one.place else ""
                yield f"| {code(one.operation)} | {place} | {text(one.message)} |"
