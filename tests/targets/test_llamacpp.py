"""Tests of the llama.cpp target up to the start of the server."""

import pytest

from contract.errors import UsageError
from contract.targets.base import parse_target
from contract.targets.llamacpp import llamacpp

KINDS = {"llamacpp": llamacpp}


def opened(text):
    with parse_target(text, KINDS).open() as target:
        return target


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("llamacpp", "Which model"),
        ("llamacpp:missing.gguf", "There is no file 'missing.gguf'"),
        ("llamacpp:~no-such-user/x.gguf", "home directory in '~no-such-user/x.gguf'"),
        ("llamacpp:" + "x" * 5_000, "is no path: File name too long"),
        ("llamacpp:tiny?ctx=0", "must be at least 1"),
        ("llamacpp:tiny?slots=" + "9" * 5_000, "slots must have at most 15 digits"),
        ("llamacpp:tiny?slots=many", "must be a whole number"),
        ("llamacpp:tiny?reasoning_format=xml", "one of auto, none, deepseek"),
        ("llamacpp:tiny?server=no-such-program", r"\?server= must name llama-server"),
        ("llamacpp:tiny?python=/nowhere/python", r"\?python= must name an interprete"),
        ("llamacpp:tiny?flags=--api-key sk", r"set by the target; write \?key="),
        ("llamacpp:tiny?without=jinja", "Set: --jinja, --metrics"),
        ("llamacpp:tiny?keys=sk", "has no option 'keys'. Did you mean 'key'"),
    ],
    ids=[
        *("none", "missing", "user", "long", "ctx", "digits", "slots", "format"),
        *("server", "python"),
        *("flags", "without", "option"),
    ],
)
def test_invalid_target_raises_a_usage_error(text, sentence):
    with pytest.raises(UsageError, match=sentence):
        opened(text)
