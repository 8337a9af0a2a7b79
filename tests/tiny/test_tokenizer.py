"""Tests of the tokenizer files: Tekken's token ids, markers in the template."""

import re
from functools import cache

import pytest

from contract.tiny.vocabulary import LEAST, control, vocabulary
from contract.tokens.tekken import ORDINARY

pytest.importorskip("numpy", reason="the extra [tiny] is not installed")
tokenizer = pytest.importorskip("contract.tiny.tokenizer")
CALL = '[TOOL_CALLS]get_weather[ARGS]{"city": "Rome"}'


@cache
def made():
    return tokenizer.tokenizer(vocabulary(LEAST))


def test_ids_are_the_ranks_of_tekken():
    vocab = made()["model"]["vocab"]

    assert list(range(LEAST)) == list(vocab.values())
    assert control(34) == list(vocab)[34] == "[THINK]"
    assert "\u0120the" in list(vocab)[ORDINARY:]


def test_control_tokens_are_special():
    added = made()["added_tokens"]

    assert ORDINARY == len(added)
    assert all(token["special"] and not token["normalized"] for token in added)


def test_merges_make_known_tokens():
    model = made()["model"]

    assert all(left + right in model["vocab"] for left, right in model["merges"])
    assert model["ignore_merges"]


def test_template_finds_a_call_by_its_markers():
    field = tokenizer.response_template()["fields"]["tool_calls"]
    opened = re.match(field["open_pattern"], CALL)
    both = re.search(field["close_pattern"], '{"city": "Rome"}[TOOL_CALLS]')

    assert "get_weather" == opened["name"]
    assert '{"city": "Rome"}' == CALL[opened.end() :]
    assert '{"city": "Rome"}' == both.string[: both.start()]


def test_response_template_can_be_left_out():
    plain, parsing = (tokenizer.configuration(parses=parses) for parses in (0, 1))

    assert {"response_template"} == set(parsing) - set(plain)
