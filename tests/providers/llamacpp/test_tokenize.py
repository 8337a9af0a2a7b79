"""Tokens of texts, as recorded from llama.cpp's server."""

import json
from pathlib import Path

from contract.model.rejection import Rejection
from contract.providers.llamacpp.tokenize import detokenize, tokenize

RECORDED = Path("fixtures/exchanges/recorded-llamacpp-b11434/tokenize.json")
WINDOW = 131_072


def test_tokens_are_those_of_a_real_llama_cpp():
    saved = json.loads(RECORDED.read_text("utf-8"))
    body = json.dumps(saved["request"]["body"]).encode()

    assert json.loads(saved["response"]["arrivals"][0][1]) == tokenize(body, WINDOW)


def test_pieces_and_control_tokens_are_returned_on_request():
    body = b'{"content": "hi", "with_pieces": true, "add_special": true}'

    assert tokenize(body, WINDOW) == {
        "tokens": [{"id": 1, "piece": "<s>"}, {"id": 8101, "piece": "hi"}]
    }


def test_a_body_without_content_has_no_tokens():
    assert tokenize(b"{}", WINDOW) == {"tokens": []}


def test_content_that_is_not_text_is_rejected():
    assert isinstance(tokenize(b'{"content": 1}', WINDOW), Rejection)


def test_text_is_returned_as_content():
    assert detokenize(b'{"tokens": [8101]}', WINDOW) == {"content": "hi"}
