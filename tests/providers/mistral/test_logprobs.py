"""Entries of `logprobs` are read by the official package."""

import pytest

from contract.model.chat import Token
from contract.providers.mistral.logprobs import entry

models = pytest.importorskip("mistralai.client.models")


@pytest.mark.parametrize("wanted", [0, 1, 5])
def test_the_official_package_reads_an_entry(wanted):
    made = entry(Token(" forty"), wanted)
    read = models.ChatCompletionResponseTokenLogprobsTopK.model_validate(made)

    assert (" forty", list(b" forty")) == (read.token, read.bytes_)
    assert wanted == len(read.top_logprobs)
    assert {read.token_id} >= {one.token_id for one in read.top_logprobs[:1]}


def test_a_control_token_has_its_own_id():
    assert 34 == entry(Token("[THINK]"), 0)["token_id"]
