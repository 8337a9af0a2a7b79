"""No message of any check shows a value as Python spells it."""

from __future__ import annotations

import re

import pytest

from contract.model.check import Fault, shorten, spell
from contract.plugins.discovery import find
from contract.testing import rehearse

# Every second one is a good sample, and takes seconds.
FAULTS = dict(sorted(find("checks", Fault).items())[::2])
DIALECTS = (
    "vllm",
    "mistral",
    "llamacpp",
    "transformers",
    "mistral-2026-10",
    "mistral-responses",
)
PYTHON = re.compile(
    r"\b(?:None|True|False)\b"  # null, true, false
    r"|<class |<function |<[\w.]+ object at |\w+Error\("
    r"|[{\[(,] ?'|(?<!')\b[bru]'"  # a text in a container, bytes
    r"|\('"  # a tuple
)


def words_of(result):
    texts = [result.reason]
    for one in result.findings:
        texts += [one.message, one.expected, one.actual, one.at, one.hint]
    return texts


def said_by_the_server(exchange, snippet):
    """Whether *snippet* is the server's own: pydantic writes Python into errors."""
    body = exchange.text
    return snippet in body or snippet in body.replace("\\\\", "\\").replace("\\'", "'")


@pytest.mark.parametrize("name", FAULTS)
def test_the_messages_of_a_fault_are_spelled_as_json(name):
    fault = FAULTS[name]
    results = (rehearse(fault.breaks, dialect, fault) for dialect in DIALECTS)
    result = next(result for result in results if result.findings)

    assert [] == [
        text
        for text in words_of(result)
        for found in PYTHON.finditer(text)
        if not any(said_by_the_server(e, found[0]) for e in result.exchanges)
    ]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "None",
            "is True",
            "{'a': 1}",
            "['a']",
            "[('a', 1)]",
            "b'a'",
            "<class 'int'>",
        ),
        *("ValueError('a')", "<function f at 0x1>", "<contract.X object at 0x1>"),
    ],
)
def test_python_is_noticed(text):
    assert PYTHON.search(text)


@pytest.mark.parametrize("text", ['{"a": null}', "the client's", "'a' or 'b'", "false"])
def test_json_and_english_are_not_python(text):
    assert not PYTHON.search(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "null", id="null"),
        pytest.param(True, "true", id="true"),
        pytest.param("a'ü", '"a\'ü"', id="text"),
        pytest.param(b"a\xff", '"a\\\\xff"', id="bytes"),
        pytest.param({"a": (1, None)}, '{"a": [1, null]}', id="containers"),
        pytest.param({1: {"b", "a"}}, '{"1": ["a", "b"]}', id="keys-and-sets"),
    ],
)
def test_values_are_spelled_as_json(value, text):
    assert spell(value) == text
    assert shorten(value) == (value if isinstance(value, str) else text)
