"""Tests of scripts as tables of next tokens, and of scripts that cannot be tables."""

from functools import cache

import pytest

from contract.errors import SpecError
from contract.mock_server.scripts import Script, scripts
from contract.tiny.table import table
from contract.tiny.vocabulary import LEAST, vocabulary
from contract.tokens.tekken import Control

TOOL = "[THINK]I should call the weather tool.[/THINK]"
tokens = cache(lambda: vocabulary(LEAST))


def output(row, start=Control.USER_END, limit=40):
    """The output of a row, with names for control tokens, up to *limit* tokens."""
    text, token = b"", int(start)
    for _ in range(limit):
        token = row.next_tokens[token][0]
        text += tokens().token_bytes(token)
        if token == Control.END:
            break
    return text.decode()


def rows(named):
    return {row.name: row for row in table(named, tokens()).rows}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("image", "[THINK]There must be a picture here.[/THINK]I see one image</s>"),
        ("tool", f'{TOOL}[TOOL_CALLS]get_weather[ARGS]{{"city": "Rome"}}</s>'),
        ("bare", "Hello without any reasoning.</s>"),
        ("utf", "[THINK]café[/THINK]日本 wave: 👋</s>"),
        ("empty", "</s>"),
        ("open", "[THINK]This thought never ends</s>"),
        ("random", "[THINK]Roll.[/THINK]2</s>"),
    ],
)
def test_output_is_the_script(name, text):
    assert text == output(rows(scripts())[name])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("loop", "[THINK]Short plan.[/THINK] again and again and again"),
        ("long", "[THINK]Hmm, wait, wait, wait"),
    ],
)
def test_script_with_a_loop_repeats_it(name, text):
    assert output(rows(scripts())[name]).startswith(text)


def test_output_is_the_same_after_user_messages_and_tool_results():
    for row in rows(scripts()).values():
        assert output(row) == output(row, Control.RESULT_END)


def test_random_answers_are_alternatives():
    row = rows(scripts())["random"]

    assert list("234567") == [
        tokens().token_bytes(token).decode()
        for token in row.next_tokens[Control.THINK_END]
    ]


def test_no_two_scripts_share_a_trigger():
    triggers = [row.trigger for row in rows(scripts()).values()]

    assert len(triggers) == len(set(triggers))


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (Script(answer="no no no", trigger="#json"), "occurs twice in the script"),
        (Script(reasoning="yes", answer="yes", trigger="#json"), "occurs twice"),
        (Script(answer="yes"), "has no trigger"),
        (Script(answer="yes", trigger="json"), "not '#' and one token"),
        (Script(answer="yes", trigger="#unpronounceable"), "not '#' and one token"),
    ],
    ids=["token-twice", "reasoning-and-answer", "no-trigger", "no-sign", "many-tokens"],
)
def test_script_that_cannot_be_a_table_is_named(script, sentence):
    with pytest.raises(SpecError, match=sentence) as caught:
        table({"odd": script}, tokens())

    assert "'odd'" in str(caught.value)
