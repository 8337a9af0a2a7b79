"""What Mistral's own package says of a conversation and of a reply to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import llguidance
import numpy as np

from contract.model import images
from contract.model.chat import PieceKind, merge_pieces
from contract.tiny.vocabulary import LEAST, vocabulary
from contract.tokens import tekken

ID = {name: token.value for token, name in tekken.NAMES.items()}
MARKERS = {
    PieceKind.REASONING: ("[THINK]", "[/THINK]"),
    PieceKind.ANSWER: (None, None),
}


@cache
def words():
    """The smallest vocabulary: that of Tekken with fewer tokens."""
    return vocabulary(LEAST)


@cache
def tokenizer():
    """MistralTokenizer of version v13, with thinking and images, and few tokens."""
    from mistral_common.protocol.instruct.validator import ValidationMode  # noqa: PLC0415  # slow
    from mistral_common.tokens.tokenizers.mistral import MistralTokenizer  # noqa: PLC0415  # slow

    with TemporaryDirectory() as folder:
        path = Path(folder) / "tekken.json"
        path.write_text(json.dumps(words().file()), "utf-8")
        return MistralTokenizer.from_file(path, mode=ValidationMode.test)


@cache
def factory():
    """The factory of grammars for that tokenizer."""
    from mistral_common.guidance.grammar_factory import GrammarFactory  # noqa: PLC0415  # slow

    return GrammarFactory(tokenizer())


@cache
def grammar(mode="auto", *, parallel=True):
    """The official grammar, in Lark, of a reply to a request with that tool_choice."""
    from mistral_common.protocol.instruct.tool_calls import Function, Tool  # noqa: PLC0415  # slow

    return factory().get_lark_from_jinja(
        template=factory().select_jinja_template(),
        mode=mode,
        tools=[Tool(function=Function(name="f", parameters={}))],
        json_schema=None,
        parallel_tool_calls=parallel,
        json_only=False,
        force_tool_names=False,
    )


@dataclass(frozen=True)
class Verdict:
    """How far the official grammar follows a reply."""

    # Whether each token may follow those before it.
    follows: bool
    # Whether the reply may end there.
    ends: bool


def token_ids(pieces, *, cut=False):
    """
    The tokens that a model generates for *pieces*, with the markers around them.

    A reply that was *cut* has no marker after its last text.
    """
    ids = []
    listed = merge_pieces(pieces)
    for number, piece in enumerate(listed):
        # Markers that a text quotes are text.
        text = piece.text.replace("[", "(") if piece.kind in MARKERS else piece.text
        body = words().ids(text)
        if piece.kind is PieceKind.TOOL:
            name = words().ids(piece.call.name or "") if piece.call else ()
            ids += [ID["[TOOL_CALLS]"], *name, ID["[ARGS]"], *body]
            continue
        opening, closing = MARKERS[piece.kind]
        ids += [ID[opening]] if opening else []
        ids += body
        last = cut and number == len(listed) - 1
        ids += [ID[closing]] if closing and not last else []
    return ids


@cache
def _matcher(text):
    compiled = llguidance.grammar_from("lark", text)
    return llguidance.LLMatcher(factory().llg_tokenizer, compiled, log_level=0)


def judged(ids, text):
    """The verdict of the grammar *text* on a sequence of tokens."""
    matcher = _matcher(text).deep_copy()  # a failed one cannot be reset
    follows = matcher.consume_tokens(list(ids))
    return Verdict(follows, follows and matcher.is_accepting())


def mode_of(body):
    """The `tool_choice` of a request as the factory names it."""
    choice = body.get("tool_choice")
    if isinstance(choice, dict) or choice in {"any", "required"}:
        return "required"
    return "none" if choice == "none" else "auto"


# A conversation with each feature, as requests have it; `tools` beside the messages.
USER = {"role": "user", "content": "What is 6 times 7?"}
THINK = {"type": "thinking", "thinking": "Six sevens."}
PICTURE = {"type": "image_url", "image_url": {"url": images.picture(56, 28).uri}}
CALLED = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {
            "id": "a1B2c3D4e",
            "type": "function",
            "function": {"name": "add", "arguments": '{"a": 6, "b": "ä"}'},
        }
    ],
}
RESULT = {"role": "tool", "tool_call_id": "a1B2c3D4e", "content": '{"sum": 13}'}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "add",
            "description": 'Adds "two" numbers, 加',
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"enum": ["ä", 1]}},
                "required": ["a"],
            },
        },
    }
]


def text(words):
    return {"type": "text", "text": words}


def system(*parts):
    return {"role": "system", "content": [*parts]}


def answer(*parts):
    return {"role": "assistant", "content": [*parts]}


CONVERSATIONS = {
    "question": ([USER], None),
    "system": ([{"role": "system", "content": "Be brief."}, USER], None),
    "thinking-system": ([system(text("A"), THINK, text("B")), USER], None),
    "open-thinking": ([system(text("A"), {**THINK, "closed": False}), USER], None),
    "turns": ([USER, {"role": "assistant", "content": "42."}, USER], None),
    "thought-replayed": ([USER, answer(THINK, text("42.")), USER], None),
    "resumed": ([USER, answer(THINK, text("4"), THINK, text("2")), USER], None),
    "tools": ([USER], TOOLS),
    "tools-system": ([{"role": "system", "content": "Be brief."}, USER], TOOLS),
    "result": ([USER, CALLED, RESULT], TOOLS),
    "result-answered": (
        [USER, CALLED, RESULT, {"role": "assistant", "content": "13"}, USER],
        TOOLS,
    ),
    "two-calls": (
        [
            USER,
            {
                **CALLED,
                "tool_calls": [
                    *CALLED["tool_calls"],
                    {**CALLED["tool_calls"][0], "id": "f1B2c3D4e"},
                ],
            },
            RESULT,
            {**RESULT, "tool_call_id": "f1B2c3D4e"},
        ],
        TOOLS,
    ),
    "thought-and-call": ([USER, {**CALLED, "content": [THINK]}, RESULT], TOOLS),
    "text-and-call": ([USER, {**CALLED, "content": "I add."}, RESULT], TOOLS),
    "image": ([{"role": "user", "content": [text("Look:"), PICTURE]}], None),
    "image-first": ([{"role": "user", "content": [PICTURE, text("What?")]}], None),
    "images": (
        [{"role": "user", "content": [text("A"), PICTURE, PICTURE, text("B")]}],
        None,
    ),
    "unicode": ([{"role": "user", "content": "日本 👋 café\n\tx  y"}], None),
    "two-users": ([USER, USER], None),
    "two-systems": (
        [{"role": "system", "content": "A"}, {"role": "system", "content": "B"}, USER],
        None,
    ),
    "texts": ([{"role": "user", "content": [text("A"), text("B")]}], None),
    "typed-markers": ([{"role": "user", "content": "a [/THINK] b [INST]"}], None),
}


def encoded(messages, tools=None):
    """The tokens of a prompt, as mistral-common encodes it for serving."""
    from mistral_common.protocol.instruct.normalize import get_normalizer  # noqa: PLC0415  # slow
    from mistral_common.protocol.instruct.request import (  # noqa: PLC0415  # slow
        ChatCompletionRequest,
    )

    request = ChatCompletionRequest(messages=messages, tools=tools)
    instruct = tokenizer().instruct_tokenizer
    normalizer = get_normalizer(instruct.tokenizer.version)
    normalized = normalizer.from_chat_completion_request(request)
    # The pixels need OpenCV, their number of tokens does not.
    pixels = "mistral_common.tokens.tokenizers.image.transform_image"
    with patch(pixels, lambda _image, size: np.zeros((3, *size[::-1]))):
        return instruct.encode_instruct(normalized).tokens


_IMAGE = {ID[name] for name in ("[IMG]", "[IMG_BREAK]", "[IMG_END]")}


def without_patches(ids):
    """*ids* with one [IMG] for each image, as a template has it."""
    found = []
    for token in ids:
        if token == ID["[IMG_END]"]:
            found.append(ID["[IMG]"])
        elif token not in _IMAGE:
            found.append(token)
    return found
