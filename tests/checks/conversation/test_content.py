"""Message content checks: the requests they send."""

import pytest
from support.rehearsal import chat_request

from contract.catalog.profiles import builtin
from contract.checks.conversation.content import (
    BLANKS,
    CRLF,
    EMPTY,
    EMPTY_SYSTEM,
    LAST_PART,
    LF,
    PART,
    PARTS,
    TEXT,
)
from contract.tokens import counting

PROFILES = builtin()


def contents(probe, name="vllm-0.32"):
    return [
        message["content"]
        for message in chat_request(probe, PROFILES[name])["messages"]
    ]


@pytest.mark.parametrize("name", PROFILES)
def test_text_and_part_have_the_same_content(name):
    text, part = contents(TEXT, name), contents(PART, name)

    assert [[{"type": "text", "text": text[0]}]] == part


@pytest.mark.parametrize("name", PROFILES)
def test_parts_are_sent_alone_and_together(name):
    first, last, both = (contents(probe, name)[0] for probe in (PART, LAST_PART, PARTS))

    assert first + last == both


@pytest.mark.parametrize("name", PROFILES)
def test_empty_and_blank_content_is_sent_as_it_is(name):
    assert contents(EMPTY, name) == [""]
    assert contents(EMPTY_SYSTEM, name)[0] == ""
    assert contents(BLANKS, name)[0].strip() != contents(BLANKS, name)[0]
    assert contents(CRLF, name)[0].replace("\r\n", "\n") == contents(LF, name)[0]


@pytest.mark.parametrize(
    ("longer", "shorter"),
    [(CRLF, LF), (PARTS, PART), (PARTS, LAST_PART), (EMPTY_SYSTEM, EMPTY)],
    ids=lambda probe: probe.name,
)
def test_tekken_counts_more_tokens_for_the_longer_request(longer, shorter):
    assert counting.prompt(longer) > counting.prompt(shorter)
