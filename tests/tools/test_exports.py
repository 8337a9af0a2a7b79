"""newman, apidog-cli and Bruno run what `export` writes, and agree with `verify`."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from support.portable_faults import MORE, QUICK
from support.runners import by_apidog, by_bruno, by_newman, families, to_bruno

import contract
from contract.checks.combined.sentences import SENTENCES
from contract.model.check import Fault
from contract.plugins.discovery import find
from contract.run.report import Outcome

pytestmark = pytest.mark.tools
# Dialects that differ in how they stream, reason and reject.
DIALECTS = ("mistral", "vllm", "llamacpp", "transformers", "vllm-responses")
MODEL = "magistral-small-2509"  # the mock of each of them serves it
FAULTS = ("field-renamed", "done-missing", "total-without-prompt")


def agreement(one):
    """A parameter that runs with `-m tools` alone."""
    return pytest.param(one, marks=pytest.mark.agreement)


@pytest.fixture(scope="module")
def apidog(tools):
    """The name of apidog-cli; its absence is a skip that says so."""
    if not tools.path("apidog").is_absolute():
        pytest.skip("apidog-cli could not be installed; see .ci/openapi-tools")
    return "apidog"


@pytest.fixture
def exported(command, tmp_path):
    """`exported(dialect, url)`: the folder that `export apidog` writes."""

    def exported(dialect, url):
        out = tmp_path / dialect
        done = command("export", "apidog", "--profile", dialect, "--base-url", url,
                       "--model", MODEL, "--out", out)  # fmt: skip
        assert (done.code, done.err) == (0, "")
        return out

    return exported


@pytest.mark.parametrize(
    "dialect", ["mistral", *(agreement(one) for one in DIALECTS if one != "mistral")]
)
def test_everything_passes_on_a_server_that_keeps_its_contract(
    tools, apidog, mocks, exported, dialect
):
    folder = exported(dialect, mocks(dialect))
    code, newman = by_newman(tools, folder)
    smoke_code, smoke = by_apidog(tools, folder, "smoke")

    assert apidog
    assert (code, smoke_code) == (0, 0)
    assert len(newman) > 60
    assert all(newman.values())
    assert len(smoke) > 20
    assert all(smoke.values())


@pytest.mark.agreement
def test_the_families_have_the_same_outcomes_in_both(tools, apidog, mocks, exported):
    folder = exported("mistral", mocks("mistral"))
    found = {}
    for family in families(folder):
        code, outcomes = by_apidog(tools, folder, family)
        assert code == 0
        found |= outcomes

    code, newman = by_newman(tools, folder)

    assert apidog
    assert code == 0
    # Its JUnit has skipped tests as passed ones.
    assert newman.items() <= found.items()
    assert all(found.values())


@pytest.mark.parametrize("fault", [FAULTS[0], *map(agreement, FAULTS[1:])])
def test_a_fault_fails_the_same_checks_in_all_runners(tools, apidog, exported, fault):
    with contract.mock("mistral", fault=fault) as url:
        folder = exported("mistral", url)
        code, newman = by_newman(tools, folder)
        smoke_code, smoke = by_apidog(tools, folder, "smoke")
    seen = {name for name, passed in newman.items() if not passed}
    report = contract.verify(f"mock:mistral?fault={fault}", select=[*newman])
    failed = {r.check.id for r in report.results if r.outcome is Outcome.FAIL}

    assert apidog
    assert (code, smoke_code) == (1, 1)
    assert seen
    assert seen <= failed
    assert {name for name, passed in smoke.items() if not passed} == seen & {*smoke}


@pytest.mark.agreement
@pytest.mark.parametrize("fault", [*QUICK, *MORE])
def test_apidog_fails_what_newman_fails(tools, apidog, exported, fault):
    family = find("checks", Fault)[fault].breaks.family
    with contract.mock("vllm", fault=fault) as url:
        folder = exported("vllm", url)
        _, newman = by_newman(tools, folder)
        _, found = by_apidog(tools, folder, family)

    assert apidog
    # Its JUnit has skipped tests as passed ones.
    assert {one: newman[one] for one in found if one in newman}.items() <= found.items()
    assert {o for o, ok in found.items() if not ok} == {
        o for o, ok in newman.items() if not ok and o.partition(".")[0] == family
    }


@pytest.mark.parametrize(
    "dialect", ["mistral", *(agreement(one) for one in DIALECTS if one != "mistral")]
)
def test_bruno_runs_the_converted_tests(tools, mocks, exported, dialect, tmp_path):
    folder = exported(dialect, mocks(dialect))

    assert by_newman(tools, folder) == by_bruno(tools, folder, tmp_path)


@pytest.mark.agreement
def test_the_developer_sandbox_of_bruno_runs_them_too(tools, mocks, exported, tmp_path):
    folder = exported("vllm", mocks("vllm"))
    newman = by_newman(tools, folder)

    assert newman == by_bruno(tools, folder, tmp_path, "developer")


@pytest.mark.parametrize("fault", [FAULTS[0], *map(agreement, FAULTS[1:])])
def test_bruno_fails_what_newman_fails(tools, exported, fault, tmp_path):
    with contract.mock("mistral", fault=fault) as url:
        folder = exported("mistral", url)
        code, newman = by_newman(tools, folder)
        found = by_bruno(tools, folder, tmp_path)

    assert False in newman.values()
    assert (code, newman) == found


def fragments(project):
    """The parts of a native project: the name of their schema, and the value."""

    def endpoints(folder):
        for each in folder["items"]:
            if "api" in each:
                yield each
            else:
                yield from endpoints(each)

    for each in endpoints(project["apiCollection"][0]):
        api = {**each["api"], "name": each["name"]}
        api["customApiFields"] = json.loads(api["customApiFields"])
        cases = api.pop("cases")
        yield "endpoint-create", api
        # All cases are made alike; one per endpoint and the last are tried.
        for case in [*cases[:1], *cases[-1:]]:
            yield "test-case-create", case
    for each in project["schemaCollection"][0]["items"][:3]:
        schema = each["schema"]["jsonSchema"]
        yield "schema-create", {"name": each["name"], "jsonSchema": schema}
    for each in project["apiTestCaseCollection"][0]["children"][0]["items"][:2]:
        yield "test-scenario-create", each
        yield "test-scenario-update", each
    for each in project["environments"]:
        yield "environment-update", {k: v for k, v in each.items() if k != "id"}
    for each in project["docCollection"][0]["items"][:2]:
        page = {key: each[key] for key in ("name", "content", "visibility")}
        yield "doc-create", page


def test_apidog_accepts_the_parts_of_the_project(tools, apidog, command, tmp_path):
    recording = tmp_path / "recording"
    with contract.mock("mistral", fault="field-renamed") as url:
        command("verify", url, "--profile", "mistral", "--select", "reasoning",
                "--save", recording)  # fmt: skip
    folder = tmp_path / "out"
    command("export", "apidog", "--from", recording, "--out", folder)
    project = json.loads((folder / "project.apidog.json").read_text("utf-8"))
    part = tmp_path / "part.json"
    seen = set()
    for name, value in fragments(project):
        part.write_text(json.dumps(value), "utf-8")
        tools.run(apidog, "cli-schema", "validate", name, "--file", part, cwd=tmp_path)
        seen.add(name)
    suite = folder / "test-suite.create.json"
    tools.run(apidog, "cli-schema", "validate", "test-suite-create", "--file", suite,
              cwd=tmp_path)  # fmt: skip

    assert {"doc-create", "test-case-create", "test-scenario-create"} <= seen
    part.write_text(json.dumps({**value, "visibility": "NOWHERE"}), "utf-8")
    tools.run(apidog, "cli-schema", "validate", name, "--file", part, cwd=tmp_path,
              code=3)  # fmt: skip


@pytest.mark.parametrize("fault", [None, "created-as-date"])
def test_apidog_checks_the_schema_of_a_response_itself(tools, apidog, exported, fault):
    """A violation that no test in JavaScript asks about fails the step."""
    with contract.mock("vllm", fault=fault) as url:
        folder = exported("vllm", url)
        code, found = by_apidog(tools, folder, "usage")

    assert apidog
    assert all(found.values())
    assert code == (fault is not None)


class _Listener(BaseHTTPRequestHandler):
    """Keeps the texts that it is asked, and answers none of them."""

    said: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Keep the last message."""
        size = int(self.headers.get("content-length") or 0)
        asked = json.loads(self.rfile.read(size))["messages"][-1]["content"]
        self.said.append(asked)
        self.send_response(404)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@pytest.mark.parametrize("runner", ["newman", "apidog", "bru"])
