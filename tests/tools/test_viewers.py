"""API clients, mocks and viewers that read openapi.yaml as it is."""

import json
import subprocess
import sys
import time

import httpx
import pytest
from support.openapi_tools import LIMIT, OPENAPI

from contract.engines.process import free_port

pytestmark = pytest.mark.tools
CHAT = "/v1/chat/completions"
OPERATIONS = 11
# What the mock of vLLM's chats does not have, or not under the name of the example.
ELSEWHERE = {
    "Create a response",
    "Count the tokens of a prompt",
    "Get one model",
    "List the slots and whether they are busy",
}
START = 60.0  # seconds until Prism listens


def statuses(tools, collection, url, folder):
    """The status of each request of a Postman collection, by its name."""
    tools.run("newman", "run", collection, "--env-var", f"baseUrl={url}",
              "--env-var", "bearerToken=any", "--reporters", "json",
              "--reporter-json-export", folder / "run.json", cwd=folder)  # fmt: skip
    run = json.loads((folder / "run.json").read_text("utf-8"))["run"]
    return {e["item"]["name"]: e["response"]["code"] for e in run["executions"]}


def test_postman_sends_the_examples(tools, mocks, tmp_path):
    collection = tmp_path / "collection.json"
    tools.run("openapi2postmanv2", "-s", OPENAPI, "-o", collection,
              "-O", "parametersResolution=Example", cwd=tmp_path)  # fmt: skip
    hosted = statuses(tools, collection, mocks("mistral"), tmp_path)
    local = statuses(tools, collection, mocks("vllm"), tmp_path)

    assert OPERATIONS == len(hosted) == len(local)
    # The rest are the paths of the other servers.
    assert {"Create a chat completion", "List the available models",
            "Get one model"} == {n for n, s in hosted.items() if s == 200}  # fmt: skip
    assert ELSEWHERE | {
        "Get one model",
        "List the slots and whether they are busy",
    } == {name for name, status in local.items() if status != 200}


def test_postman_by_default_sends_placeholders(tools, mocks, tmp_path):
    """Why docs/openapi.md asks for an option."""
    collection = tmp_path / "collection.json"
    tools.run("openapi2postmanv2", "-s", OPENAPI, "-o", collection, cwd=tmp_path)

    assert '\\"model\\": \\"<string>\\"' in collection.read_text("utf-8")
    run = statuses(tools, collection, mocks("vllm"), tmp_path)
    assert run["Create a chat completion"] == 400


def test_bruno_imports_and_sends_the_examples(tools, mocks, tmp_path):
    folder = tmp_path / "collection"
    tools.run("bru", "import", "openapi", "--source", OPENAPI, "--output", folder,
              cwd=tmp_path)  # fmt: skip
    tools.run("bru", "run", "--env", "The mock server of this project",
              "--env-var", f"baseUrl={mocks('vllm')}",
              "--reporter-json", tmp_path / "run.json", cwd=folder)  # fmt: skip
    (run,) = json.loads((tmp_path / "run.json").read_text("utf-8"))
    got = {one["name"]: one["response"]["status"] for one in run["results"]}

    assert OPERATIONS == len(got)
    assert ELSEWHERE | {
        "Get one model",
        "List the slots and whether they are busy",
    } == {name for name, status in got.items() if status != 200}


@pytest.fixture(params=["mistral", "vllm", "llamacpp"])
def alone(request, command, tmp_path):
    """The name of a dialect, and the file that `openapi --dialect` prints for it."""
    path = tmp_path / "alone.yaml"
    path.write_text(command("openapi", "--dialect", request.param).out, "utf-8")
    return request.param, path


def test_postman_sends_every_request_of_one_dialect(tools, mocks, alone, tmp_path):
    dialect, document = alone
    collection = tmp_path / "collection.json"
    tools.run("openapi2postmanv2", "-s", document, "-o", collection,
              "-O", "parametersResolution=Example", cwd=tmp_path)  # fmt: skip

    assert {200} == {*statuses(tools, collection, mocks(dialect), tmp_path).values()}


def test_bruno_sends_every_request_of_one_dialect(tools, mocks, alone, tmp_path):
    dialect, document = alone
    folder = tmp_path / "collection"
    tools.run("bru", "import", "openapi", "--source", document, "--output", folder,
              cwd=tmp_path)  # fmt: skip
    tools.run("bru", "run", "--env", "The mock server of this project",
              "--env-var", f"baseUrl={mocks(dialect)}",
              "--reporter-json", tmp_path / "run.json", cwd=folder)  # fmt: skip
    (run,) = json.loads((tmp_path / "run.json").read_text("utf-8"))

    assert {200} == {one["response"]["status"] for one in run["results"]}


