"""Reads the report of a client from a file, whatever its format."""

from __future__ import annotations

from pathlib import Path

from contract.errors import UsageError
from contract.files.bounded import MOST_RECORDED, read_bounded
from contract.importers.base import Importer, report_of
from contract.model.check import Check
from contract.model.strict_json import read_json
from contract.plugins.discovery import find
from contract.run.reading import report_from_json
from contract.run.report import Report


def import_report(path: Path, *, strict: bool = False) -> Report:
    """
    Return the report in the file *path*: of newman, apidog-cli, JUnit, or our own.

    Credentials in it are registered first, so that no output shows them. *strict* makes
    a failed SHOULD fail the run.

    Usage: `import_report(Path("newman.json")).exit_code`.

    Raises `UsageError`, one sentence, if the file cannot be read, has another format,
    or has no test of a check.
    """
    try:
        raw = read_bounded(path, MOST_RECORDED)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}; name the report of a client."
        ) from error
    text = raw.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    for importer in find("importers", Importer).values():
        run = importer.read(text)
        if run is not None:
            report = report_of(run, find("checks", Check), strict=strict)
            if report is None:
                raise UsageError(
                    f"{path} is a report of {importer.id}, but none of its "
                    f"{len(run.assertions)} tests is of a check; run a collection that "
                    "magistral-contract export wrote."
                )
            return report
    value = read_json(raw)
    if isinstance(value, dict) and "format" in value:
        return report_from_json(value, str(path))
    raise UsageError(
        f"{path} is no report of newman (-r json), apidog-cli (-r json) or JUnit "
        "(-r junit), or it was cut off; run the client again with one of these."
    )
