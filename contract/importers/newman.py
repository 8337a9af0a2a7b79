"""Newman's JSON report (`newman run -r json`): every test with its outcome."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contract.importers.base import (
    Assertion,
    ClientRun,
    assertion_names,
    importer,
    listed,
    mapping,
    number,
    register_header_secrets,
    register_secrets,
    steps,
    times,
    words,
)
from contract.model.strict_json import read_json


@importer("newman")
def newman(text: str) -> ClientRun | None:
    """Return the run in newman's JSON report, as of newman 6.2; None for other text."""
    whole = mapping(read_json(text.encode(errors="surrogatepass")))
    run, collection = mapping(whole.get("run")), mapping(whole.get("collection"))
    if "executions" not in run or not collection:
        return None
    executions = listed(run["executions"])
    register_secrets(
        collection,
        mapping(whole.get("environment")).get("values"),
        mapping(whole.get("globals")).get("values"),
    )
    for execution in executions:
        register_header_secrets(execution.get("request"))
    started, seconds = times(run)
    stats = mapping(run.get("stats"))
    return ClientRun(
        client="newman",
        title=words(mapping(collection.get("info")).get("name"), "a collection"),
        started=started,
        seconds=seconds,
        requests=int(number(mapping(stats.get("requests")).get("total"))),
        assertions=tuple(one for e in executions for one in _assertions(e)),
        expected=tuple(
            n for item in steps(collection.get("item")) for n in assertion_names(item)
        ),
    )


def _assertions(execution: dict[str, Any]) -> Iterator[Assertion]:
    elapsed = number(mapping(execution.get("response")).get("responseTime")) / 1_000
    for one in listed(execution.get("assertions")):
        error = one.get("error")
        yield Assertion(
            name=words(one.get("assertion")),
            failure=words(mapping(error).get("message"), "") if error else None,
            skipped=one.get("skipped") is True,
            seconds=elapsed,
        )
