"""Every dialect has the rules of its family."""

from dataclasses import replace

import pytest

from contract.catalog import find
from contract.dialects import Dialect
from contract.server import room, rules

DIALECTS = find("dialects", Dialect)


@pytest.mark.parametrize(
    ("name", "images", "rule"),
    [
        ("mistral-2025-10", 8, room.strict),
        ("mistral-2026-08", 8, room.strict),
        ("vllm-0.11", 10, room.clamped),
        ("vllm-0.12", 10, room.clamped),
        ("vllm-0.16", 10, room.clamped),
        ("inline", 10, room.clamped),
        ("llamacpp", None, room.lax),
        ("transformers", None, room.lax),
    ],
)
def test_dialect_has_the_rules_of_its_family(name, images, rule):
    found = rules.of(DIALECTS[name])

    assert (found.images, found.room) == (images, rule)


def test_unknown_dialect_has_rules_too():
    stranger = replace(DIALECTS["vllm-0.16"], id="somebody-elses")

    assert rules.of(stranger).judges


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.id)
def test_open_paths_are_never_chat(dialect):
    assert not any(path.startswith("/v1/") for path in rules.of(dialect).open)
