"""Files of fingerprints: read back as written, and refused in a sentence."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from contract.errors import UsageError
from contract.identity import observations
from contract.identity.fingerprint import Fingerprint, dump, load, parse, save
from contract.identity.observations import Reading, Step
from contract.identity.prompts import LEAST, PROMPTS, TEXTS, Plan, plan
from contract.model.redaction import register_secret

ANSWER = Reading(
    status=200, prompt_tokens=7, text="Blue", steps=(Step("Blue", {"Blue": -0.5}),)
)
MADE = Fingerprint(
    target="mock", plan=Plan(prompts=("colour",)), readings={"colour": (ANSWER,)}
)


def test_a_fingerprint_is_read_back_as_it_was_written(tmp_path):
    save(MADE, tmp_path / "one.json")

    assert load(str(tmp_path / "one.json")) == MADE
    assert [p.name for p in tmp_path.iterdir()] == ["one.json"]


def test_a_fingerprint_holds_no_secret(tmp_path):
    register_secret("sk-secret-of-this-test")
    keyed = replace(MADE, why="the key sk-secret-of-this-test")
    save(keyed, tmp_path / "one.json")

    assert "sk-secret" not in (tmp_path / "one.json").read_text("utf-8")


BROKEN = {
    "empty": b"",
    "text": b"no json",
    "list": b"[]",
    "other format": b'{"format": "exchange-v1"}',
    "newer format": b'{"format": "fingerprint-v9"}',
    "other prompts": b'{"format": "fingerprint-v1", "set": "prompts-9"}',
    "nothing else": b'{"format": "fingerprint-v1", "set": "prompts-2"}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_another_file_is_refused_with_what_to_do(content):
    with pytest.raises(UsageError, match="record it again"):
        parse(content, "x.json")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("tokens", 10**9),
        ("samples", -1),
        ("long", True),
        ("images", 1),
        ("prompts", ["unknown"]),
    ],
)
def test_a_file_cannot_make_a_run_endless(place, value):
    changed = dump(MADE)
    changed["plan"][place] = value

    with pytest.raises(UsageError, match="damaged"):
        parse(json.dumps(changed).encode(), "x.json")


def test_a_missing_file_and_an_unknown_name_are_sentences():
    with pytest.raises(UsageError, match=r"absent\.json cannot be read"):
        load("absent.json")
    with pytest.raises(UsageError, match="no known fingerprint 'magistral'"):
        load("known:magistral")


@pytest.mark.parametrize(
    "value", [{}, [], {"status": "200"}, {"status": 1, "steps": [{}]}, {"status": True}]
)
def test_a_damaged_reading_is_refused(value):
    with pytest.raises(UsageError, match="damaged"):
        observations.load(value)


@pytest.mark.parametrize("most", [LEAST, 30, 60, 200, 5_000])
@pytest.mark.parametrize("top", [0, 20])
@pytest.mark.parametrize("certain", [True, False])
def test_a_plan_keeps_its_bound(most, top, certain):
    made = plan(most, top=top, images=True, prefix=True, long=9, certain=certain)

    assert made.cost <= most
    assert made.prompts
    assert set(made.prompts) <= PROMPTS
    assert set(TEXTS) <= PROMPTS
