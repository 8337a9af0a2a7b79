"""`export`: write the contract, or a run, as the files of another tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click

from contract.catalog.profiles import named
from contract.cli import completion, options, outputs
from contract.errors import ContractError, ExporterError, UsageError
from contract.exporters.base import FORMAT, MANIFEST, Exporter, Files, Source
from contract.files.bounded import read_bounded
from contract.files.folders import Occupied, write_folder
from contract.mock_server.provider import served_models
from contract.model.check import Check
from contract.model.profile import Capability, Profile
from contract.model.strict_json import read_json
from contract.plugins.discovery import culprit, find, get, suggestion
from contract.run.opening import open_recordings
from contract.run.reading import read_report
from contract.run.report import Header, Outcome, Report, Result
from contract.targets.mock import DEFAULT
from contract.targets.url import read

MOCK = "http://127.0.0.1:8700"  # where `serve` listens
OPENAPI = ("3.0", "3.1", "3.2")
MOST_MANIFEST = 2**20  # bytes


class _Export(click.Command):
    """The verb `export`, whose help lists the exporters that are installed."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line per kind of export; they are imported only here."""
        with formatter.section("Kinds"):
            formatter.write_dl(
                [(e.id, e.summary) for e in find("exporters", Exporter).values()]
            )
        super().format_epilog(ctx, formatter)


@click.command("export", cls=_Export)
@click.argument(
    "kind", metavar="KIND", shell_complete=completion.names(completion.exports)
)
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="Write the files into this folder; it is new or empty.",
)
@click.option(
    "--from",
    "origin",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Export the results of a run too: a report that --report json=FILE wrote, or "
    "a recording that --save wrote, which also has the bodies.",
)
@click.option(
    "--base-url",
    metavar="URL",
    help="The server that the requests are sent to (default: that of the run, or the "
    f"mock at {MOCK}).",
)
@click.option(
    "--model",
    metavar="NAME",
    help="The model to request (default: that of the run, of the mock, or "
    "what servers of the profile usually serve).",
)
@options.profile
@options.offer
@options.selection
@options.trust
@click.option(
    "--openapi-version",
    metavar="VERSION",
    default="3.1",
    show_default=True,
    help=f"For openapi: {', '.join(OPENAPI)}.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace an earlier export in DIR; files that are not in its MANIFEST.json "
    "are kept.",
)
def export_command(  # noqa: PLR0913  # each parameter is an option
    *,
    kind: str,
    folder: Path,
    origin: Path | None,
    base_url: str | None,
    model: str | None,
    profile: str | None,
    profiles: str | None,
    offer: frozenset[Capability],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    trust_plugins: bool,
    openapi_version: str,
    force: bool,
) -> None:
    """
    Write the contract as files for another tool; send nothing.

    KIND is one of the kinds below. The files name no key: they have a variable for it,
    apiKey, which you set where you run them. The same input gives the same bytes.

    \b
    Examples:
      magistral-contract export apidog --out out --base-url http://127.0.0.1:8700
      magistral-contract export postman --out out --profile vllm --select streaming
      magistral-contract export openapi --out out --openapi-version 3.0
      magistral-contract export apidog --out out --from recording --force
    """  # noqa: D301  # click's mark for lines that it is not to join
    exporter = get("kind of export", kind, find("exporters", Exporter))
    if openapi_version not in OPENAPI:
        raise UsageError(
            f"Unknown OpenAPI version {openapi_version!r}"
            f"{suggestion(openapi_version, OPENAPI)}"
        )
    replaced = _replaced(folder, force=force)
    own = outputs.profiles(profiles)
    checks = options.selected(select, ignore, trust_plugins=trust_plugins)
    report = None
    if origin is not None:
        report = _report(origin, checks, profile, own)
    header = report.headers[0] if report is not None and report.headers else None
    judged_by = _offering(_profile(profile, header, own), offer, report)
    address = base_url or (header.url if header is not None else "") or MOCK
    source = Source(
        profile=judged_by,
        base_url=read(address).url,
        model=model or (header.model if header else "") or _model(judged_by, address),
        checks=checks,
        report=report,
        options={"openapi_version": openapi_version},
    )
    files = _written_by(exporter, source)
    _write(folder, files, replaced)
    size = sum(map(len, files.values()))
    click.echo(f"{len(files)} files, {size / 1_000_000:.1f} MB, in {folder}")


