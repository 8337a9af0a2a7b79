"""`export postman`: collections with the tests, and an environment."""

from __future__ import annotations

from contract.exporters.base import Files, Source, exporter, to_bytes
from contract.exporters.each_language import data_files
from contract.exporters.postman_collection import (
    collection,
    environment,
    language_collection,
    verdict_collection,
)
from contract.exporters.steps import plan_steps


@exporter("postman", summary="collections with tests for Postman and newman")
def postman(source: Source) -> Files:
    """
    Return three collections v2.1 and an environment whose key is empty.

    One asks the server and tests its responses in JavaScript; one does that for each
    row of a data file; the last asks a verdict server about every check.
    """
    return {
        "collection.postman.json": to_bytes(collection(source, plan_steps(source))),
        **language_collection(source),
        **data_files(source.checks),
        "verdicts.postman.json": to_bytes(verdict_collection(source)),
        "environment.postman.json": to_bytes(environment(source)),
    }
