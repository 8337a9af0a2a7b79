"""An API key appears in no output, even if the server returns it."""

from __future__ import annotations

import itertools
import json
import re
from typing import get_args
from urllib.parse import quote

import pytest
from support.spellings import SPELLINGS, readings

from contract.plugins.discovery import find
from contract.reporters.base import Reporter
from contract.targets.base import KeyOption, TargetKind, options

KEY = 'sk-live/7f+1"9=secret-of-a&b_c'
CARD = {"id": "m", "object": "model", "created": 1, "owned_by": "vllm"}
FEW = ("--select", "rejections", "--select", "schema", "--select", "usage.sums-up")
NUMBERS = itertools.count()


def echo(c):
    """Return the key of the request in the body and in a header, spelled in turn."""
    if c.line.startswith("GET /v1/models "):
        c.answer({"object": "list", "data": [CARD]})
        return
    head = c.request.partition(b"\r\n\r\n")[0].decode("latin-1")
    found = re.search(r"(?i)authorization: (?:Bearer )?(.*)", head)
    key = found.group(1).strip() if found else "nothing"
    name = [*SPELLINGS][next(NUMBERS) % len(SPELLINGS)]
    spelled = SPELLINGS[name](key)
    c.answer(
        body=json.dumps({"error": {"message": f"wrong: {spelled}", "type": "t"}})
        .replace("/", "\\/")
        .encode(),
        status=400,
        headers=(
            ("Content-Type", "application/json"),
            ("X-Echo", spelled.replace("\n", "")),
        ),
    )


def reject(c):
    c.answer(
        {"detail": f"{KEY} is not valid, nor is {quote(KEY, safe='')}"}, status=401
    )


def every_report(folder):
    """Make a folder for reports; return it and the options that write each kind."""
    files = folder / "reports"
    files.mkdir()
    kinds = find("reporters", Reporter)
    return files, [f"--report={kind}={files / kind}" for kind in kinds]


@pytest.mark.parametrize(
    "script",
    [pytest.param(echo, id="echoed"), pytest.param(reject, id="rejected")],
)
def test_an_echoed_key_is_in_no_output_and_no_file(
    served, command, tmp_path, monkeypatch, script
):
    monkeypatch.setenv("MY_KEY", KEY)
    server = served(script)
    files, reports = every_report(tmp_path)
    done = command(
        *("verify", f"{server.url}/v1", "--profile", "vllm", "--verbose"),
        *("--api-key-env", "MY_KEY", "--save", tmp_path / "saved"),
        *(*FEW, *reports),
    )
    written = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes().decode()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    # What is read again does not know the key, so that no mask of that run can help.
    monkeypatch.delenv("MY_KEY")
    saved = tmp_path / "saved"
    again = [command("compare", saved, saved, "--verbose", *FEW)]
    again += [
        command("replay", saved, "--report", f"{one.id}=-", *FEW)
        for one in find("reporters", Reporter).values()
    ]
    printed = {
        f"{place} {number}": text
        for number, one in enumerate((done, *again))
        for place, text in (("standard output", one.out), ("standard error", one.err))
    }

    assert done.code == (1 if script is echo else 3)
    assert any(KEY.encode() in request for request in server.requests)
    assert script is reject or len(server.requests) > len(SPELLINGS)
    assert {one.id for one in find("reporters", Reporter).values()} == {
        path.name for path in files.iterdir()
    }
    assert [] == [
        place
        for place, text in {**written, **printed}.items()
        if any(KEY in one for one in readings(text, 2 if len(text) < 20_000 else 1))
    ]


@pytest.mark.parametrize(
    "option",
    [
        pytest.param(f"--header=X-Tenant: {KEY}", id="typed"),
        pytest.param("--header-env=X-Tenant=MY_TENANT", id="from-a-variable"),
        pytest.param("--profiles=PROFILES", id="of-the-profile"),
    ],
)
@pytest.mark.long
def test_an_echoed_header_is_in_no_output_and_no_file(
    served, command, tmp_path, monkeypatch, option
):
    monkeypatch.setenv("MY_TENANT", KEY)
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(
        '[ours]\nlike = "vllm-0.32"\nheaders = {X-Tenant = "MY_TENANT"}\n'
    )
    option = option.replace("PROFILES", str(profiles))
    profile = "ours" if str(profiles) in option else "vllm"

    def script(c):
        if c.line.startswith("GET /v1/models "):
            c.answer({"object": "list", "data": [CARD]})
            return
        head = c.request.partition(b"\r\n\r\n")[0].decode("latin-1")
        found = re.search(r"(?i)x-tenant: (.*)", head)
        tenant = found.group(1).strip() if found else "nothing"
        c.answer(
            {"error": {"message": f"wrong: {head}", "type": "t", "param": tenant}},
            status=400,
            headers=(("Content-Type", "application/json"), ("X-Echo", tenant)),
        )

    server = served(script)
    _, reports = every_report(tmp_path)
    done = command(
        *("verify", f"{server.url}/v1", "--profile", profile, "--verbose"),
        *(option, "--save", tmp_path / "saved", *FEW, *reports),
    )
    written = [p.read_bytes().decode() for p in tmp_path.rglob("*") if p.is_file()]
    everything = "\n".join([*written, done.out, done.err])

    assert done.code == 1
    assert all(KEY.encode() in request for request in server.requests)
    assert not any(KEY in reading for reading in readings(everything))
    assert "further headers of every request: X-Tenant;" in done.out


def test_the_key_of_a_target_is_in_no_output_and_no_file(command, tmp_path):
    _, reports = every_report(tmp_path)
    done = command(
        *("verify", "mock?key=sk-of-a-target", "mock:vllm?key=sk-of-a-target&seed=3"),
        *("--select", "rejections", "--verbose", "--save", tmp_path / "saved"),
        *reports,
    )
    written = {
        path: path.as_posix() + path.read_bytes().decode()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }

    assert done.code == 0
    assert len(written) > len(reports)
    assert "mock:vllm?key=***&seed=3" in done.out
    assert not any("sk-of-a-target" in text for text in written.values())
    assert "sk-of-a-target" not in done.out + done.err


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        pytest.param(("mok?key=sk-1",), "mok?key=***", id="of-an-unknown-kind"),
        pytest.param(
            ("mock?key=sk-1", "mock?key=sk-2"),
            "differ only by their key",
            id="twice-with-another",
        ),
    ],
)
def test_the_key_of_a_rejected_target_is_not_printed(command, targets, message):
    done = command("verify", *targets)

    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "sk-" not in done.err


def test_every_option_for_a_key_is_named_key():
    kinds = find("targets", TargetKind).values()
    keys = {
        option.name
        for kind in kinds
        for option in options(kind)
        if option.description == get_args(KeyOption)[1]
    }

    assert keys == {"key"}