def test_the_data_file_sends_each_text_twice_in_all_runners(
    tools, exported, runner, tmp_path, request
):
    with ThreadingHTTPServer(("127.0.0.1", 0), _Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        folder = exported("vllm", f"http://127.0.0.1:{server.server_port}")
        data = folder / "data" / "languages.csv"
        collection = folder / "each-language.postman.json"
        if runner == "newman":
            tools.run_any("newman", "run", collection, "-d", data, cwd=tmp_path)
        elif runner == "apidog":
            request.getfixturevalue("apidog")
            scenario = folder / "scenarios" / "each-language.apidog-cli.json"
            tools.run_any("apidog", "run", scenario, "-d", data, cwd=tmp_path)
        else:
            converted = to_bruno(tools, collection, tmp_path)
            tools.run_any("bru", "run", "-r", "--csv-file-path", data, cwd=converted)
        server.shutdown()
    said, _Listener.said[:] = sorted(_Listener.said), []

    assert said == sorted([*SENTENCES.values()] * 2)


@pytest.mark.parametrize("fault", [None, "field-renamed"])
def test_each_language_has_the_outcomes_of_the_fault(tools, exported, fault, tmp_path):
    with contract.mock("vllm", fault=fault) as url:
        folder = exported("vllm", url)
        code = tools.run_any(
            "newman", "run", folder / "each-language.postman.json", "-d",
            folder / "data" / "languages.json", cwd=tmp_path)  # fmt: skip

    assert code == (fault is not None)


class _Upload(BaseHTTPRequestHandler):
    """Stands for Apidog's cloud, and keeps what the client uploads."""

    uploads: ClassVar[list[dict[str, object]]] = []

    def _answer(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        if self.path.endswith("/import-data"):
            self.uploads.append(json.loads(self.rfile.read(size)))
        data = {"id": 1, "name": "p", "modules": [{"id": 11, "name": "Default module"}]}
        body = json.dumps({"success": True, "data": data}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815  # the names that the base class calls

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


def test_apidog_uploads_every_case_and_scenario(tools, apidog, exported, tmp_path):
    """What the cloud makes of it needs an account; what is uploaded does not."""
    folder = exported("mistral", "http://127.0.0.1:8700")
    project = folder / "project.apidog.json"
    with ThreadingHTTPServer(("127.0.0.1", 0), _Upload) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tools.run(apidog, "import", "--project", "1", "--format", "apidog",
                  "--file", project, "--access-token", "none",
                  "--api-base-url", f"http://127.0.0.1:{server.server_port}",
                  cwd=tmp_path)  # fmt: skip
        server.shutdown()
    (uploaded,) = _Upload.uploads
    scenarios = uploaded["data"]["apiTestCaseCollection"][0]["children"][0]["items"]
    given = json.loads(project.read_text("utf-8"))
    names = [
        each["name"]
        for each in given["apiTestCaseCollection"][0]["children"][0]["items"]
    ]

    assert [each["name"] for each in scenarios] == names
    assert uploaded["testCaseOverwriteMode"] == "name"
    assert uploaded["apiOverwriteMode"] == "methodAndPath"
