"""Verdicts on the formats and the request forms of one image."""

import pytest
from support.rehearsal import mock_reply, rehearsed_verdict, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.multimodal import formats
from contract.checks.multimodal.image_cost import add_prompt_tokens
from contract.model.chat import Image
from contract.model.reply import rehearse

VLLM = builtin()["vllm-0.32"]
MISTRAL = builtin()["mistral-2025-10"]


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif"])
def test_each_format_is_sent_with_its_media_type(kind):
    check = getattr(formats, f"takes_{kind}")
    _, image = check.sends[1].messages[0].parts

    assert isinstance(image, Image)
    assert image.uri.startswith(f"data:image/{kind};base64,")
    assert "pass" == rehearsed_verdict(check, VLLM).word


def test_webp_is_not_required_of_llama_cpp():
    profile = builtin()["llamacpp"]

    assert formats.takes_webp.unless in profile.tolerates
    assert 400 == mock_reply(profile, formats.WEBP).status


@pytest.mark.parametrize("number", [0, 1, 2])
def test_format_with_another_cost_is_found(number):
    exchanges = [
        rehearse(add_prompt_tokens(mock_reply(VLLM, probe), more), probe, VLLM)
        for probe, more in zip(
            formats.format_changes_no_count.sends,
            [1 if n == number else 0 for n in range(3)],
            strict=True,
        )
    ]

    assert "fail" == verdict_on(formats.format_changes_no_count, *exchanges).word


def test_plain_url_is_sent_as_a_string_and_costs_the_same():
    reply = mock_reply(MISTRAL, formats.PLAIN_URL)

    assert b'"image_url":"data:image/png;base64,' in reply.request.body
    assert "pass" == rehearsed_verdict(formats.takes_plain_url, MISTRAL).word
    assert (
        "fail"
        == rehearsed_verdict(
            formats.takes_plain_url, MISTRAL, formats.plain_url_dropped
        ).word
    )


@pytest.mark.parametrize("word", ["low", "high", "auto"])
def test_detail_is_sent(word):
    probe = getattr(formats, word.upper())

    assert f'"detail":"{word}"'.encode() in mock_reply(VLLM, probe).request.body
