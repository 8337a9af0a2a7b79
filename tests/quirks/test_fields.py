"""Quirks of JSON do not change the text, finish reasons or usage of a reply."""

from __future__ import annotations

import pytest

from contract.model.check import Quirk
from contract.model.probes import SUM, UTF8, UTF8_WHOLE
from contract.quirks import fields

QUIRKS = [value for value in vars(fields).values() if isinstance(value, Quirk)]
NOTATIONS = [
    fields.members_reversed,
    fields.escaped_characters,
    fields.escaped_slashes,
    fields.pretty_printed,
]


@pytest.mark.parametrize("probe", [UTF8, UTF8_WHOLE], ids=lambda probe: probe.name)
@pytest.mark.parametrize("quirk", QUIRKS, ids=lambda quirk: quirk.id)
def test_decoded_text_is_the_same(quirk, probe, reply, read):
    before, after = read(reply(probe)), read(quirk.apply(reply(probe)))

    assert before.answer
    assert before.pieces == after.pieces
    assert before.finishes == after.finishes
    assert counted(before.usage) == counted(after.usage)


def counted(usage):
    return {name: count for name, count in usage.items() if count is not None}


@pytest.mark.parametrize("quirk", NOTATIONS, ids=lambda quirk: quirk.id)
def test_value_is_the_same_in_other_bytes(quirk, reply):
    first = reply(UTF8_WHOLE)
    first = first.with_json({**first.json, "url": "https://example.com/é"})

    after = quirk.apply(first)

    assert first.json == after.json
    assert first.body != after.body


@pytest.mark.parametrize("profile", ["mistral-2026-08", "transformers"])
def test_null_usage_is_not_added_where_it_is_undocumented(profile, reply):
    first = reply(SUM, profile)

    assert first == fields.null_usage.apply(first)


def test_no_empty_delta_follows_the_finish_reason(reply, read):
    after = read(fields.empty_deltas.apply(reply()))

    finished = [n for n, (_, c) in enumerate(after.choices) if c.get("finish_reason")]
    assert [len(after.choices) - 1] == finished
