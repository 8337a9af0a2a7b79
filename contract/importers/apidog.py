"""
The JSON report of apidog-cli (`apidog run FILE -r json`): failures and the collection.

It lists no test that passed, was skipped or ended with a warning, as a SHOULD does that
failed. What ran is known from the collection in it and from the number of steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from contract.exporters.verdict_steps import CANNOT_JUDGE
from contract.importers.base import (
    Assertion,
    ClientRun,
    assertion_names,
    importer,
    listed,
    mapping,
    number,
    register_secrets,
    steps,
    times,
    words,
)
from contract.model.strict_json import read_json

_NOTE = (
    "apidog-cli lists only failures in JSON, so tests that were skipped or waived, and "
    "warnings, count as passed here; import its JUnit report to tell them apart"
)


@importer("apidog-cli")
def apidog(text: str) -> ClientRun | None:
    """Return the run in a JSON report of apidog-cli, as of 2.2; None for other text."""
    whole = mapping(read_json(text.encode(errors="surrogatepass")))
    result = mapping(whole.get("result") or whole.get("run"))
    collection = mapping(whole.get("collection"))
    if "failures" not in result or "apidogCli" not in collection:
        return None
    variables = [
        mapping(mapping(collection.get(name)).get("variable")).get("values")
        for name in ("environment", "globals", "teamGlobals")
    ]
    options = mapping(whole.get("options"))
    register_secrets(
        collection, *variables, options.get("envVar"), options.get("globalVar")
    )
    started, seconds = times(result)
    stats = mapping(result.get("stats"))
    executed = int(number(mapping(stats.get("steps")).get("total")))
    all_steps = list(steps(collection.get("item")))
    title = mapping(collection.get("info")).get("name") or collection.get("name")
    return ClientRun(
        client="apidog-cli",
        title=words(title, "a collection"),
        started=started,
        seconds=seconds,
        requests=int(number(mapping(stats.get("requests")).get("total"))),
        assertions=tuple(_assertions(all_steps, executed, listed(result["failures"]))),
        expected=tuple(name for step in all_steps for name in assertion_names(step)),
        notes=(_NOTE,),
    )


def _assertions(
    all_steps: list[dict[str, Any]], executed: int, failures: list[dict[str, Any]]
) -> Iterator[Assertion]:
    """Yield the tests of the first *executed* of *all_steps*; *failures* are listed."""
    failed = {
        words(error["test"]): words(error.get("message"))
        for error in (mapping(failure.get("error")) for failure in failures)
        if error.get("test") is not None
    }
    others = {
        int(number(mapping(failure.get("cursor")).get("position"))): failure
        for failure in failures
        if mapping(failure.get("error")).get("test") is None
    }
    named = set()
    for place, step in enumerate(all_steps[:executed]):
        tests = [words(name) for name in assertion_names(step)]
        named.update(tests)
        # A request that failed, or a body that is not as the step describes it, is a
        # failure of the step and of none of its tests.
        other = None if failed.keys() & set(tests) else others.get(place)
        for name in tests:
            yield Assertion(
                name=name,
                failure=failed.get(name) if other is None else _reason(other),
            )
    for name, message in failed.items():
        if name not in named:
            yield Assertion(name=name, failure=message)


def _reason(failure: dict[str, Any]) -> str:
    message = words(mapping(failure.get("error")).get("message"), "the step failed")
    return f"{CANNOT_JUDGE}: {message}" if failure.get("at") == "request" else message
