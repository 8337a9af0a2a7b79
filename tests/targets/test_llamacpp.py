"""What a llama.cpp target understands before it starts anything."""

import pytest

from contract.errors import UsageError
from contract.targets.base import parse_target
from contract.targets.llamacpp import llamacpp

KINDS = {"llamacpp": llamacpp}


def opened(text):
    with parse_target(text, KINDS).open() as place:
        return place


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("llamacpp", "Which model"),
        ("llamacpp:missing.gguf", "There is no file 'missing.gguf'"),
        ("llamacpp:tiny?ctx=0", "whole numbers from 1 on"),
        ("llamacpp:tiny?slots=many", "must be a whole number"),
        ("llamacpp:tiny?reasoning_format=xml", "one of auto, none, deepseek"),
        ("llamacpp:tiny?server=no-such-program", r"\?server= names llama-server"),
        ("llamacpp:tiny?python=/nowhere/python", r"\?python= names an interpreter"),
        ("llamacpp:tiny?flags=--api-key sk", r"own; write \?key="),
        ("llamacpp:tiny?without=jinja", "Set: --jinja, --metrics"),
        ("llamacpp:tiny?keys=sk", "has no option 'keys'. Did you mean 'key'"),
    ],
    ids=[
        *("none", "missing", "ctx", "slots", "format", "server", "python"),
        *("flags", "without", "option"),
    ],
)
def test_mistake_is_answered_with_a_sentence(text, sentence):
    with pytest.raises(UsageError, match=sentence):
        opened(text)
