"""Verdicts on the cost of images, with the counts of real engines."""

import pytest
from support.rehearsal import mock_reply, rehearsed_verdict, verdict_on

from contract.catalog.profiles import builtin
from contract.checks.multimodal import counting
from contract.checks.multimodal.image_cost import image_costs
from contract.model.reply import rehearse
from contract.model.rewrite import rewrite_usage

PROFILES = builtin()


def charged(profile, probe, prompt):
    """A reply to *probe* that reports *prompt* tokens."""
    reply = rewrite_usage(
        mock_reply(profile, probe), lambda usage: usage.update(prompt_tokens=prompt)
    )
    return rehearse(reply, probe, profile)


# prompt_tokens measured with vLLM 0.32.0 and llama.cpp, first without an image.
@pytest.mark.parametrize(
    ("name", "check", "prompts"),
    [
        ("vllm-0.32", "smallest_image_counts", [7, 9]),
        ("vllm-0.32", "counts_begun_cells", [7, 9, 9, 13]),
        ("vllm-0.32", "counts_rows_and_columns", [7, 18, 27]),
        ("llamacpp", "smallest_image_counts", [7, 19]),
        ("llamacpp", "counts_begun_cells", [7, 19, 19, 19]),
        ("llamacpp", "counts_rows_and_columns", [7, 18, 27]),
    ],
)
def test_measured_costs_pass_and_one_more_token_fails(name, check, prompts):
    check, profile = getattr(counting, check), PROFILES[name]

    def verdict(*counts):
        pairs = zip(check.sends, counts, strict=True)
        return verdict_on(check, *(charged(profile, *pair) for pair in pairs)).word

    assert "pass" == verdict(*prompts)
    for place in range(1, len(prompts)):
        wrong = [n + (place == at) for at, n in enumerate(prompts)]
        assert "fail" == verdict(*wrong)


@pytest.mark.parametrize(
    ("name", "prompts", "word"),
    [
        ("vllm-0.32", [7, 13, 27, 33], "pass"),
        ("vllm-0.32", [7, 13, 27, 27], "fail"),
        ("vllm-0.32", [7, 13, 27, 32], "fail"),
        ("inline", [7, 13, 27, 28], "pass"),
        ("inline", [7, 13, 27, 27], "fail"),
    ],
)
def test_missing_cost_of_one_of_two_images_is_found(name, prompts, word):
    check = counting.each_image_counts
    exchanges = [
        charged(PROFILES[name], *pair)
        for pair in zip(check.sends, prompts, strict=True)
    ]

    assert word == verdict_on(check, *exchanges).word


@pytest.mark.parametrize(
    ("name", "huge", "long"), [("vllm-0.32", 3_080, 56), ("llamacpp", 1_056, 222)]
)
def test_large_images_are_downscaled_like_by_each_engine(name, huge, long):
    dialect = PROFILES[name].dialect

    assert (huge,) == image_costs(dialect, counting.HUGE)
    assert (long,) == image_costs(dialect, counting.LONG)


@pytest.mark.parametrize("name", ["mistral-2025-10", "vllm-0.32", "llamacpp"])
def test_dropped_images_are_found_with_and_without_exact_costs(name):
    profile, fault = PROFILES[name], counting.images_dropped

    assert "pass" == rehearsed_verdict(counting.image_counts, profile).word
    assert "fail" == rehearsed_verdict(counting.image_counts, profile, fault).word
