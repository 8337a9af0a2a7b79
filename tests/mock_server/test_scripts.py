"""Tests of the choice of a script by the prompt."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from contract.checks.combined.sentences import QUESTIONS
from contract.checks.judging.language import is_in
from contract.mock_server.scripts import choose, hints, is_greeting, places, scripts
from contract.model.chat import Image, Message, Text, ToolCall
from contract.model.probe import Probe
from contract.tokens import counting


def probe_of(*texts, role="user"):
    return Probe(name="probe", messages=tuple(Message(role, text) for text in texts))


def png(width, height):
    buffer = io.BytesIO()
    Pillow.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


def test_other_prompts_get_the_default_script():
    assert choose(probe_of("Hello")) is scripts()["default"]


@pytest.mark.parametrize("name", [n for n, s in scripts().items() if s.trigger])
def test_trigger_works_anywhere_in_the_conversation(name):
    trigger = scripts()[name].trigger

    assert choose(probe_of(f"Please {trigger} now", "and again")) is scripts()[name]


@pytest.mark.parametrize("language", QUESTIONS)
def test_a_question_is_answered_in_its_language(language):
    script = choose(probe_of(QUESTIONS[language]))

    assert is_in(script.reasoning, language)
    assert is_in(script.answer, language)


def test_several_facts_are_recalled_with_their_places():
    facts = "The code word of room 2 is plum. The code word of room 1 is fig. "
    script = choose(probe_of(facts + "What are the code words of the rooms?"))

    assert "1: fig\n2: plum" == script.answer


def test_a_question_about_facts_that_are_not_there_is_an_ordinary_one():
    assert (
        choose(probe_of("What are the code words of the rooms?"))
        is (scripts()["default"])
    )


def test_later_of_two_triggers_wins():
    assert choose(probe_of("#random #bare")) is scripts()["random"]


@pytest.mark.parametrize(
    ("question", "reasoning", "answer"),
    [
        ("What is 6*7?", scripts()["default"].reasoning, "The answer is 42"),
        (
            "What is 6 times 7? Answer with one short sentence.",
            scripts()["default"].reasoning,
            "The answer is 42",
        ),
        (
            "Compute 12 + 100.",
            "Okay, let me think: twelve plus one hundred makes one hundred twelve.",
            "The answer is 112",
        ),
        (
            "how much is -3 minus 4",
            "Okay, let me think: minus three minus four makes minus seven.",
            "The answer is -7",
        ),
        (
            "What's 7 / 2?",
            "Okay, let me think: seven divided by two makes 3.5.",
            "The answer is 3.5",
        ),
        (
            "What is 99999 x 99999?",
            "Okay, let me think: 99999 times 99999 makes 9999800001.",
            "The answer is 9999800001",
        ),
    ],
)
def test_calculations_are_answered(question, reasoning, answer):
    script = choose(probe_of(question))

    assert (script.reasoning, script.answer) == (reasoning, answer)


@given(st.integers(-999_999_999, 999_999_999), st.integers(-999, 999))
def test_sums_are_correct(one, other):
    assert choose(probe_of(f"What is {one} + {other}?")).value == one + other


def test_division_by_zero_gets_the_default_script():
    assert choose(probe_of("What is 7 / 0?")) is scripts()["default"]


@pytest.mark.parametrize(
    ("texts", "answer"),
    [
        (
            ["The code word is plum. What is the code word?"],
            "The code word is plum",
        ),
        (
            ["my lucky number is: 731.", "What's my lucky number?"],
            "The lucky number is 731",
        ),
        (
            ["The key is old.", "The key is new.", "What is the key?"],
            "The key is new",
        ),
    ],
)
def test_facts_in_the_prompt_are_recalled(texts, answer):
    assert choose(probe_of(*texts)).answer == answer


def test_missing_facts_are_not_invented():
    assert choose(probe_of("What is the code word?")) is scripts()["default"]


def test_needle_is_found_in_a_whole_context_window():
    hay = counting.filler(60_000)
    text = f"{hay}. The code word is plum. {hay} What is the code word?"

    assert choose(probe_of(text)).value == "plum"


def test_text_is_repeated_on_request():
    assert choose(probe_of("Repeat exactly: Grüße, 日本")).answer == "Grüße, 日本"


@pytest.mark.parametrize(
    ("sizes", "answer"),
    [
        ([(60, 40)], "I see one image: 60x40"),
        ([(1, 1), (28, 56)], "I see two images: 1x1, 28x56"),
    ],
)
def test_images_are_counted_and_measured(sizes, answer):
    parts = (Text("What is this?"), *(Image(png(*size)) for size in sizes))
    probe = Probe(name="images", messages=(Message("user", parts),))

    assert choose(probe).answer == answer


def test_tool_result_has_a_script():
    probe = Probe(
        name="result",
        messages=(
            Message("user", "What is 6*7?"),
            Message("assistant", None, (ToolCall("abcdefghi", "sum", "{}"),)),
            Message("tool", "42", tool_call_id="abcdefghi"),
        ),
    )

    assert choose(probe) is scripts()["result"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Weather in Rome?", ("Rome",)),
        ("Is it warm in New York and in Paris or in paris?", ("New York", "Paris")),
        ("It is warm.", ()),
    ],
)
def test_places_are_found(text, found):
    assert places(probe_of(text)) == found


def test_hints_are_strings():
    assert hints()["city"] == "Rome"


@given(st.text(max_size=200))
def test_any_text_has_a_script(text):
    script = choose(probe_of(text))

    assert script.answer is not None or script.loop or script.one_of or script.unclosed


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Count from 1 to 5.", "1, 2, 3, 4, 5"),
        ("Please count from 9 to 10 now", "9, 10"),
        ("Count from 5 to 1.", scripts()["default"].answer),
        ("Count from one to ten.", scripts()["default"].answer),
    ],
)
def test_counts_are_made_in_digits(question, answer):
    assert choose(probe_of(question)).answer == answer


def test_a_count_has_a_bound():
    assert choose(probe_of("Count from 1 to 9999.")).value == 1_000


@pytest.mark.parametrize(
    ("text", "greets"),
    [
        ("Good morning!", True),
        (" good evening ", True),
        ("Good morning! What is the weather in Rome?", False),
        ("", False),
    ],
)
def test_a_greeting_alone_needs_no_tool(text, greets):
    assert greets is is_greeting(probe_of(text))


def test_only_the_last_questions_are_looked_at():
    """Each is searched for in the whole prompt, so their number has a bound."""
    asked = "".join(f"What is the x{number}? " for number in range(100))

    assert "x99 is given" not in asked
    assert choose(probe_of("The x99 is plum. " + asked)).answer == "The x99 is plum"
    assert choose(probe_of("The x1 is plum. " + asked)) == scripts()["default"]
