"""`export apidog`: everything that Apidog imports or runs, in one folder."""

from __future__ import annotations

from contract.exporters.apidog_contract import response_definitions
from contract.exporters.apidog_guide import guide
from contract.exporters.apidog_project import TAG, project
from contract.exporters.apidog_scenario import scenario
from contract.exporters.base import Files, Source, exporter, to_bytes
from contract.exporters.each_language import TITLE, data_files, language_steps
from contract.exporters.openapi_document import described
from contract.exporters.pages import pages
from contract.exporters.postman_collection import (
    collection,
    item,
    language_collection,
    name,
    stable_id,
)
from contract.exporters.steps import plan_steps, smoke_steps
from contract.exporters.verdict_steps import verdict_items
from contract.plugins.discovery import find
from contract.reporters.base import Reporter

# The reports in `results/`, by kind; those that are not installed are left out.
REPORTS = {"json": "report", "junit": "junit", "html": "report", "markdown": "report"}


@exporter("apidog", summary="everything that Apidog imports and `apidog run` runs")
def apidog(source: Source) -> Files:
    """Return the project, the scenarios, the collection, the reports and a guide."""
    steps = plan_steps(source)
    documents = pages(source)
    scenarios = {"smoke": smoke_steps(steps, source.profile)}
    scenarios |= {family: steps.of(family) for family in steps.families}
    each = language_steps(source)
    if each:
        scenarios[TITLE] = each
    files = {
        **data_files(source.checks),
        "openapi.json": to_bytes(described(source)),
        "project.apidog.json": to_bytes(project(source, steps, documents)),
        "collection.postman.json": to_bytes(collection(source, steps)),
        **language_collection(source),
        "test-suite.create.json": to_bytes(_suite(source)),
        "scenarios/verdicts.apidog-cli.json": to_bytes(
            scenario(source, "verdicts", verdict_items(source.checks))
        ),
    }
    for title, chosen in scenarios.items():
        items = [item(source, step) for step in chosen]
        by_step, schemas = response_definitions(source, chosen)
        definitions = {stable_id(step): one for step, one in by_step.items()}
        path = f"scenarios/{title}.apidog-cli.json"
        made = scenario(source, title, items, definitions, schemas)
        files[path] = to_bytes(made)
    files |= _results(source)
    files["IMPORT.md"] = guide(source, steps, scenarios, documents).encode()
    return files


def _results(source: Source) -> dict[str, bytes]:
    if source.report is None:
        return {}
    reporters = find("reporters", Reporter)
    return {
        f"results/{stem}{reporters[kind].suffix}": reporters[kind]
        .render(source.report)
        .encode()
        for kind, stem in REPORTS.items()
        if kind in reporters
    }


def _suite(source: Source) -> dict[str, object]:
    """Return the body of `apidog test-suite create`: all scenarios with our tag."""
    return {
        "name": name(source),
        "description": f"Every scenario that has the tag {TAG}.",
        "folderId": 0,
        "priority": 1,
        "tags": [TAG],
        "options": {},
        "items": [
            {
                "id": "scenarios",
                "name": f"tagged {TAG}",
                "type": "DYNAMIC_TEST_SCENARIO",
                "priorities": [0, 1, 2, 3],
                "tags": [TAG],
                "options": {},
            }
        ],
    }
