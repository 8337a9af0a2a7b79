"""What the tokenizer endpoints of every dialect have in common."""

import pytest

from contract.catalog.providers import dialects
from contract.model.rejection import Rejection, RejectionReason
from contract.providers.openai_format.tokenize import printable, vocabulary_id

DIALECTS = dialects()
WINDOW = 131_072


@pytest.mark.parametrize("name", ["vllm-0.16", "llamacpp"])
@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/tokenize", b"{", RejectionReason.MALFORMED),
        ("/tokenize", b"\xff", RejectionReason.ENCODING),
        ("/tokenize", b"[]", RejectionReason.SCHEMA),
        ("/detokenize", b"{", RejectionReason.MALFORMED),
        ("/detokenize", b"{}", RejectionReason.SCHEMA),
        ("/detokenize", b'{"tokens": [-1]}', RejectionReason.SCHEMA),
        ("/detokenize", b'{"tokens": [131072]}', RejectionReason.SCHEMA),
        ("/detokenize", b'{"tokens": ["a"]}', RejectionReason.SCHEMA),
    ],
)
def test_invalid_bodies_are_rejected(path, body, reason, name):
    found = DIALECTS[name].rules.body_endpoints[path](body, WINDOW)

    assert isinstance(found, Rejection)
    assert found.reason is reason


@pytest.mark.parametrize(
    ("value", "token"),
    [
        pytest.param(0, 0, id="first"),
        pytest.param(131_071, 131_071, id="last"),
        pytest.param(131_072, None, id="beyond"),
        pytest.param(5.0, 5, id="whole-float"),
        pytest.param(5.5, None, id="fraction"),
        pytest.param(True, None, id="boolean"),
        pytest.param("5", None, id="text"),
    ],
)
def test_token_ids_are_whole_numbers_of_the_vocabulary(value, token):
    assert token == vocabulary_id(value)


def test_half_of_a_character_is_printed_as_its_replacement():
    assert "hi" == printable(8101)
    assert "�" == printable(1000 + 0xE9)
