"""The folder for Apidog: complete, the same every time, without a key, importable."""

import json
from pathlib import Path

import pytest
from support.hostile import ATTACKS, HOSTILE, obeyed, poisoned

from contract.exporters.apidog import apidog
from contract.exporters.apidog_project import CATEGORIES, CATEGORY_OF, category
from contract.exporters.base import MANIFEST
from contract.model.redaction import SECRETS
from contract.run.opening import open_recordings
from contract.run.report import Outcome, Report

RECORDING = (
    Path(__file__).parents[2]
    / "fixtures/exchanges/llamacpp-b11549-reasoning-format-none"
)
KEY = "sk-secret-of-this-test-0123"


@pytest.fixture(scope="module")
def run(checks):
    """The report of a recorded llama.cpp whose reasoning parser is off."""
    (recording,) = open_recordings(RECORDING)
    few = [c for c in checks if c.family in {"reasoning", "usage", "streaming"}]
    return Report(headers=(recording.header,), results=recording.results(few))


@pytest.fixture(scope="module")
def files(source, run):
    return apidog.files(source("llamacpp", report=run))


def test_the_folder_has_what_the_manifest_lists(files, run):
    names = {path.partition("/")[0] for path in files}
    failed = {r.check.id for r in run.results if r.outcome.value == "fail"}

    assert names >= {
        "openapi.json",
        "project.apidog.json",
        "collection.postman.json",
        "test-suite.create.json",
        "scenarios",
        "results",
        "IMPORT.md",
        MANIFEST,
    }
    assert {*json.loads(files[MANIFEST])["files"]} == {*files} - {MANIFEST}
    assert "scenarios/smoke.apidog-cli.json" in files
    assert "scenarios/verdicts.apidog-cli.json" in files
    assert json.loads(files["results/report.json"])["exit_code"] == 1
    assert failed


@pytest.fixture(scope="module")
def few(checks):
    families = {"reasoning", "models", "usage"}
    return tuple(check for check in checks if check.family in families)


def test_without_a_run_the_bytes_are_always_the_same(source, few):
    first, second = (apidog.files(source(checks=few)) for _ in range(2))

    assert first == second
    assert not any(path.startswith("results/") for path in first)
    assert b"T00:" not in first["project.apidog.json"]


def test_no_file_has_the_key_of_this_process(source, few):
    SECRETS.register(KEY)
    files = apidog.files(source(model=f"m-{KEY}", checks=few))

    assert b"m-***" in files["collection.postman.json"]
    assert not any(KEY.encode() in data for data in files.values())


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(one, id=str(at), marks=pytest.mark.long if at % 4 else ())
        for at, one in enumerate([HOSTILE, *ATTACKS])
    ],
)
def test_no_text_of_a_server_is_more_than_text(source, run, few, attack):
    kept = frozenset({"check", "exchanges", "outcome"})
    failed = [r for r in run.results if r.outcome is Outcome.FAIL][:2]
    hostile = Report(
        headers=poisoned(run.headers, attack),
        results=tuple(poisoned(result, attack, kept) for result in failed),
    )
    given = source("llamacpp", model=attack, checks=few[:20], report=hostile)
    files = apidog.files(given)
    found = {path: obeyed(data.decode()) for path, data in files.items()}
    project = json.loads(files["project.apidog.json"])
    pages = [page["content"] for page in project["docCollection"][0]["items"]]

    assert {} == {path: lines for path, lines in found.items() if lines}
    assert [] == [lines for page in pages if (lines := obeyed(page))]
    assert len(pages) > 1
    for path, data in files.items():
        assert not path.endswith(".json") or json.loads(data)


def test_every_array_has_items(files):
    """Apidog's validator takes an array without them for one of texts."""

    def arrays(node):
        if isinstance(node, dict):
            if node.get("type") == "array" and "moduleId" not in node:
                yield node
            for value in node.values():
                yield from arrays(value)
        elif isinstance(node, list):
            for value in node:
                yield from arrays(value)

    schemas = [
        each["schema"]["jsonSchema"]
        for each in json.loads(files["project.apidog.json"])["schemaCollection"][0][
            "items"
        ]
    ]
    found = [*arrays(schemas)]

    assert len(found) > 5
    assert [] == [each for each in found if "items" not in each]


def endpoints(folder):
    for each in folder["items"]:
        if "api" in each:
            yield each
        else:
            yield from endpoints(each)


