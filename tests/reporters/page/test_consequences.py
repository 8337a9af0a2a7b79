"""What users notice: a sentence for each family, and one by level for plug-ins."""

from __future__ import annotations

from dataclasses import replace

from contract.model.check import Check
from contract.plugins.discovery import find
from contract.reporters.page.consequences import FAMILIES, consequence


def test_each_built_in_family_has_one_sentence():
    families = {check.family for check in find("checks", Check).values()}

    assert families == set(FAMILIES)
    assert all(text.endswith(".") for text in FAMILIES.values())
    assert all(text.count(". ") == 0 for text in FAMILIES.values())


def test_a_family_of_a_plug_in_has_the_sentence_of_the_level(passed):
    must, should = (
        replace(passed.results[0].check, id="acme.x", requirement=f"It {level} be.")
        for level in ("MUST", "SHOULD")
    )

    assert consequence(must) == "Clients that rely on this requirement can fail."
    assert consequence(should) != consequence(must)
