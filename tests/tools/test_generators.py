"""Code that generators make of openapi.yaml: imported, type-checked, and used."""

import json
import re
from textwrap import dedent

import pytest
from support.openapi_tools import OPENAPI

pytestmark = pytest.mark.tools
PACKAGE = "magistral_chat_contract_client"
# Sends each request with the generated client, and prints what it made of the reply.
SEND = f"""
import json, sys
from {PACKAGE} import AuthenticatedClient, models
from {PACKAGE}.api.chat import create_chat_completion

for case in json.load(sys.stdin):
    model = getattr(models, case["prefix"] + "ChatRequest")
    body = model.from_dict(case["body"])
    client = AuthenticatedClient(base_url=case["url"], token="any")
    reply = create_chat_completion.sync_detailed(client=client, body=body)
    print(json.dumps({{
        "name": case["name"],
        "sent": body.to_dict(),
        "status": reply.status_code,
        "answer": type(reply.parsed).__name__,
        "read": reply.parsed.to_dict() == json.loads(reply.content),
    }}))
"""
# Reads each request with the generated models, and prints what they write.
VALIDATE = """
import json, sys
import models

for case in json.load(sys.stdin):
    model = getattr(models, case["prefix"] + "ChatRequest")
    read = model.model_validate(case["body"])
    text = read.model_dump_json(exclude_unset=True, by_alias=True)
    print(json.dumps({"name": case["name"], "sent": json.loads(text)}))
"""


@pytest.fixture(scope="module")
def cases(requests, mocks, prefixes):
    """Each example of a request, with the prefix of its dialect and a mock of it."""
    found = []
    for name, body in requests.items():
        dialect = next(d for d in prefixes if name.startswith(d))
        prefix, url = prefixes[dialect], mocks(dialect)
        found.append({"name": name, "body": body, "prefix": prefix, "url": url})
    return found


def printed(tools, program, cases, folder):
    """The lines that a Python program prints for *cases*, as values."""
    (folder / "program.py").write_text(program, "utf-8")
    (folder / "cases.json").write_text(json.dumps(cases), "utf-8")
    run = "import sys; sys.stdin = open('cases.json'); import program"
    lines = tools.run("python", "-c", run, cwd=folder).splitlines()
    return [json.loads(line) for line in lines]


def test_openapi_python_client_makes_a_client_that_works(tools, cases, tmp_path):
    out = tools.run("openapi-python-client", "generate", "--path", OPENAPI,
                    "--output-path", tmp_path / "client", cwd=tmp_path)  # fmt: skip
    assert "warning" not in out.lower()
    assert "unable" not in out.lower()

    (tmp_path / "client" / PACKAGE).rename(tmp_path / PACKAGE)
    plain = [case for case in cases if not case["body"].get("stream")]
    done = printed(tools, SEND, plain, tmp_path)

    assert [case["body"] for case in plain] == [one["sent"] for one in done]
    assert [200] * len(plain) == [one["status"] for one in done]
    assert all(one["answer"].endswith("ChatResponse") for one in done)
    assert [] == [one["name"] for one in done if not one["read"]]


def test_datamodel_code_generator_makes_models_that_write_what_they_read(
    tools, cases, tmp_path
):
    tools.run("datamodel-codegen", "--input", OPENAPI, "--output",
              tmp_path / "models.py", cwd=tmp_path)  # fmt: skip
    done = printed(tools, VALIDATE, cases, tmp_path)

    assert [case["body"] for case in cases] == [one["sent"] for one in done]


def typescript(document, cases, prefixes):
    """Assign every example of a request and an answer to its generated type."""
    chat = document["paths"]["/v1/chat/completions"]["post"]
    answers = chat["responses"]["200"]["content"]["application/json"]["examples"]
    values = [(case["prefix"] + "ChatRequest", case["body"]) for case in cases]
    for name, example in answers.items():
        prefix = prefixes[next(d for d in prefixes if name.startswith(d))]
        target = example["$ref"].rpartition("/")[2]
        value = document["components"]["examples"][target]["value"]
        values.append((prefix + "ChatResponse", value))
    lines = [
        f'export const value{number}: S["{name}"] = {json.dumps(value)};'
        for number, (name, value) in enumerate(values)
    ]
    return "\n".join(['import type { components } from "./schema";',
                      'type S = components["schemas"];', *lines])  # fmt: skip


USE = """
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

const client = createClient<paths>({ baseUrl: process.argv[2] });
const body = {
  model: "magistral-small-2509",
  messages: [{ role: "user", content: "What is 6 times 7?" }],
} satisfies components["schemas"]["Vllm016ChatRequest"];
const { data, error, response } = await client.POST("/v1/chat/completions", { body });
if (!data) throw new Error(`${response.status} ${JSON.stringify(error)}`);
const answer = data as components["schemas"]["Vllm016ChatResponse"];
console.log(answer.choices[0].message.content);
"""


def test_openapi_typescript_makes_types_that_fit(  # noqa: PLR0913, PLR0917  # fixtures
    tools, document, cases, prefixes, mocks, tmp_path
):
    folder = tools.beside(tmp_path)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "values.ts").write_text(typescript(document, cases, prefixes))
    (folder / "use.ts").write_text(dedent(USE))
    (folder / "wrong.ts").write_text(
        'import type { components } from "./schema";\n'
        'export const wrong: components["schemas"]["Vllm016ChatRequest"] =\n'
        '  { messages: [{ role: "nobody", content: "" }] };\n'
    )
    tools.run("openapi-typescript", OPENAPI, "-o", folder / "schema.d.ts", cwd=folder)
    options = ("--strict", "--target", "es2022", "--module", "esnext",
               "--moduleResolution", "bundler", "--skipLibCheck", "false",
               "--types", "node")  # fmt: skip
    tools.run("tsc", *options, "values.ts", "use.ts", cwd=folder)
    told = tools.run("tsc", *options, "--noEmit", "wrong.ts", cwd=folder, code=2)
    said = tools.run("node", "use.js", mocks("vllm-0.16"), cwd=folder)

    assert re.search(r"'\"nobody\"' is not assignable", told)
    assert "42" in said