def test_the_project_refers_only_to_what_it_has(files):
    project = json.loads(files["project.apidog.json"])
    found = [*endpoints(project["apiCollection"][0])]
    ids = {int(each["api"]["id"]) for each in found}
    answers = {int(r["id"]) for each in found for r in each["api"]["responses"]}
    schemas = {each["id"] for each in project["schemaCollection"][0]["items"]}
    cases = [case for each in found for case in each["api"]["cases"]]
    scenarios = project["apiTestCaseCollection"][0]["children"][0]["items"]
    steps = [step for scenario in scenarios for step in scenario["steps"]]
    examples = [e for each in found for e in each["api"]["responseExamples"]]
    categories = {each["id"] for each in project["projectTestCaseCategories"]}
    tags = {each["id"] for each in project["projectTestCaseTags"]}
    text = files["project.apidog.json"].decode()

    assert cases
    assert steps
    assert {step["bindId"] for step in steps} <= ids
    assert {case["apiDetailId"] for case in cases} <= ids
    assert {c["responseId"] for c in cases if "responseId" in c} <= answers
    assert {e["responseId"] for e in examples} <= answers
    assert {case["categoryId"] for case in cases} <= categories
    assert {tag for case in cases for tag in case["tagIds"]} <= tags
    assert len({case["id"] for case in cases}) == len(cases)
    assert {e.partition('"')[0] for e in text.split('"$ref": "')[1:]} <= schemas


def test_names_of_cases_are_the_ids_of_checks(files, checks):
    project = json.loads(files["project.apidog.json"])
    cases = [
        case["name"]
        for each in endpoints(project["apiCollection"][0])
        for case in each["api"]["cases"]
    ]

    assert len({*cases}) == len(cases) > 50
    assert {*cases} <= {check.id for check in checks}


def test_secrets_of_the_environment_are_empty_and_local(files):
    (environment,) = json.loads(files["project.apidog.json"])["environments"]
    found = {each["name"]: each for each in environment["variables"]}

    for name in ("apiKey", "verdictsToken"):
        each = found[name]
        assert (each["value"], each["initialValue"], each["isSync"]) == ("", "", False)


def test_a_failed_check_has_a_page_and_an_example(files, run):
    project = json.loads(files["project.apidog.json"])
    pages = {p["name"]: p["content"] for p in project["docCollection"][0]["items"]}
    examples = {
        example["name"]: example
        for each in endpoints(project["apiCollection"][0])
        for example in each["api"]["responseExamples"]
    }
    failed = "reasoning.right-field"
    (result,) = (r for r in run.results if r.check.id == failed)
    (page,) = (text for name, text in pages.items() if name == f"FAIL {failed}")
    shown = next(e for name, e in examples.items() if name.startswith(f"FAIL {failed}"))

    assert next(iter(pages)) == "Results of the contract"
    assert result.check.requirement in page.replace("\\", "")
    assert f"expected: `{result.findings[0].expected}`" in page
    assert "hint: " in page
    assert "curl -sS " in page
    assert " ms" in shown["description"]
    assert any(name.startswith("PASS ") for name in examples)


def test_openapi_has_the_exchanges_as_named_examples(files):
    chat = json.loads(files["openapi.json"])["paths"]["/v1/chat/completions"]["post"]
    asked = chat["requestBody"]["content"]["application/json"]["examples"]
    got = chat["responses"]["200"]["content"]["application/json"]["examples"]

    assert any(name.startswith("fail-reasoning.right-field") for name in asked)
    assert any(name.startswith("fail-reasoning.right-field") for name in got)


def test_every_family_has_a_category(checks):
    assert {check.family for check in checks} == {*CATEGORY_OF}
    assert {CATEGORIES[category(check.id) - 1] for check in checks} == {
        "Positive",
        "Negative",
        "Boundary",
        "Security",
    }
    assert CATEGORIES[category("my-plugin.thing") - 1] == "Other"


def test_the_guide_names_only_files_that_are_there(files):
    guide = files["IMPORT.md"].decode()
    named = {
        word.strip("`|(),. ")
        for word in guide.split()
        if word.strip("`|(),. ").startswith("scenarios/")
    } - {"scenarios/*.apidog-cli.json"}

    assert named
    assert named <= {*files}
    for path in ("project.apidog.json", "openapi.json", "test-suite.create.json"):
        assert path in guide
