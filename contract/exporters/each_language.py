"""The same requests in each language: two steps, and a data file with the texts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from contract.exporters.base import Source, to_bytes
from contract.exporters.steps import ESCAPED, Step, portable_request, script
from contract.model.chat import Message
from contract.model.check import Check, Scope
from contract.model.probe import Probe
from contract.model.probes import SUM, SUM_WHOLE
from contract.portable import PORTABLE
from contract.run.plan import inapplicable

TITLE = "each-language"
# The check whose requests have one text in each language.
SAME_TEXTS = "languages.each-is-read"
_PREFIX = "language-"  # of the names of those requests
# The columns of the data file; apidog-cli shows the first one.
NAME, TEXT = "Dataset Name", "text"
_PLACEHOLDER = "magistral-contract-text-placeholder"
# The requirements on any reply that a sound answer can break, by the form of the reply.
_ANY = frozenset({Scope.RESPONSES, Scope.ATTEMPTS, Scope.ANSWERS})
_SCOPES = {
    True: _ANY | {Scope.STREAMS},
    False: _ANY | {Scope.WHOLE, Scope.BODIES},
}


def rows(checks: Iterable[Check]) -> list[dict[str, str]]:
    """
    Return a row for each language: its name, and a sentence in it.

    The sentence is spelled as JSON spells a text, because clients put it between the
    quotation marks of a body. Empty without the check `SAME_TEXTS`.
    """
    found = next((check for check in checks if check.id == SAME_TEXTS), None)
    return [
        {
            NAME: probe.name.removeprefix(_PREFIX),
            TEXT: json.dumps(_said(probe), ensure_ascii=False)[1:-1].replace(
                "{{", ESCAPED
            ),
        }
        for probe in (found.sends if found else ())
        if probe.name.startswith(_PREFIX)
    ]


def _said(probe: Probe) -> str:
    """Return the text of the last message."""
    content = probe.messages[-1].content
    return content if isinstance(content, str) else ""


def language_steps(source: Source) -> tuple[Step, ...]:
    """
    Return a request answered whole and a streamed one, whose text is a variable.

    Their tests are all portable requirements on any reply.
    """
    if not rows(source.checks):
        return ()
    return tuple(filter(None, (_step(source, probe) for probe in (SUM_WHOLE, SUM))))


def _step(source: Source, probe: Probe) -> Step | None:
    asked = replace(
        probe, messages=(*probe.messages[:-1], Message("user", _PLACEHOLDER))
    )
    request, _ = portable_request(asked, source.profile)
    checks = tuple(
        check
        for check in source.checks
        if check.id in PORTABLE
        and check.every in _SCOPES[bool(probe.stream)]
        and inapplicable(check, source.profile, slow=True) is None
    )
    if request is None or not checks:
        return None
    body = request.body.decode().replace(_PLACEHOLDER, f"{{{{{TEXT}}}}}")
    return Step(
        id=f"{TITLE}.{probe.name}",
        name=f"each language: {probe.name}",
        family="languages",
        checks=checks,
        probe=asked,
        request=replace(request, body=body.encode()),
        script=script(checks, source.profile, asked),
    )


def data_files(checks: Sequence[Check]) -> dict[str, bytes]:
    """Return the rows as CSV and as JSON, for `-d` of newman and apidog-cli."""
    found = rows(checks)
    if not found:
        return {}
    text = io.StringIO()
    table = csv.DictWriter(text, found[0].keys(), lineterminator="\n")
    table.writeheader()
    table.writerows(found)
    return {
        "data/languages.csv": text.getvalue().encode(),
        "data/languages.json": to_bytes(found),
    }
