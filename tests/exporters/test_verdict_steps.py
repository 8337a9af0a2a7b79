"""Items of a collection that read one verdict each; tests/tools runs them in newman."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from contract.exporters.verdict_steps import assertion_name, verdict_items
from contract.model.check import Check
from contract.plugins.discovery import find

CHECKS = tuple(find("checks", Check).values())


def test_each_check_is_one_request_with_one_test_of_its_name():
    items = verdict_items(CHECKS)

    assert [item["name"] for item in items] == [check.id for check in CHECKS]
    assert len({item["id"] for item in items}) == len(CHECKS)
    for check, item in zip(CHECKS, items, strict=True):
        request = item["request"]
        assert request["method"] == "GET"
        assert request["url"]["raw"].startswith(
            f"{{{{verdictsUrl}}}}/verdicts/{check.id}?"
        )
        assert request["header"] == [
            {"key": "Authorization", "value": "Bearer {{verdictsToken}}"}
        ]
        script = "\n".join(item["event"][0]["script"]["exec"])
        quoted = re.findall(r'^const .* = (".*");$', script, re.MULTILINE)
        assert list(map(json.loads, quoted)) == [check.id, assertion_name(check)]
        assert assertion_name(check) == f"{check.id}: {check.requirement}"


def test_an_item_depends_on_its_check_alone():
    assert verdict_items(CHECKS[3:5]) == verdict_items(CHECKS)[3:5]


def test_a_requirement_cannot_leave_its_string():
    requirement = 'It MUST "hold";\n throw 1 // %s \u2028 {{secret}}.'
    (item,) = verdict_items([replace(CHECKS[0], requirement=requirement)])

    lines = item["event"][0]["script"]["exec"]

    plain = verdict_items([CHECKS[0]])[0]["event"][0]["script"]["exec"]
    assert len(lines) == len(plain)
    assert json.dumps(requirement)[1:-1] in lines[1]
    assert all(line.isascii() for line in lines)
