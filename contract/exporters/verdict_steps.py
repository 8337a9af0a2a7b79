"""
Postman items that read verdicts from `serve --verdicts`: one request and one test each.

The same scripts run in Postman, newman and Apidog, which judge nothing
themselves: what a test shows is what `magistral-contract verify` found. Nothing is
sent to the server under test.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from contract.model.check import Check

URL, TOKEN = "verdictsUrl", "verdictsToken"
"""The variables of a collection: the root of the verdict server, and its token."""

WAIT = 600
"""Seconds to wait for the first verdicts; the most that the server allows."""

# What a verdict other than a plain pass or failure appends to the name of its test.
SKIPPED, WAIVED, WARNING = "skipped", "waived", "warning"
CANNOT_JUDGE = "cannot be judged"

# `response.json` is that of a verdict (docs/verdicts.md), or {"error": SENTENCE}. The
# name is known without it, so that each check has a test whatever the server says.
_SCRIPT = """\
const check = %(check)s;
const name = %(name)s;
let verdict = null;
try { verdict = pm.response.json(); } catch (error) { verdict = null; }
const found = verdict !== null && typeof verdict === "object" ? verdict : {};
const known = pm.response.code === 200 && found.check === check;
const outcome = known ? found.outcome : "";
if (outcome === "skip") {
  pm.test.skip(name + " [%(skipped)s: " + found.message + "]", function () {});
} else if (outcome === "fail" && found.violates === false) {
  pm.test.skip(name + " [%(warning)s: " + found.message + "]", function () {});
} else if (outcome === "waived") {
  pm.test(name + " [%(waived)s: " + found.message + "]", function () {});
} else {
  pm.test(name, function () {
    if (outcome === "pass") { return; }
    if (outcome === "fail") { throw new Error(found.message); }
    const reason = known ? found.message : found.error;
    const status = pm.response.code ? "HTTP " + pm.response.code : "no response";
    throw new Error("%(cannot)s: " + (reason || status + " from the verdict server"));
  });
}"""


def verdict_items(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """
    Return a Postman v2.1 item for each of *checks*, in their order.

    The id and the name of an item depend on the id of its check alone. A collection
    that holds them needs the variables `verdictsUrl`, such as `http://127.0.0.1:8700`,
    and `verdictsToken`, which may be empty if the server demands none.

    The test is named "CHECK: REQUIREMENT". It passes, or fails with the first finding
    and its hint. A skipped check and a failure that does not fail the run (a SHOULD
    without `--strict`, a MAY) are skipped tests; the known failure of a waiver passes,
    and what could not be judged fails. In these cases the reason is in the name, or in
    the message. Usage::

        {"info": …, "variable": …, "item": verdict_items(checks)}
    """
    return [_item(check) for check in checks]


def assertion_name(check: Check) -> str:
    """Return the name of the test of *check*, before what its verdict appends."""
    return f"{check.id}: {check.requirement}"


def _item(check: Check) -> dict[str, Any]:
    path = ["verdicts", quote(check.id, safe="")]
    script = _SCRIPT % {
        "check": json.dumps(check.id),
        "name": json.dumps(assertion_name(check)),
        "skipped": SKIPPED,
        "warning": WARNING,
        "waived": WAIVED,
        "cannot": CANNOT_JUDGE,
    }
    return {
        "id": f"verdict-{check.id.replace('.', '-')}",
        "name": check.id,
        "request": {
            "method": "GET",
            "description": f"{check.requirement}\n\nSource: {check.source}",
            "header": [{"key": "Authorization", "value": f"Bearer {{{{{TOKEN}}}}}"}],
            "url": {
                "raw": f"{{{{{URL}}}}}/{'/'.join(path)}?wait={WAIT}",
                "host": [f"{{{{{URL}}}}}"],
                "path": path,
                "query": [{"key": "wait", "value": str(WAIT)}],
            },
        },
        "response": [],
        "event": [
            {
                "listen": "test",
                "script": {"type": "text/javascript", "exec": script.splitlines()},
            }
        ],
    }
