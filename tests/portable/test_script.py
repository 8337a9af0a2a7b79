"""Scripts of Postman: what they ask, what they hold, and what they decide."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from contract.catalog import profiles
from contract.checks.streaming.ending import ends_with_done
from contract.errors import UsageError
from contract.model.check import Check
from contract.model.profile import Capability
from contract.plugins.discovery import find
from contract.portable import PORTABLE, VARIABLE, asks, prelude, share
from contract.portable import test_script as script
from contract.portable.script import ranges
from contract.testing.rehearsal import clean

VLLM = profiles.named("vllm")
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
# A client of Postman's scripts: a reply, and an Ajv that finds what it is told to.
CLIENT = """
const outcomes = {};
const test = (name, body) => {
  try { body(); outcomes[name] = 'pass'; } catch (e) { outcomes[name] = e.message; }
};
test.skip = (name) => { outcomes[name] = 'skip'; };
const headers = HEADERS.map(([key, value]) => ({key, value}));
const pm = {test, response: {code: STATUS, text: () => TEXT,
  headers: {each: (f) => headers.forEach(f)}},
  collectionVariables: {get: (name) => ({[VARIABLE]: PRELUDE}[name])},
  variables: {get: () => undefined}};
"""
AJV = """
class Ajv {
  validate(schema, reply) {
    const key = JSON.stringify(schema);
    if (key.includes('sentinels') && key.includes('events')) return reply.streamed;
    const params = {allowedValue: 1};
    this.errors = [{dataPath: '.stream.sentinels', message: 'should equal', params}];
    return reply.stream.sentinels === 1;
  }
}
const require = () => Ajv;
"""


def outcomes(exchange, **more):
    """What the script about `streaming.ends-with-done` says of a reply."""
    (outcome,) = by_name(exchange, **more).values()
    return outcome


def by_name(exchange, *, text=None, shared=False):
    """The outcome of the test that the script makes, by its name."""
    lines = script([ends_with_done.id], exchange.profile, exchange.probe, shared=shared)
    values = {
        "HEADERS": exchange.headers,
        "STATUS": exchange.status,
        "TEXT": exchange.text if text is None else text,
        "PRELUDE": prelude(),
        "VARIABLE": VARIABLE,
    }
    client = re.sub(
        r"\b(HEADERS|STATUS|TEXT|PRELUDE|VARIABLE)\b",
        lambda found: json.dumps(values[found[0]]),
        CLIENT,
    )
    source = "\n".join((client, AJV, *lines, "console.log(JSON.stringify(outcomes));"))
    done = subprocess.run(  # noqa: S603  # our own script
        [NODE, "-"],
        input=f"(function () {{{source}}}());",
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=30,
    )
    return json.loads(done.stdout)


@needs_node
def test_a_script_passes_fails_and_skips():
    exchange = clean("vllm-0.32").send(asks(ends_with_done, VLLM))
    without = exchange.text.replace("data: [DONE]\n\n", "")

    assert outcomes(exchange) == "pass"
    assert outcomes(exchange, shared=True) == "pass"
    assert outcomes(exchange, text=json.dumps(exchange.text)) == "pass"
    assert outcomes(exchange, text=without) == (".stream.sentinels must be 1, not 0")


BRUNO = """
const outcomes = {};
const test = async (name, body) => {
  try { await body(); outcomes[name] = 'pass'; }
  catch (e) { outcomes[name] = e.message; }
};
const res = {getStatus: () => STATUS, getBody: () => (BODY),
  getHeaders: () => Object.fromEntries(HEADERS)};
