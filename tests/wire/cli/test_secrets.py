"""An API key appears nowhere, whatever the provider makes of it."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote

import pytest

from contract.catalog import find
from contract.reporters.base import Reporter

KEY = 'sk-live/7f+1"9=secret-of-somebody'
# As it is, inside JSON, in an address, and as Basic credentials.
SPELLINGS = (
    KEY,
    KEY.replace('"', '\\"'),
    quote(KEY, safe=""),
    base64.b64encode(f":{KEY}".encode()).decode(),
)
CARD = {"id": "m", "object": "model", "created": 1, "owned_by": "vllm"}
FEW = ("--select", "rejections", "--select", "schema", "--select", "usage.sums-up")


def echo(c):
    """Tells the sender all it sent, in the body and in a header."""
    if c.line.startswith("GET /v1/models "):
        c.answer({"object": "list", "data": [CARD]})
        return
    head = c.request.partition(b"\r\n\r\n")[0].decode("latin-1")
    found = re.search(r"(?i)authorization: (.*)", head)
    told = found.group(1).strip() if found else "nothing"
    c.answer(
        {"error": {"message": f"wrong: {head}", "type": "t", "param": told}},
        status=400,
        headers=(("Content-Type", "application/json"), ("X-Echo", told)),
    )


def turn_away(c):
    c.answer(
        {"detail": f"{KEY} is not welcome, nor is {quote(KEY, safe='')}"}, status=401
    )


@pytest.mark.parametrize(
    "script",
    [pytest.param(echo, id="echoed"), pytest.param(turn_away, id="refused")],
)
def test_a_key_is_in_no_output_and_in_no_file(
    served, command, tmp_path, monkeypatch, script
):
    monkeypatch.setenv("MY_KEY", KEY)
    server = served(script)
    files = tmp_path / "reports"
    files.mkdir()
    reports = [
        f"--report={one.id}={files / one.id}"
        for one in find("reporters", Reporter).values()
    ]
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
    shown = {**written, "standard output": done.out, "standard error": done.err}

    assert done.code == (1 if script is echo else 3)
    assert any(KEY.encode() in request for request in server.requests)
    assert {one.id for one in find("reporters", Reporter).values()} == {
        path.name for path in files.iterdir()
    }
    assert [] == [
        (place, spelling)
        for place, text in shown.items()
        for spelling in SPELLINGS
        if spelling in text
    ]
