"""Tests of the checks of documents and their schemas."""

import json

import pytest

from contract.checks.structured import around, schemas

GOOD = '{"answer": 42, "sure": true}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD, "pass pass pass pass"),
        (f"  {GOOD}\n", "pass pass pass pass"),
        (f"```json\n{GOOD}\n```", "pass pass fail pass"),
        (f"Well, {GOOD}", "fail fail pass fail"),
        (f"{GOOD} Done.", "fail fail pass fail"),
        (f"{GOOD}{GOOD}", "fail fail pass skip"),
        ('{"answer": "42", "sure": true}', "pass fail pass pass"),
        ('{"answer": 42}', "pass fail pass pass"),
        ("[]", "fail fail pass skip"),
        ("forty-two", "fail fail pass skip"),
        ("{'answer': 42}", "fail fail pass skip"),
        ('{"answer": NaN, "sure": true}', "fail fail pass skip"),
    ],
)
def test_each_check_finds_its_own_violations(text, words, verdict):
    checks = (
        schemas.object_is_json,
        schemas.schema_is_satisfied,
        around.no_fence,
        around.thought_is_kept_apart,
    )

    assert words == " ".join(verdict(check, text).word for check in checks)


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (schemas.enum_is_kept, {"colour": "red"}, {"colour": "pink"}),
        (
            schemas.nesting_is_kept,
            {"outer": {"inner": {"deep": 1}}},
            {"outer": {"inner": {"deep": "1"}}},
        ),
        (schemas.bounds_are_kept, {"numbers": [1, 2]}, {"numbers": [1]}),
        (
            schemas.keys_survive,
            {"größe": 1, "名前": 2, "🎲": 3},
            {"gro\u0308ße": 1, "名前": 2, "🎲": 3},
        ),
        (schemas.loose_schema_is_satisfied, json.loads(GOOD), {"answer": 42}),
    ],
    ids=["enum", "nesting", "bounds", "keys", "loose"],
)
def test_each_part_of_a_schema_is_checked(check, good, bad, verdict):
    assert verdict(check, json.dumps(good)).word == "pass"
    assert verdict(check, json.dumps(good, ensure_ascii=False)).word == "pass"
    assert verdict(check, json.dumps(bad)).word == "fail"
