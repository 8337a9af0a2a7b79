"""Reasoning checks on recorded replies of real servers."""

import pytest
from support.each import each
from support.rehearsal import recorded_exchange, verdict_on

from contract.catalog.profiles import builtin
from contract.model.check import Check
from contract.plugins import discovery

PROFILES = builtin()
CHECKS = [
    c for c in discovery.find("checks", Check).values() if c.family == "reasoning"
]
# The checks that the request of a recorded exchange can be judged by.
SUM_LIKE = (
    "reasoning.present",
    "reasoning.no-marker-in-answer",
    "reasoning.no-marker-in-reasoning",
    "reasoning.precedes-answer",
    "reasoning.right-field",
    "reasoning.answer-arrives",
    "reasoning.not-repeated-in-answer",
)
CUT_LIKE = (
    "reasoning.cut-gives-length",
    "reasoning.cut-keeps-thought",
    "reasoning.cut-has-no-answer",
    "reasoning.cut-has-no-marker",
)
GOOD = {
    "vllm-0.32/chat_default": SUM_LIKE,
    "vllm-0.32/stream_default": SUM_LIKE,
    "vllm-0.32/stream_utf": SUM_LIKE[:-1],  # the reasoning, "café", is too short
    "vllm-0.32/chat_content_literal_special": (
        *SUM_LIKE,
        "reasoning.typed-markers-are-text",
    ),
    "vllm-0.32/chat_bare": ("reasoning.answer-without-thought",),
    "vllm-0.32/stream_bare": ("reasoning.answer-without-thought",),
    "vllm-0.32/max_tokens_1": ("reasoning.first-token-is-no-marker",),
    "vllm-0.32/max_tokens_3": CUT_LIKE,
    "vllm-0.32/stream_length_in_reasoning": CUT_LIKE,
    "vllm-0.32/tools_auto": ("reasoning.tool-call-is-apart",),
    "vllm-0.32/stream_tools": ("reasoning.tool-call-is-apart",),
    "vllm-0.32/tools_result": ("reasoning.answer-after-tool",),
    "vllm-0.32/stream_n2": ("reasoning.in-every-choice",),
    "vllm-0.32/n_2": ("reasoning.in-every-choice",),
    "llamacpp-b11434/chat_plain": SUM_LIKE,
    "llamacpp-b11434/chat_stream_usage": SUM_LIKE,
    "llamacpp-b11434/plain_nothink": ("reasoning.answer-without-thought",),
    "llamacpp-b11434/max_tokens_5": CUT_LIKE,
    "llamacpp-b11434/open_think_max_tokens_12": CUT_LIKE,
    "llamacpp-b11434/tools_auto": ("reasoning.tool-call-is-apart",),
    "llamacpp-b11434/tools_auto_stream": ("reasoning.tool-call-is-apart",),
    "llamacpp-b11434/tool_result_turn": ("reasoning.answer-after-tool",),
    "transformers-5.23-response-template/chat_plain": SUM_LIKE,
    "transformers-5.23-response-template/chat_stream_usage": SUM_LIKE,
    "transformers-5.23-response-template/open_think_max_tokens_12": CUT_LIKE,
    "transformers-5.23-response-template/tools_auto": ("reasoning.tool-call-is-apart",),
    "transformers-5.23-response-template/tool_result_turn": (
        "reasoning.answer-after-tool",
    ),
}
# Misconfigured servers, and true defects of well-configured ones.
BAD = [
    ("llamacpp-b11434/max_tokens_1", "llamacpp", "reasoning.first-token-is-no-marker"),
    ("llamacpp-b11434/max_tokens_1", "llamacpp", "reasoning.cut-has-no-marker"),
    ("llamacpp-b11434/max_tokens_1", "llamacpp", "reasoning.cut-keeps-thought"),
    (
        "llamacpp-b11434/tools_none",
        "llamacpp",
        "reasoning.unwanted-call-is-not-shown",
    ),
    # --reasoning-format none, or no --reasoning-parser
    *(
        ("llamacpp-b11434-c512/reasoning_format_none_per_request", profile, check)
        for profile in ("llamacpp", "vllm-0.16")
        for check in (
            "reasoning.present",
            "reasoning.no-marker-in-answer",
            "reasoning.right-field",
        )
    ),
    # judged as a version that returns the reasoning in another field
    ("vllm-0.32/chat_default", "vllm-0.12", "reasoning.right-field"),
    ("vllm-0.32/stream_default", "vllm-0.11", "reasoning.right-field"),
    ("llamacpp-b11434/chat_plain", "vllm-0.16", "reasoning.right-field"),
    ("vllm-0.32/chat_default", "mistral-2025-10", "reasoning.right-field"),
    # reasoning and answer as one text without a separator
    ("transformers-5.23/chat_plain", "transformers", "reasoning.present"),
    ("llama-cpp-python-0.3.36/chat_plain", "llamacpp", "reasoning.present"),
    ("transformers-5.23/tools_auto", "transformers", "reasoning.tool-call-is-apart"),
    # the request switched the reasoning in the reply off
    ("vllm-0.32/field_include_reasoning_false", "vllm-0.16", "reasoning.present"),
    # the model generated no text
    ("llamacpp-b11434/empty_answer_stream", "llamacpp", "reasoning.answer-arrives"),
    # one choice instead of the requested two
    ("vllm-0.32/chat_default", "vllm-0.32", "reasoning.in-every-choice"),
    # not cut off
    ("vllm-0.32/chat_default", "vllm-0.32", "reasoning.cut-gives-length"),
]
BY_ID = {check.id: check for check in CHECKS}


@each(("name", "id"), [(name, each) for name, ids in GOOD.items() for each in ids])
def test_real_reply_passes(name, id):
    verdict = verdict_on(BY_ID[id], recorded_exchange(name))

    assert (verdict.word, verdict.findings) == ("pass", ())


@pytest.mark.parametrize(("name", "profile", "id"), BAD)
def test_real_defect_is_found(name, profile, id):
    assert verdict_on(BY_ID[id], recorded_exchange(name, profile)).word == "fail"
