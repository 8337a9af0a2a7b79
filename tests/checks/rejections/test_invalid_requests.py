from __future__ import annotations

import pytest
from support.each import each
from support.rehearsal import chat_request

from contract.catalog.profiles import builtin
from contract.checks.rejections import (
    access,
    bodies,
    errors,
    images,
    invalid_requests,
    messages,
    options,
    wording,
)
from contract.model.check import Check
from contract.model.strict_json import MISSING, read_json
from contract.model.wire import build_request

MODULES = (access, bodies, errors, images, messages, options, wording)
SINGLE_PROBES = [
    value.sends[0]
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, Check) and len(value.sends) == 1
]


def sent(probe, profile="mistral-2026-08"):
    return build_request(probe, builtin()[profile], "some-model")


def test_mistakes_have_distinct_names():
    names = [probe.name for probe in invalid_requests.EVERYWHERE]

    assert sorted(set(names)) == sorted(names)


def test_mistakes_are_distinct_requests():
    requests = {sent(probe) for probe in invalid_requests.EVERYWHERE}

    assert len(invalid_requests.EVERYWHERE) == len(requests)


def test_every_mistake_has_a_check_of_its_own():
    assert set(invalid_requests.EVERYWHERE) <= set(SINGLE_PROBES)


@each("profile", sorted(builtin()))
@each(
    "probe",
    [probe for probe in invalid_requests.EVERYWHERE if probe.patches],
    ids=lambda probe: probe.name,
)
def test_a_patch_changes_what_every_dialect_sends(probe, profile):
    unpatched = sent(invalid_requests.replace(probe, patches=()), profile)
    # /v1/responses has one name for the limit, and the request has it already.
    one_name = (
        probe is invalid_requests.MAX_COMPLETION_TOKENS
        and builtin()[profile].dialect.surface is not None
    )

    assert one_name == (unpatched.body == sent(probe, profile).body)


@pytest.mark.parametrize(
    "probe",
    [
        invalid_requests.MALFORMED_JSON,
        invalid_requests.TRUNCATED_JSON,
        invalid_requests.INVALID_UTF8,
        invalid_requests.EMPTY_BODY,
        invalid_requests.NAN_LITERAL,
    ],
    ids=lambda probe: probe.name,
)
def test_a_body_that_is_not_json_cannot_be_read(probe):
    assert read_json(sent(probe).body) is MISSING


def test_an_accepted_mistake_costs_few_tokens():
    limits = {
        probe.options.max_tokens
        for probe in invalid_requests.EVERYWHERE
        if probe.options.seed
    }

    assert {16} == limits


def test_the_first_message_is_from_the_user():
    for profile in builtin().values():
        body = chat_request(invalid_requests.BRIEF, profile)

        assert body["messages"][0]["role"] == "user"
