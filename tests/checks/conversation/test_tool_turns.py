"""Tool turn checks: the requests they send, and what their judges make of replies."""

import json

import pytest
from support.each import each
from support.rehearsal import chat_request, overcharged_exchange

from contract.catalog.profiles import builtin
from contract.checks.conversation.tool_turns import (
    ABSENT,
    ANNOUNCED,
    BROKEN,
    CALLED,
    LONGER_PART,
    NO_RESULT,
    NULL,
    RESULT_PART,
    RESULT_PARTS,
    UNICODE,
    broken_arguments_are_answered,
    broken_arguments_are_settled,
    call_needs_no_content,
    result_parts_are_kept,
)
from contract.tokens import counting

PROFILES = builtin()


def messages(probe, name="vllm-0.32"):
    return chat_request(probe, PROFILES[name])["messages"]


def exchange(probe, more=0, profile="vllm-0.32"):
    return overcharged_exchange(PROFILES[profile], probe, more)


@each("name", PROFILES)
def test_content_beside_a_call_is_spelt_in_four_ways(name):
    spellings = [
        messages(probe, name)[1].get("content", "absent")
        for probe in (CALLED, NULL, ABSENT, ANNOUNCED)
    ]

    # /v1/responses has a message item beside the call, or none.
    on_a_surface = PROFILES[name].dialect.surface is not None
    assert ([None] * 3 if on_a_surface else ["", None, "absent"]) == spellings[:3]
    assert spellings[3]


@each("name", PROFILES)
def test_a_result_is_a_string_or_a_list_of_text_parts(name):
    results = [
        messages(probe, name)[2]["content"]
        for probe in (CALLED, RESULT_PART, RESULT_PARTS, NO_RESULT)
    ]

    assert [{"type": "text", "text": results[0]}] == results[1]
    assert results[1][0] == results[2][0]
    assert len(results[2]) == 2
    assert results[3] == ""


def test_broken_arguments_are_no_json_and_good_ones_are():
    def arguments(probe):
        return messages(probe)[1]["tool_calls"][0]["function"]["arguments"]

    assert json.loads(arguments(UNICODE))["city"].isalpha()
    for probe in BROKEN:
        with pytest.raises(json.JSONDecodeError):
            json.loads(arguments(probe))


@pytest.mark.parametrize(
    ("longer", "shorter"),
    [
        (ANNOUNCED, CALLED),
        (LONGER_PART, RESULT_PART),
        (RESULT_PARTS, RESULT_PART),
        (CALLED, NO_RESULT),
        (UNICODE, CALLED),
    ],
    ids=lambda probe: probe.name,
)
def test_tekken_counts_more_tokens_for_the_longer_request(longer, shorter):
    assert counting.prompt(longer) > counting.prompt(shorter)


def test_a_finding_names_the_spelling_that_changes_the_prompt():
    found = list(
        call_needs_no_content.judge(
            exchange(CALLED), exchange(NULL), exchange(ABSENT, 2)
        )
    )

    assert ["absent content beside a tool call changes the prompt"] == [
        one.message for one in found
    ]


def test_a_second_part_that_costs_nothing_is_found_where_counts_are_not_exact():
    lost = counting.prompt(RESULT_PART) - counting.prompt(RESULT_PARTS)
    (found,) = result_parts_are_kept.judge(
        exchange(RESULT_PART, profile="llamacpp"),
        exchange(LONGER_PART, profile="llamacpp"),
        exchange(RESULT_PARTS, lost, profile="llamacpp"),
    )

    assert "second text part" in found.message
    assert found.actual == "0 more"


def test_parts_may_be_joined_in_any_way():
    several = exchange(RESULT_PARTS, -1)

    assert [] == list(
        result_parts_are_kept.judge(
            exchange(RESULT_PART), exchange(LONGER_PART), several
        )
    )


def test_rejected_arguments_are_settled_and_a_500_is_not(answer):
    refused, failed = (answer(BROKEN[0], status, {}) for status in (400, 500))

    assert [] == list(broken_arguments_are_settled.judge(refused))
    (found,) = broken_arguments_are_settled.judge(failed)
    assert found.actual.startswith("status 500")


def test_a_reply_without_a_choice_is_no_answer_to_broken_arguments(answer):
    (found,) = broken_arguments_are_answered.judge(answer(BROKEN[1], 200, {}))

    assert found.at == BROKEN[1].name
