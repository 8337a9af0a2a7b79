"""Tokens of texts and prompts, as recorded from real servers."""

import json
from pathlib import Path

import pytest

from contract.catalog.providers import dialects
from contract.model.rejection import Rejection, RejectionReason

DIALECTS = dialects()
RECORDED = Path("fixtures/exchanges")
WINDOW = 131_072


def tokenized(body, dialect, window):
    return dialect.rules.body_endpoints["/tokenize"](body, window)


def detokenized(body, dialect, window):
    return dialect.rules.body_endpoints["/detokenize"](body, window)


def recorded(path):
    saved = json.loads((RECORDED / path).read_text())
    body = json.dumps(saved["request"]["body"]).encode()
    return body, json.loads(saved["response"]["arrivals"][0][1])


@pytest.mark.parametrize("name", ["tokenize_chat", "tokenize_prompt"])
def test_tokens_are_those_of_a_real_vllm(name):
    body, expected = recorded(f"recorded-vllm-0.32/{name}.json")

    assert expected == tokenized(body, DIALECTS["vllm-0.16"], WINDOW)


def test_text_is_that_of_a_real_vllm():
    body, expected = recorded("recorded-vllm-0.32/detokenize.json")

    assert expected == detokenized(body, DIALECTS["vllm-0.16"], WINDOW)


def test_tokens_are_those_of_a_real_llama_cpp():
    body, expected = recorded("recorded-llamacpp-b11434/tokenize.json")

    assert expected == tokenized(body, DIALECTS["llamacpp"], WINDOW)


def test_llama_cpp_returns_pieces_and_control_tokens_on_request():
    body = b'{"content": "hi", "with_pieces": true, "add_special": true}'

    assert tokenized(body, DIALECTS["llamacpp"], WINDOW) == {
        "tokens": [{"id": 1, "piece": "<s>"}, {"id": 8101, "piece": "hi"}]
    }
    assert tokenized(b"{}", DIALECTS["llamacpp"], WINDOW) == {"tokens": []}


def test_begin_token_is_left_out_on_request():
    body = b'{"prompt": "hi", "add_special_tokens": false}'
    found = tokenized(body, DIALECTS["vllm-0.16"], WINDOW)

    assert found["tokens"] == [8101]


@pytest.mark.parametrize("name", ["vllm-0.16", "llamacpp"])
@pytest.mark.parametrize(
    ("answer", "body", "reason"),
    [
        (tokenized, b"{", RejectionReason.MALFORMED),
        (tokenized, b"\xff", RejectionReason.ENCODING),
        (tokenized, b"[]", RejectionReason.SCHEMA),
        (detokenized, b"{", RejectionReason.MALFORMED),
        (detokenized, b"{}", RejectionReason.SCHEMA),
        (detokenized, b'{"tokens": [-1]}', RejectionReason.SCHEMA),
        (detokenized, b'{"tokens": [131072]}', RejectionReason.SCHEMA),
        (detokenized, b'{"tokens": ["a"]}', RejectionReason.SCHEMA),
    ],
)
def test_invalid_bodies_are_rejected(answer, body, reason, name):
    found = answer(body, DIALECTS[name], WINDOW)

    assert isinstance(found, Rejection)
    assert found.reason is reason


def test_nothing_to_tokenize_is_rejected():
    assert isinstance(tokenized(b"{}", DIALECTS["vllm-0.16"], WINDOW), Rejection)
