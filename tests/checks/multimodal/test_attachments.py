"""Verdicts on parts that a server may not be able to read."""

import base64
import io
import json
import wave

import pytest
from support.each import each
from support.rehearsal import mock_reply, overcharged_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.multimodal import attachments
from contract.checks.multimodal.attachments import (
    ATTACHED,
    JPEG_AS_PNG,
    PNG_AS_JPEG,
    RESULT,
    RESULT_ATTACHED,
    RESULT_IMAGE,
)
from contract.checks.multimodal.image_cost import NO_IMAGE
from contract.model.wire import build_request

PROFILES = builtin()
USAGE = {"usage": {"prompt_tokens": 7, "completion_tokens": 1, "total_tokens": 8}}


def content(probe, place):
    body = json.loads(build_request(probe, PROFILES["vllm-0.32"], "m").body)
    return body["messages"][place]["content"]


@each(
    ("probe", "place"),
    [(one, 0) for one in ATTACHED] + [(one, 2) for one in RESULT_ATTACHED],
)
def test_a_part_follows_a_text(probe, place):
    text, part = content(probe, place)

    assert text["type"] == "text"
    assert part["type"] not in {"text", "image_url"}


def test_the_audio_clip_is_a_whole_wav_file():
    _, part = content(ATTACHED[3], 0)
    data = base64.b64decode(part["input_audio"]["data"])

    with wave.open(io.BytesIO(data)) as sound:
        assert sound.getnframes() == 800


@pytest.mark.parametrize(
    ("probe", "start", "declared"),
    [
        (PNG_AS_JPEG, b"\x89PNG", "image/jpeg"),
        (JPEG_AS_PNG, b"\xff\xd8", "image/png"),
    ],
)
def test_images_are_declared_as_the_other_type(probe, start, declared):
    _, part = content(probe, 0)
    head, _, data = part["image_url"]["url"].partition(";base64,")

    assert base64.b64decode(data).startswith(start)
    assert head == f"data:{declared}"


@each("name", PROFILES)
def test_the_mock_reads_or_refuses_every_part_but_those_that_its_profile_tolerates(
    name,
):
    profile = PROFILES[name]
    statuses = {
        mock_reply(profile, probe).status for probe in (*ATTACHED, *RESULT_ATTACHED)
    }

    tolerated = "unknown-chunk-type" in profile.tolerates
    assert tolerated == (200 in statuses)
    assert max(statuses) < 500


def test_a_part_that_costs_nothing_is_found_by_its_name(answer):
    text = answer(NO_IMAGE, 200, USAGE)
    others = [answer(ATTACHED[0], 400, {}), answer(ATTACHED[1], 200, USAGE)]

    (found,) = verdict_on(
        attachments.attachments_are_not_dropped, text, *others
    ).findings

    assert found.at == "attached-file, /usage"
    assert found.actual == "status 200, 0 more"


def test_a_part_that_is_read_passes(answer):
    text = answer(NO_IMAGE, 200, USAGE)
    read = overcharged_exchange(PROFILES["transformers"], ATTACHED[0], 40)

    verdict = verdict_on(attachments.attachments_are_not_dropped, text, read)

    assert verdict.word == "pass"


def test_a_server_that_fails_on_every_part_drops_none_but_does_not_settle(answer):
    text, failed = answer(RESULT, 200, USAGE), answer(RESULT_IMAGE, 500, {})

    dropped = verdict_on(attachments.result_images_are_not_dropped, text, failed)
    (found,) = verdict_on(attachments.attachments_are_settled, failed).findings

    assert dropped.word == "skip"
    assert found.at == RESULT_IMAGE.name