def _replaced(folder: Path, *, force: bool) -> frozenset[str]:
    """
    Return the files of an earlier export in *folder*, which are to be replaced.

    Raises `UsageError` if the folder holds anything else, or anything without *force*.
    """
    try:
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return frozenset()
        if not folder.is_dir():
            raise UsageError(f"{str(folder)!r} is a file; name a new folder.")
        if not force:
            raise UsageError(
                f"{str(folder)!r} is not empty; name a new folder, or replace an "
                "earlier export in it with --force."
            )
        manifest = read_json(read_bounded(folder / MANIFEST, MOST_MANIFEST))
    except OSError as error:
        raise UsageError(
            f"{str(folder)!r} has no {MANIFEST} that can be read ({error.strerror}), "
            "so --force does not know what to replace in it; name a new folder."
        ) from error
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if (
        not isinstance(manifest, dict)
        or manifest.get("format") != FORMAT
        or not isinstance(files, dict)
    ):
        raise UsageError(
            f"The {MANIFEST} in {str(folder)!r} is not that of an export, so --force "
            "does not know what to replace; name a new folder."
        )
    return frozenset({*files, MANIFEST})


def _report(
    origin: Path,
    checks: tuple[Check, ...],
    profile: str | None,
    own: Mapping[str, Profile],
) -> Report:
    """Return the results in *origin*, of these *checks* only."""
    if not origin.is_dir():
        read = read_report(origin)
        wanted = {check.id for check in checks}
        kept = tuple(r for r in read.results if r.check.id in wanted)
        if not kept:
            raise UsageError(f"{origin} has no result of the selected checks.")
        return replace(read, results=kept)
    recordings = open_recordings(origin, profile=profile, profiles=own)
    results: list[Result] = []
    for recording in recordings:
        results += recording.results(checks, slow=True)
    return Report(
        headers=tuple(recording.header for recording in recordings),
        results=tuple(results),
    )


def _profile(
    name: str | None, header: Header | None, own: Mapping[str, Profile]
) -> Profile:
    """Return the profile to export: the named one, that of the run, or Mistral's."""
    if name is not None or header is None or not header.profile:
        return named(name or DEFAULT, own)
    try:
        return named(header.profile, own)
    except UsageError as error:
        raise UsageError(
            f"The run was judged by the profile {header.profile!r}, which is not "
            "known here; name one with --profile, or its file with --profiles."
        ) from error


def _model(profile: Profile, address: str) -> str:
    """Return the usual model of *profile*; for the mock, the one that it serves."""
    served = served_models(profile.dialect)[0]
    return served if address == MOCK else profile.model or served


def _offering(
    profile: Profile, offers: frozenset[Capability], report: Report | None
) -> Profile:
    """
    Return *profile* with further *offers*, and a key only where one is required.

    Whether a server requires a key depends on how it was started. A run has found it
    out: it has judged checks that need one.
    """
    results = () if report is None else report.results
    known = any(
        Capability.KEY_REQUIRED in result.check.needs
        and result.outcome is not Outcome.SKIP
        for result in results
    )
    offered = profile.offers - ({Capability.KEY_REQUIRED} if not known else set())
    return replace(profile, offers=offered | offers)


def _written_by(exporter: Exporter, source: Source) -> Files:

    try:
        return exporter.files(source)
    except ContractError:
        raise
    except Exception as error:
        plugin = culprit(error)
        raise ExporterError(exporter.id, error, str(plugin or "")) from error


def _write(folder: Path, files: Files, replaced: frozenset[str]) -> None:

    try:
        write_folder(folder, files, replaced=replaced)
    except Occupied as error:
        raise UsageError(
            f"{str(error)!r} in {str(folder)!r} is not of an export, and is in the way "
            "of a new file; move it, or name a new folder."
        ) from error
    except OSError as error:
        raise UsageError(
            f"The export cannot be written to {str(folder)!r}: {error.strerror}. Name "
            "a folder in a writable one."
        ) from error
