"""Verdicts on the rejection of hostile images, and on the request after them."""

import json
from dataclasses import replace

import pytest
from support.each import each
from support.rehearsal import mock_reply, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.multimodal import hostile
from contract.checks.multimodal.image_cost import NO_IMAGE
from contract.model.check import Check
from contract.model.exchange import Arrival
from contract.model.reply import rehearse
from contract.plugins.discovery import find

PROFILES = builtin()
VLLM = PROFILES["vllm-0.32"]
HOSTILE = [
    hostile.TRUNCATED,
    hostile.EMPTY,
    hostile.SVG,
    hostile.BOMB,
    hostile.UNREACHABLE,
]
CHECKS = [
    check
    for check in find("checks", Check).values()
    if len(check.sends) == 1 and check.sends[0] in HOSTILE
]


def answered(probe, status=None, body=None, profile=VLLM):
    exchange = rehearse(mock_reply(profile, probe), probe, profile)
    if status is None:
        return exchange
    data = json.dumps(body).encode()
    return replace(exchange, status=status, arrivals=(Arrival(0.0, data),))


def test_every_hostile_image_has_its_check():
    assert len(HOSTILE) == len(CHECKS)


@each("check", CHECKS, ids=lambda check: check.id)
@each(
    ("status", "word"),
    [
        (400, "pass"),
        (403, "pass"),
        (413, "pass"),
        (422, "pass"),
        (200, "fail"),
        (401, "fail"),
        (429, "fail"),
        (500, "fail"),
        (501, "fail"),
    ],
)
def test_only_a_rejection_of_the_image_passes(check, status, word):
    assert word == verdict_on(check, answered(check.sends[0], status, {})).word


@each("probe", HOSTILE, ids=lambda probe: probe.name)
@each("name", PROFILES)
def test_mock_rejects_every_hostile_image(name, probe):
    assert mock_reply(PROFILES[name], probe).status in {400, 403, 404, 413, 415, 422}


def test_rejections_are_validated_and_server_errors_are_not():
    check = hostile.hostile_refusal_has_shape
    error = {"error": {"message": "no", "type": "BadRequestError", "code": 400}}
    error["error"]["param"] = None

    assert "pass" == verdict_on(check, answered(hostile.EMPTY, 400, error)).word
    assert "fail" == verdict_on(check, answered(hostile.EMPTY, 400, ["no"])).word
    assert "skip" == verdict_on(check, answered(hostile.EMPTY, 500, ["no"])).word


@pytest.mark.parametrize(
    ("status", "word"), [(None, "pass"), (400, "fail"), (500, "fail")]
)
def test_failing_request_after_hostile_images_is_found(status, word):
    check = hostile.answers_after_hostile_images
    before = [answered(probe, 500, {}) for probe in check.sends[:-2]]
    after = answered(hostile.AFTERWARDS, status, {})

    assert check.alone
    assert word == verdict_on(check, *before, answered(NO_IMAGE), after).word


def test_no_hostile_image_points_to_another_machine():
    _, image = hostile.UNREACHABLE.messages[0].parts

    assert image.url.startswith("http://127.0.0.1:")
    assert not any(
        part.url for probe in HOSTILE[:-1] for part in probe.messages[0].parts[1:]
    )
