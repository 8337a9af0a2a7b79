"""Tests of the entries of `logprobs` as llama.cpp writes them."""

from contract.model.chat import END, Token
from contract.providers.llamacpp import logprobs


def test_llama_cpp_adds_ids_and_hides_markers_among_the_alternatives():
    made = logprobs.entry(Token("[THINK]"), 2)

    assert (made["id"], made["token"]) == (34, "[THINK]")
    assert [(one["id"], one["token"]) for one in made["top_logprobs"]] == [
        (34, ""),
        (1034, '"'),
    ]
    assert logprobs.entry(Token(END), 0)["token"] == ""
    assert logprobs.entry(Token(END), 0)["id"] == 2
