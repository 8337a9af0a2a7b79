"""Tokens of texts and conversations, as recorded from vLLM."""

import json
from pathlib import Path

import pytest

from contract.model.rejection import Rejection
from contract.providers.vllm.dialect import VLLM_0_16
from contract.providers.vllm.tokenize import detokenize, tokenize_with

RECORDED = Path("fixtures/exchanges/recorded-vllm-0.32")
WINDOW = 131_072
tokenize = tokenize_with(VLLM_0_16.parse)


def recorded(name):
    saved = json.loads((RECORDED / f"{name}.json").read_text("utf-8"))
    body = json.dumps(saved["request"]["body"]).encode()
    return body, json.loads(saved["response"]["arrivals"][0][1])


@pytest.mark.parametrize("name", ["tokenize_chat", "tokenize_prompt"])
def test_tokens_are_those_of_a_real_vllm(name):
    body, expected = recorded(name)

    assert expected == tokenize(body, WINDOW)


def test_text_is_that_of_a_real_vllm():
    body, expected = recorded("detokenize")

    assert expected == detokenize(body, WINDOW)


def test_begin_token_is_left_out_on_request():
    body = b'{"prompt": "hi", "add_special_tokens": false}'

    assert tokenize(body, WINDOW)["tokens"] == [8101]


def test_nothing_to_tokenize_is_rejected():
    assert isinstance(tokenize(b"{}", WINDOW), Rejection)


def test_a_member_of_the_wrong_type_is_rejected_where_it_is():
    found = tokenize(b'{"prompt": "hi", "return_token_strs": 1}', WINDOW)

    assert isinstance(found, Rejection)
    assert "/return_token_strs" == found.pointer
