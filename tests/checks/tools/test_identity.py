"""Tests of the checks of names, ids and indexes of calls."""

import pytest

from contract.catalog.profiles import builtin
from contract.checks.tools import identity


@pytest.mark.parametrize(
    ("profile", "id", "word"),
    [
        ("vllm-0.32", "Ab3dE6gH9", "pass"),
        ("vllm-0.32", "chatcmpl-tool-5f3c", "fail"),
        ("vllm-0.32", "Ab3dE6gH", "fail"),
        ("vllm-0.32", "", "fail"),
        ("llamacpp", "Ab3dE6gH9", "fail"),
        ("llamacpp", "x" * 32, "pass"),
        ("mistral-2025-10", "Ab3dE6gH9", "pass"),
        ("mistral-2025-10", "null", "fail"),
        ("transformers", "1f0c-4a_tool_call_0", "pass"),
        ("transformers", "call 1", "fail"),
    ],
)
def test_an_id_must_match_its_dialect(profile, id, word, verdict, change_calls):
    change = change_calls(lambda call: call.update(id=id))
    seen = verdict(identity.ids_are_well_formed, change, builtin()[profile])

    assert seen.word == word


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("get_weather", "pass"),
        ("Get_Weather", "fail"),
        ("functions.get_weather", "fail"),
    ],
)
def test_a_name_must_match_exactly(name, word, verdict, change_calls):
    change = change_calls(lambda call: call["function"].update(name=name))

    assert verdict(identity.name_is_declared, change).word == word


@pytest.mark.parametrize(
    ("index", "word"), [(None, "fail"), (5, "fail"), (True, "fail"), ("0", "fail")]
)
def test_an_invalid_index_is_found(index, word, verdict, change_calls):
    change = change_calls(lambda call: call.update(index=index))

    assert verdict(identity.index_tells_calls_apart, change).word == word


def test_ids_of_calls_must_be_unique(verdict, change_calls):
    same = change_calls(lambda call: call.update(id="Ab3dE6gH9"))

    assert verdict(identity.ids_are_unique).word == "pass"
    assert verdict(identity.ids_are_unique, same).word == "fail"


def test_the_name_of_a_call_in_one_fragment_is_not_judged(verdict):
    seen = verdict(identity.name_comes_once, profile=builtin()["mistral-2025-10"])

    assert seen.skipped == "the call was sent in one fragment"


def test_a_call_without_a_name_is_found(verdict, change_calls):
    nameless = change_calls(lambda call: call["function"].pop("name"))

    assert verdict(identity.name_comes_once, nameless).word == "fail"
