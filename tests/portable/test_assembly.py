"""The prelude assembles what Python assembles, of real and of faulty replies."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from contract.catalog import profiles
from contract.model.check import Fault
from contract.model.saved import FORMAT, load
from contract.plugins.discovery import find
from contract.portable import PORTABLE, asks, assemble, prelude
from contract.portable.assembly import clock_of
from contract.portable.facts import decoding_of, facts_of
from contract.testing.laws import representatives
from contract.testing.rehearsal import changed, clean

RECORDED = Path(__file__).parents[2] / "fixtures" / "exchanges"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")
ENTRY = """
const lines = require('fs').readFileSync(0, 'utf8').split('\\n').filter(Boolean);
const assemble = (line) => JSON.stringify(magistral.assemble(JSON.parse(line)));
lines.forEach((line) => console.log(assemble(line)));
"""


def recorded():
    """Every recorded exchange that a client without a key or a time limit may see."""
    for path in sorted(RECORDED.rglob("*.json")):
        saved = json.loads(path.read_text(encoding="utf-8"))
        if saved.get("format") == FORMAT:
            yield load(saved, profiles.named(saved["profile"]))


def rehearsed():
    """The replies of the mock in every dialect, sound and with each fault in turn."""
    for name in representatives():
        rehearsal = clean(name)
        for requirement in PORTABLE.values():
            probe = asks(requirement.check, rehearsal.profile)
            if probe is not None:
                yield rehearsal.send(probe)
    for fault in find("checks", Fault).values():
        where = [
            name
            for name in representatives()
            if fault.exists_in(clean(name).profile.dialect)
            and fault.breaks.needs <= clean(name).profile.offers
        ]
        if fault.breaks.id in PORTABLE and where:
            name = where[sum(fault.id.encode()) % len(where)]
            yield from map(changed(name, fault.apply).send, fault.breaks.sends[:2])


def seen_by_a_script(exchange):
    """Whether a script gets to see a reply: it is whole, and is UTF-8."""
    try:
        exchange.body.decode()
    except UnicodeDecodeError:
        return False
    return exchange.status is not None and exchange.end.value == "complete"


def given(exchange):
    """What a script is given of an exchange."""
    return {
        "status": exchange.status,
        "headers": exchange.headers,
        "text": exchange.text,
        "now": clock_of(exchange),
        "request": facts_of(exchange),
        "decoding": decoding_of(exchange.profile.dialect),
    }


def by_script(inputs):
    """What the prelude assembles of each of *inputs*."""
    lines = "\n".join(json.dumps(one) for one in inputs)
    done = subprocess.run(  # noqa: S603  # our own script
        [NODE, "-e", prelude() + ENTRY],
        input=lines,
        capture_output=True,
        encoding="utf-8",
        check=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@needs_node
@pytest.mark.parametrize("source", [recorded, rehearsed])
@pytest.mark.long
def test_the_prelude_assembles_what_python_does(source):
    found = {}
    for exchange in source():
        if seen_by_a_script(exchange):
            key = (exchange.profile.id, exchange.request.body, exchange.body)
            found[key, exchange.headers] = exchange
    exchanges = list(found.values())

    assembled = by_script(map(given, exchanges))

    assert len(assembled) == len(exchanges) > 100
    for exchange, theirs in zip(exchanges, assembled, strict=True):
        ours = json.loads(json.dumps(assemble(exchange)))
        wrong = {
            name: (ours.get(name), theirs.get(name))
            for name in ours.keys() | theirs.keys()
            if ours.get(name, "nothing") != theirs.get(name, "nothing")
        }
        assert wrong == {}, f"{exchange.profile.id}, {exchange.probe.name}"
