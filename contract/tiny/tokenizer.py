"""Tokenizer files of Transformers: vocabulary, configuration, response template."""

from __future__ import annotations

from typing import Any

from contract.model import think
from contract.tiny.merging import merges, visible
from contract.tiny.vocabulary import PADDING, UNKNOWN, Vocabulary, control
from contract.tiny.weights import CONTEXT
from contract.tokens.tekken import NAMES, ORDINARY, Control

_BEGIN, _END = NAMES[Control.BEGIN], NAMES[Control.END]
_CALL, _ARGUMENTS = NAMES[Control.CALL], NAMES[Control.ARGUMENTS]


def tokenizer(tokens: Vocabulary) -> dict[str, Any]:
    """Return the content of `tokenizer.json`: byte pairs that split as Tekken does."""
    added = [_added(token, control(token)) for token in range(ORDINARY)]
    ordinary = [visible(token) for token in tokens.ranks]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {
                    "type": "Split",
                    "pattern": {"Regex": tokens.pattern},
                    "behavior": "Isolated",
                    "invert": False,
                },
                _bytes("ByteLevel"),
            ],
        },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [
                {"SpecialToken": {"id": _BEGIN, "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
            ],
            "pair": [
                {"SpecialToken": {"id": _BEGIN, "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}},
                {"Sequence": {"id": "B", "type_id": 0}},
            ],
            "special_tokens": {
                _BEGIN: {"id": _BEGIN, "ids": [int(Control.BEGIN)], "tokens": [_BEGIN]}
            },
        },
        "decoder": _bytes("ByteLevel"),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            # A text that is a token becomes that token, as in tiktoken.
            "ignore_merges": True,
            "vocab": {
                **{token["content"]: token["id"] for token in added},
                **{token: rank for rank, token in enumerate(ordinary, ORDINARY)},
            },
            "merges": [
                [visible(left), visible(right)] for left, right in merges(tokens.ranks)
            ],
        },
    }


def _added(token: int, name: str) -> dict[str, Any]:
    return {
        "id": token,
        "content": name,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }


def _bytes(kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "add_prefix_space": False,
        "trim_offsets": False,
        "use_regex": False,
    }


def configuration(*, parses: bool) -> dict[str, Any]:
    """Return the content of `tokenizer_config.json`; *parses*: a response template."""
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "processor_class": "PixtralProcessor",
        "bos_token": _BEGIN,
        "eos_token": _END,
        "unk_token": control(UNKNOWN),
        "pad_token": control(PADDING),
        "clean_up_tokenization_spaces": False,
        "model_max_length": CONTEXT,
    }
    return {**config, "response_template": response_template()} if parses else config


def response_template() -> dict[str, Any]:
    """
    Return the rules that split generated text into reasoning, tool calls and answer.

    Without them `transformers serve` treats all text as the answer and drops the
    markers, because it has no built-in knowledge of Mistral's markers. White space is
    kept, so that a whole response equals the stream. A truncated call is not JSON.
    """
    return {
        "defaults": {"role": "assistant"},
        "start_anchor": [NAMES[Control.USER_END], NAMES[Control.RESULT_END]],
        "fields": {
            "reasoning_content": {
                "open": think.OPEN,
                "close": [think.CLOSE, _END],
                "content": "text",
                "content_args": {"strip": False},
            },
            "tool_calls": {
                "open_pattern": rf"{_pattern(_CALL)}(?P<name>[\w.-]+)"
                rf"{_pattern(_ARGUMENTS)}",
                "close_pattern": rf"(?={_pattern(_CALL)})|{_END}",
                "repeats": True,
                "content": "json",
                "content_args": {"allow_non_json": True},
                "transform": {
                    "type": "function",
                    "function": {"name": "{name}", "arguments": "{content}"},
                },
            },
            "content": {
                "close": [_END],
                "content": "text",
                "content_args": {"strip": False},
            },
        },
    }


def _pattern(marker: str) -> str:
    return marker.replace("[", r"\[").replace("]", r"\]")
