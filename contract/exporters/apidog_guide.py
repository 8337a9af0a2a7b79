"""`IMPORT.md`: what each file is for, and the exact steps in Apidog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from contract.exporters.base import Source
from contract.exporters.pages import Page
from contract.exporters.postman_collection import SECRET, VERDICTS, name
from contract.exporters.steps import API_KEY, BASE_URL, MODEL, Step, Steps
from contract.reporters.markdown import code, text

TESTED = "2.2.9"  # the version of apidog-cli that the files were run with


def guide(
    source: Source,
    steps: Steps,
    scenarios: Mapping[str, Sequence[Step]],
    pages: Sequence[Page],
) -> str:
    """Return the guide to the files of one export, as Markdown."""
    return "\n".join(_lines(source, steps, scenarios, pages)).rstrip() + "\n"


def _lines(
    source: Source,
    steps: Steps,
    scenarios: Mapping[str, Sequence[Step]],
    pages: Sequence[Page],
) -> Iterator[str]:
    portable = sum(len(step.checks) for step in steps.steps)
    yield f"# {name(source)} in Apidog"
    yield ""
    yield (
        f"{portable} of {len(source.checks)} checks are tests in JavaScript, in "
        f"{len(steps.steps)} requests to {code(source.base_url)}. `verdicts` shows the "
        "verdict of every check, as magistral-contract judges it. No file contains a "
        f"key: {' and '.join(map(code, sorted(SECRET)))} are variables without a value."
    )
    yield ""
    yield from _FILES.splitlines()
    if source.report is not None:
        yield "| `results/` | the run as JSON, JUnit XML and Markdown |"
        yield ""
        yield (
            f"The project also holds the run: {len(pages)} pages, and responses named "
            "`PASS CHECK` and `FAIL CHECK` at the endpoints."
            if pages
            else ""
        )
    yield ""
    yield from _STEPS.splitlines()
    yield ""
    yield "## The scenarios"
    yield ""
    yield "| File | Requests | Checks |"
    yield "|---|---|---|"
    for title, chosen in scenarios.items():
        checks = sum(len(step.checks) for step in chosen)
        yield f"| `scenarios/{title}.apidog-cli.json` | {len(chosen)} | {checks} |"
    yield (
        f"| `scenarios/verdicts.apidog-cli.json` | {len(source.checks)} | "
        f"{len(source.checks)} |"
    )
    yield ""
    yield "## Checks that have no test in JavaScript"
    yield ""
    reasons: dict[str, list[str]] = {}
    for check, why in steps.omitted.items():
        reasons.setdefault(why, []).append(check)
    for why, checks_ in sorted(reasons.items()):
        yield f"- {text(why)}: {', '.join(map(code, checks_))}"


_FILES = """\
| File | For |
|---|---|
| `scenarios/*.apidog-cli.json` | `apidog run FILE`: offline, without an account |
| `project.apidog.json` | an Apidog project: endpoints, schemas, cases, scenarios |
| `openapi.json` | import into anything that reads OpenAPI 3.1 |
| `collection.postman.json` | Postman and newman; Apidog as endpoint cases |
| `test-suite.create.json` | a test suite of all scenarios, for schedules |
| `MANIFEST.json` | the SHA-256 of every file |"""

_STEPS = f"""\
## Run it without an account

```sh
export APIDOG_CLI_TELEMETRY=0 APIDOG_CLI_DISABLE_UPDATE_CHECK=1
apidog run scenarios/smoke.apidog-cli.json --env-var "{API_KEY}=$MISTRAL_API_KEY"
apidog run scenarios/smoke.apidog-cli.json -r cli,junit --out-dir reports
```

The exit code is 0 if every test passed, and 1 otherwise. Another server or model:
`--env-var {BASE_URL}=https://staging.example.com --env-var {MODEL}=NAME`. Do not
publish the `json` report of apidog-cli: it contains the key in clear; `junit` and
`html` do not.

For the verdicts of all checks, start the verdict server beside it; the first request
waits for the end of its run:

```sh
magistral-contract serve --verdicts TARGET        # at {VERDICTS}
apidog run scenarios/verdicts.apidog-cli.json
```

## Import it into the app

1. Project settings, *Import data*, format *Apidog*, choose `project.apidog.json`.
   Choose to overwrite by method and path: endpoints, cases and scenarios are merged by
   their names, which are made of the ids of the checks and do not change.
2. Tick *environments*. Choose the environment *server under test*, and set the local
   value of `{API_KEY}`; local values are not synchronised.
3. *Tests* lists the scenarios `Magistral contract: …`. Run *smoke* first.

Where only a specification is wanted, import `openapi.json` as *OpenAPI/Swagger*.

## Import it with the CLI

```sh
apidog auth login --with-token "$APIDOG_TOKEN"
apidog import --project PROJECT --format apidog --file project.apidog.json
apidog test-suite create --project PROJECT --file test-suite.create.json
```

What the CLI writes counts as an edit by AI: it lands in an AI branch that a person
merges in the app. To write to `main` at once, allow it in the project settings under
*External AI edit permissions* (app 2.8.31 or newer). `--format apidog` leaves
environments out; make them in the app.

## Import it by REST

```sh
jq -Rs '{{input: ., options: {{endpointOverwriteBehavior: "OVERWRITE_EXISTING",
  schemaOverwriteBehavior: "OVERWRITE_EXISTING"}}}}' openapi.json |
curl -sS 'https://api.apidog.com/v1/projects/PROJECT/import-openapi?locale=en-US' \\
  -H "Authorization: Bearer $APIDOG_TOKEN" -H 'X-Apidog-Api-Version: 2024-03-28' \\
  -H 'Content-Type: application/json' --data-binary @-
```

`import-postman-collection` takes `collection.postman.json` the same way, and makes an
endpoint case of every request. Do not set `deleteUnmatchedResources`: it deletes
whatever else is in the project.

## Monitor it

1. Create the suite from `test-suite.create.json`: it has all scenarios tagged
   `magistral`.
2. In the suite, add a *scheduled task*. For a server that Apidog's cloud cannot reach,
   choose a Self-hosted Runner on a machine that can.
3. Let it notify on failure. The runner needs the value of `{API_KEY}`: set it as a
   variable of the runner's environment.

## What was tried

Every scenario was run with apidog-cli {TESTED} and every request with newman 6.2.2,
against a mock on 127.0.0.1; the parts of the project were validated with
`apidog cli-schema validate`. Apidog's cloud was not used: how the app shows an import,
schedules and the Self-hosted Runner follow its documentation."""
