"""The official chat template, rendered as Transformers does, is the official prompt."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.sandbox import ImmutableSandboxedEnvironment
from support import official

from contract.tiny.template import template

# Where a template and mistral-common's own encoding differ, and how.
DIFFERENT = {
    "typed-markers": "a template's markers and a user's are one text",
}


@cache
def compiled():
    """The template that the tiny models carry, in the environment of Transformers."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols"],
        autoescape=False,
    )
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)

    def refuse(message):
        raise AssertionError(message)

    environment.globals["raise_exception"] = refuse
    return environment.from_string(template())


def rendered(messages, tools=None):
    """The tokens of the rendered prompt, with the names of markers as markers."""
    prompt = compiled().render(
        messages=messages,
        tools=tools,
        bos_token="<s>",  # the name of a token
        eos_token="</s>",  # the name of a token
        add_generation_prompt=True,
    )
    return [*official.words().ids(prompt)]


@pytest.mark.parametrize("name", official.CONVERSATIONS)
def test_the_template_renders_what_mistral_common_encodes(name):
    messages, tools = official.CONVERSATIONS[name]
    expected = official.without_patches(official.encoded(messages, tools))

    assert (expected == rendered(messages, tools)) == (name not in DIFFERENT)


def test_a_marker_in_a_text_is_a_marker_in_the_prompt():
    """An engine that renders a template must parse only the template's own markers."""
    messages, _ = official.CONVERSATIONS["typed-markers"]
    markers = {official.ID["[/THINK]"], official.ID["[INST]"]}

    assert rendered(messages).count(official.ID["[INST]"]) == 2
    assert official.encoded(messages).count(official.ID["[INST]"]) == 1
    assert markers <= {*rendered(messages)}


# Texts without the brackets of markers, and without what JSON cannot carry.
words = st.text(
    st.characters(exclude_characters="[]<", exclude_categories=("Cs", "Cc")),
    min_size=1,
    max_size=20,
).filter(str.strip)
thought = words.map(lambda one: {"type": "thinking", "thinking": one})
part = words.map(official.text)
parts = st.lists(part, min_size=1, max_size=2)
replies = st.one_of(
    words.map(lambda one: {"role": "assistant", "content": one}),
    st.tuples(thought, part).map(lambda both: official.answer(*both)),
)
questions = st.one_of(
    words.map(lambda one: {"role": "user", "content": one}),
    parts.map(lambda some: {"role": "user", "content": some}),
)
systems = st.one_of(
    st.just(()),
    words.map(lambda one: ({"role": "system", "content": one},)),
    st.tuples(part, thought, part).map(lambda some: (official.system(*some),)),
)


@settings(max_examples=25)
@given(
    head=systems,
    turns=st.lists(st.tuples(questions, replies), max_size=2),
    last=questions,
    tools=st.sampled_from([None, official.TOOLS]),
)
def test_any_conversation_has_one_prompt(head, turns, last, tools):
    messages = [*head, *(one for turn in turns for one in turn), last]

    assert official.encoded(messages, tools) == rendered(messages, tools)
