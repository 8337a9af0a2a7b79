"""Tests that values at the bounds are sent as documented and must be answered."""

import json
from http import HTTPStatus

import pytest
from support.each import each
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.sampling import bounds
from contract.model.check import Check
from contract.model.reply import rehearse
from contract.model.wire import build_request
from contract.plugins.discovery import find

PROFILES = builtin()
CHECKS = [one for one in vars(bounds).values() if isinstance(one, Check)]


def sent(check, name="vllm-0.32"):
    return [json.loads(build_request(p, PROFILES[name], "m").body) for p in check.sends]


def test_all_checks_of_the_module_are_in_the_catalogue():
    assert {one.id for one in CHECKS} <= set(find("checks", Check))
    assert len(CHECKS) == 6


@pytest.mark.parametrize(
    ("check", "name", "values"),
    [
        (bounds.temperature_bounds_are_taken, "temperature", [0, 1.5]),
        (bounds.temperature_of_2_is_taken, "temperature", [2]),
        (bounds.top_p_bounds_are_taken, "top_p", [1, 0.01]),
        (bounds.penalty_bounds_are_taken, "presence_penalty", [-2, 2]),
        (bounds.penalty_bounds_are_taken, "frequency_penalty", [-2, 2]),
        (bounds.recommended_values_are_taken, "temperature", [0.7]),
        (bounds.recommended_values_are_taken, "top_p", [0.95]),
        (bounds.recommended_values_are_taken, "max_tokens", [40_960]),
        (bounds.null_means_not_sent, "temperature", [None]),
        (bounds.null_means_not_sent, "n", [None]),
    ],
)
def test_bounds_are_sent(check, name, values):
    assert values == [body[name] for body in sent(check)]


@each("name", PROFILES)
@each("check", CHECKS, ids=lambda check: check.id)
def test_a_reply_without_a_choice_is_not_an_answer(check, name):
    profile = PROFILES[name]
    replies = [
        mock_reply(profile, probe).with_json({"choices": []}) for probe in check.sends
    ]
    exchanges = [
        rehearse(reply, probe, profile)
        for reply, probe in zip(replies, check.sends, strict=True)
    ]

    assert len(verdict_on(check, *exchanges).findings) == len(check.sends)


@pytest.mark.parametrize("name", ["mistral-2025-10", "mistral-2026-08"])
def test_hosted_api_documents_temperatures_up_to_one_and_a_half(name):
    rejection = mock_reply(PROFILES[name], bounds.temperature_of_2_is_taken.sends[0])

    assert rejection.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert bounds.temperature_of_2_is_taken.unless in PROFILES[name].tolerates
