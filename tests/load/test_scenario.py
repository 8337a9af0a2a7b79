"""Scenarios: what is drawn from them, and what is wrong with a file."""

from __future__ import annotations

import pytest

from contract.errors import UsageError
from contract.load.scenario import find_scenario, names, parse, to_json
from contract.load.ticket import ticket
from contract.model.chat import Image
from contract.model.images import picture
from contract.model.profile import Capability
from contract.testing.rehearsal import clean

FILE = """
[[chats]]
name = "capital"
weight = 3
messages = [{ role = "user", content = "What is the capital of France?" }]
max-tokens = 64
temperature = 0.5
stop = ["###"]
expected = ["Paris", "{ticket}"]
images = ["a.png", { width = 28, height = 28 }]
"""


def written(tmp_path, text):
    file = tmp_path / "own.toml"
    file.write_text(text)
    return str(file)


def test_a_draw_depends_on_seed_and_number_alone():
    scenario = find_scenario("mixed")
    one = [scenario.draw(number, 7) for number in range(40)]

    assert one == [scenario.draw(number, 7) for number in range(40)]
    assert one != [scenario.draw(number, 8) for number in range(40)]


@pytest.mark.parametrize("name", ["chat", "vision", "tools", "mixed"])
def test_no_two_prompts_begin_alike(name):
    scenario = find_scenario(name)
    texts = set()
    for number in range(30):
        messages = scenario.draw(number, 0).probe.messages
        texts.add(str([message.content for message in messages]))

    assert len(texts) == 30


def test_the_same_prompt_is_sent_with_samples_of_its_own():
    scenario = find_scenario("chat")
    first, second = (scenario.draw(n, 0, same=True).probe for n in (3, 4))

    assert first.messages == second.messages
    assert first.sample != second.sample


@pytest.mark.parametrize("name", names())
def test_a_scenario_survives_the_way_to_another_process(name):
    scenario = find_scenario(name)

    assert scenario == parse(to_json(scenario), name)


def test_a_file_is_read(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(8, 8).data)
    scenario = find_scenario(written(tmp_path, FILE))
    drawn = scenario.draw(2, 5)
    text, first, second = drawn.probe.messages[0].content

    # Prompts without a ticket get one, so that no prefix cache helps.
    assert text.text == f"[{ticket(2, 5)}] What is the capital of France?"
    assert isinstance(first, Image)
    assert first.data == picture(8, 8).data
    assert isinstance(second, Image)
    assert drawn.expected == ("Paris", ticket(2, 5))
    assert drawn.probe.options.stop == ("###",)
    assert drawn.probe.options.temperature == 0.5
    assert scenario == parse(to_json(scenario), "own")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("weight = 3", "weihgt = 3", "unknown key 'weihgt'. Did you mean 'weight'"),
        ("weight = 3", "weight = -1", "weight must be a number from 0.001"),
        ("weight = 3", "weight = nan", "weight must be a number"),
        ("weight = 3", 'weight = "many"', "weight must be a number"),
        ('name = "capital"', "", "lacks the key 'name'"),
        ('name = "capital"', 'name = "a b"', "letters, digits and hyphens"),
        ('role = "user"', 'role = "boss"', "role must be one of system, user"),
        ('role = "user"', 'role = "system"', "no message of the user"),
        ("max-tokens = 64", "max-tokens = 0", "max-tokens must be a whole number"),
        ("max-tokens = 64", "max-tokens = true", "max-tokens must be a whole number"),
        ("temperature = 0.5", "temperature = inf", "temperature must be a number"),
        ('"a.png", ', '"missing.png", ', "'missing.png' cannot be read"),
        ('"a.png", ', '"own.toml", ', "must be PNG, JPEG, WebP or GIF"),
        ("width = 28", "width = 99999", "whole number from 1 to 4096"),
        ('expected = ["Paris", "{ticket}"]', "expected = 3", "expected must be a text"),
        ("[[chats]]", "[[chat]]", "unknown key 'chat'"),
        ("[[chats]]", "[[chats]", "is not TOML"),
    ],
)
def test_a_mistake_in_a_file_is_one_sentence(tmp_path, old, new, words):
    (tmp_path / "a.png").write_bytes(picture(8, 8).data)
    assert old in FILE
    path = written(tmp_path, FILE.replace(old, new))

    with pytest.raises(UsageError) as caught:
        find_scenario(path)

    assert words in str(caught.value)
    assert path in str(caught.value)


def test_two_chats_of_one_name_are_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(8, 8).data)

    with pytest.raises(UsageError, match="two chats of one name"):
        find_scenario(written(tmp_path, FILE + FILE))


def test_an_unknown_name_is_suggested():
    with pytest.raises(UsageError, match="Did you mean 'tools'"):
        find_scenario("tool")


def test_chats_that_are_not_offered_are_left_out():
    profile = clean("transformers").profile
    kept, left = find_scenario("mixed").offered_by(profile)

    assert {chat.name for chat in kept.chats}.isdisjoint(left)
    assert "schema" in left
    assert Capability.JSON_SCHEMA not in profile.offers


def test_a_scenario_of_which_nothing_is_offered_is_refused():
    profile = clean("vllm-0.32").profile
    bare = type(profile)(id="bare", dialect=profile.dialect)

    with pytest.raises(UsageError, match="bare does not offer streaming, vision"):
        find_scenario("vision").offered_by(bare)