def test_stock_schemathesis_finds_nothing_in_the_examples(mocks, alone):
    dialect, document = alone
    command = (sys.executable, "-m", "schemathesis.cli", "run", str(document),
               "--url", mocks(dialect), "--phases", "examples")  # fmt: skip
    done = subprocess.run(  # noqa: S603  # the tool of the tests' environment
        command, capture_output=True, text=True, check=False, timeout=LIMIT
    )

    assert done.returncode == 0, done.stdout
    assert "No issues found" in done.stdout


def test_a_document_of_one_dialect_has_no_lint_error(tools, alone, tmp_path):
    _, document = alone
    tools.run("redocly", "lint", document, cwd=tmp_path)


@pytest.fixture(scope="module")
def prism(tools, tmp_path_factory):
    """The address of `prism mock openapi.yaml`."""
    port = free_port()
    log = tmp_path_factory.mktemp("prism") / "log"
    command = [tools.path("prism"), "mock", "--port", str(port), OPENAPI]
    url = f"http://127.0.0.1:{port}"
    with log.open("w") as out:
        process = subprocess.Popen(  # noqa: S603  # a tool that the script installed
            command, stdout=out, stderr=out, env=tools.environment()
        )
        try:
            end = time.monotonic() + START
            while "is listening" not in log.read_text("utf-8"):
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < end, log.read_text("utf-8")
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=10)


def test_prism_answers_each_example_with_its_pair(prism, document, requests):
    content = document["paths"][CHAT]["post"]["responses"]["200"]["content"]
    paired = {name for media in content.values() for name in media["examples"]}
    for name, body in requests.items():
        headers = {"accept": "text/event-stream" if body.get("stream") else "*/*"}
        if name in paired:
            headers["prefer"] = f"example={name}"
        reply = httpx.post(prism + CHAT, json=body, headers=headers)

        assert reply.status_code == 200, (name, reply.text)
        if name in paired:
            media = content[reply.headers["content-type"].partition(";")[0]]
            target = media["examples"][name]["$ref"].rpartition("/")[2]
            value = document["components"]["examples"][target]["value"]
            if isinstance(value, str):
                assert value.strip() == reply.text.strip()  # it drops the last line end
            else:
                assert value == reply.json()


def test_prism_rejects_a_request_that_no_dialect_accepts(prism):
    reply = httpx.post(prism + CHAT, json={"messages": "hello"})

    assert reply.status_code in {400, 422}


def test_redoc_builds_a_page_with_every_operation(tools, document, tmp_path):
    """The page is drawn in the browser, from the document that it contains."""
    tools.run("redocly", "build-docs", OPENAPI, "-o", tmp_path / "redoc.html",
              cwd=tmp_path)  # fmt: skip
    page = (tmp_path / "redoc.html").read_text("utf-8")
    for item in document["paths"].values():
        for method in {"get", "post"} & set(item):
            assert f'"operationId":"{item[method]["operationId"]}"' in page


# What Swagger UI does with the document, and behind "Try it out"; and what Scalar
# reads it with. Both need a browser to draw.
VIEWERS = """
import fs from "node:fs";
import yaml from "js-yaml";
import { dereference, validate } from "@scalar/openapi-parser";
import SwaggerClient from "swagger-client";

const text = fs.readFileSync(process.argv[2], "utf8");
const { valid, errors } = await validate(text);
const read = await dereference(text);
const swagger = await SwaggerClient({ spec: yaml.load(text) });
const media = swagger.spec.paths["/v1/chat/completions"].post.requestBody.content;
const [first] = Object.values(media["application/json"].examples);
const reply = await SwaggerClient.execute({
  spec: swagger.spec,
  operationId: "createChatCompletion",
  requestBody: first.value,
  server: process.argv[3],
});
console.log(JSON.stringify({
  valid, errors, paths: Object.keys(read.schema.paths),
  swagger: swagger.errors, tags: Object.keys(swagger.apis), status: reply.status,
}));
"""


def test_swagger_ui_and_scalar_read_it_without_an_error(
    tools, document, mocks, tmp_path
):
    folder = tools.beside(tmp_path)
    (folder / "viewers.mjs").write_text(VIEWERS)
    # As Swagger UI does, the server's address comes from the document.
    text = OPENAPI.read_text("utf-8").replace("http://127.0.0.1:8700", mocks("mistral"))
    (folder / "openapi.yaml").write_text(text, "utf-8")
    arguments = ("viewers.mjs", "openapi.yaml", mocks("mistral"))
    got = json.loads(tools.run("node", *arguments, cwd=folder))

    assert got == {
        "valid": True,
        "errors": [],
        "paths": list(document["paths"]),
        "swagger": [],
        "tags": [tag["name"] for tag in document["tags"]],
        "status": 200,
    }
