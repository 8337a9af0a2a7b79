"""Scripts as next tokens, and the sentences for scripts that are no table."""

from functools import cache

import pytest

from contract.errors import SpecError
from contract.mock_server.scripts import (
    Script,
    scripts,
)
from contract.tiny.table import table
from contract.tiny.vocabulary import (
    LEAST,
    vocabulary,
)
from contract.tokens.tekken import Control

TOOL = "[THINK]I should call the weather tool.[/THINK]"
tokens = cache(lambda: vocabulary(LEAST))


def walked(row, start=Control.USER_END, limit=40):
    """What a row says, with names for control tokens, until the end or the limit."""
    said, token = b"", int(start)
    for _ in range(limit):
        token = row.follows[token][0]
        said += tokens().spelled(token)
        if token == Control.END:
            break
    return said.decode()


def rows(named):
    return {row.name: row for row in table(named, tokens()).rows}


@pytest.mark.parametrize(
    ("name", "said"),
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
def test_script_is_said_as_it_stands(name, said):
    assert said == walked(rows(scripts())[name])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("loop", "[THINK]Short plan.[/THINK] again and again and again"),
        ("long", "[THINK]Hmm, wait, wait, wait"),
    ],
)
def test_endless_script_comes_round(name, said):
    assert walked(rows(scripts())[name]).startswith(said)


def test_every_script_answers_a_user_and_a_tool():
    for row in rows(scripts()).values():
        assert walked(row) == walked(row, Control.RESULT_END)


def test_drawn_answers_have_equal_odds():
    row = rows(scripts())["random"]

    assert list("234567") == [
        tokens().spelled(token).decode() for token in row.follows[Control.THINK_END]
    ]


def test_no_two_scripts_share_a_trigger():
    triggers = [row.trigger for row in rows(scripts()).values()]

    assert len(triggers) == len(set(triggers))


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (Script(answer="no no no", trigger="#json"), "stands twice in the script"),
        (Script(thought="yes", answer="yes", trigger="#json"), "stands twice"),
        (Script(answer="yes"), "has no trigger"),
        (Script(answer="yes", trigger="json"), "not '#' and one token"),
        (Script(answer="yes", trigger="#unpronounceable"), "not '#' and one token"),
    ],
    ids=["token-twice", "thought-and-answer", "no-trigger", "no-sign", "many-tokens"],
)
def test_script_that_is_no_table_is_named(script, sentence):
    with pytest.raises(SpecError, match=sentence) as caught:
        table({"odd": script}, tokens())

    assert "'odd'" in str(caught.value)