"""


def by_bruno(exchange, *, body=None, more=""):
    """The outcomes of the same script where there is no `pm`, as in Bruno."""
    values = {
        "HEADERS": exchange.headers,
        "STATUS": exchange.status,
        "BODY": exchange.text if body is None else body,
    }
    client = re.sub(
        r"\b(HEADERS|STATUS|BODY)\b", lambda one: json.dumps(values[one[0]]), BRUNO
    )
    lines = script([ends_with_done.id], exchange.profile, exchange.probe)
    print_ = "setTimeout(() => console.log(JSON.stringify(outcomes)));"
    source = "\n".join((client, AJV, more, *lines, print_))
    done = subprocess.run(  # noqa: S603  # our own script
        [NODE, "-"],
        input=f"(function () {{{source}}}());",
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=30,
    )
    return [*json.loads(done.stdout).values()]


@needs_node
def test_a_script_decides_in_bruno_as_in_postman():
    exchange = clean("vllm-0.32").send(asks(ends_with_done, VLLM))
    without = exchange.text.replace("data: [DONE]\n\n", "")
    raw = "res.getDataBuffer = () => Buffer.from(res.getBody()); "
    whole = replace(exchange, headers=(("content-type", "application/json"),))

    assert by_bruno(exchange) == ["pass"]
    assert by_bruno(exchange, body=without) == [".stream.sentinels must be 1, not 0"]
    assert by_bruno(exchange, more=raw) == ["pass"]
    # What does not apply is left out: Bruno cannot skip a test.
    assert by_bruno(whole, body={"choices": []}) == []


@needs_node
def test_without_a_response_every_test_says_so():
    exchange = clean("vllm-0.32").send(asks(ends_with_done, VLLM))
    none = replace(exchange, status=None, headers=())

    assert outcomes(none, text="") == "there is no response"


@needs_node
def test_a_reply_of_an_unexpected_status_fails():
    exchange = clean("vllm-0.32").send(asks(PORTABLE["rejections.n-zero"].check, VLLM))

    assert outcomes(exchange) == "status 400 was not expected"


@pytest.mark.parametrize("name", ["mistral", "vllm", "llamacpp", "transformers"])
def test_the_request_is_one_that_a_collection_can_send(name):
    profile = profiles.named(name)
    asked = {
        id_: probe
        for id_, requirement in PORTABLE.items()
        if (probe := asks(requirement.check, profile)) is not None
    }

    assert len(asked) > 80
    for id_, probe in asked.items():
        assert probe in PORTABLE[id_].check.sends
        assert (probe.fill, probe.canary, probe.hang_up_after) == (None, False, None)
        assert PORTABLE[id_].check.needs <= profile.offers


def test_nothing_is_asked_of_what_is_not_portable_or_does_not_apply():
    check = PORTABLE["rejections.invalid-utf8"].check
    tolerated = next(
        one.check
        for one in PORTABLE.values()
        if one.check.unless in profiles.named("llamacpp").tolerates
    )

    assert asks(find("checks", Check)["schema.event"], VLLM) is None
    assert asks(check, VLLM) is None  # its body is no text
    assert asks(tolerated, profiles.named("llamacpp")) is None
    needs_key = PORTABLE["rejections.no-key"].check
    assert Capability.KEY_REQUIRED in needs_key.needs
    assert (asks(needs_key, VLLM) is None) == (
        Capability.KEY_REQUIRED not in VLLM.offers
    )


def test_a_script_names_each_check_with_its_requirement():
    ids = ["usage.sums-up", "streaming.ends-with-done"]
    probe = asks(ends_with_done, VLLM)

    whole = "\n".join(script(ids, VLLM, probe))
    shared = "\n".join(script(ids, VLLM, probe, shared=True))

    for id_ in ids:
        assert f'"{id_}: {PORTABLE[id_].check.requirement}"' in whole
    assert prelude() in whole
    assert prelude() not in shared
    assert VARIABLE in shared
    assert shared == "\n".join(share(script(ids, VLLM, probe)))
    assert share(["pm.test('mine', f);"]) == ("pm.test('mine', f);",)
    assert whole.isascii()
    assert "{{" not in whole  # Postman would take it for a variable


def test_a_check_that_is_not_portable_has_no_script():
    with pytest.raises(UsageError, match=r"schema\.event: not portable"):
        script(["schema.event"], VLLM, asks(ends_with_done, VLLM))


def test_the_prelude_is_small_and_has_no_comment():
    lines = prelude().splitlines()

    assert not [line for line in lines if line.lstrip().startswith("//")]
    assert "TextDecoder" not in prelude()
    assert "require(" not in prelude()


def test_statuses_are_written_as_ranges():
    assert ranges({200}) == [[200, 200]]
    assert ranges([400, 401, 402, 422]) == [[400, 402], [422, 422]]
    assert ranges(()) == []


@needs_node
@pytest.mark.parametrize(
    ("waivers", "said"),
    [
        pytest.param({ends_with_done.id: "known"}, " [waived: known]", id="check"),
        pytest.param(
            {f"{ends_with_done.id}@streamed": "of streams"},
            " [waived: of streams]",
            id="feature",
        ),
        pytest.param({f"{ends_with_done.id}@tools": "of tools"}, "", id="another"),
    ],
)
def test_a_waived_failure_passes_with_its_reason(waivers, said):
    exchange = clean(VLLM.id).send(ends_with_done.sends[0])
    waiving = replace(exchange, profile=replace(exchange.profile, waivers=waivers))
    broken = exchange.text.replace("data: [DONE]\n\n", "")

    ((name, outcome),) = by_name(waiving, text=broken).items()
    ((sound, _),) = by_name(waiving).items()

    assert (outcome == "pass") == bool(said)
    assert name.endswith(said)
    assert "waived" not in sound
