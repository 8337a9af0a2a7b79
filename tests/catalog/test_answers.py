from __future__ import annotations

import re
from pathlib import Path

import pytest

from contract.catalog.answers import line_of, read_answers
from contract.errors import UsageError
from contract.model.custom import AtEnd, CustomError, CustomReply, Entry

FILE = '''\
# The answers of a weather bot.
[[answers]]
text = "frogs"
model = "magistral-small-2509"
turn = 1
tools = []
thought = """
Five, seven,
five."""
answer = "An old pond"
finish = "length"
usage = { prompt = 10, completion = 20 }
latency = { ttft = "80ms", icl = 0.01 }

[[answers]]
pattern = "[Ww]eather"
tools = ["get_weather"]
at-end = "cycle"
tool_calls = [
  { name = "get_weather", arguments = { city = "Rome" } },
  { name = "get_weather", arguments = "{" },
]

[[answers.then]]
error = { status = 429, message = "Slow down", retry-after = 7 }
'''


def read(tmp_path, text):
    path = tmp_path / "answers.toml"
    path.write_text(text, "utf-8")
    return read_answers(path)


def test_a_file_is_read_as_it_is_documented(tmp_path):
    one, other = read(tmp_path, FILE).entries

    assert one == Entry(
        text="frogs",
        model="magistral-small-2509",
        turn=1,
        tools=(),
        replies=(
            CustomReply(
                thought="Five, seven,\nfive.",
                answer="An old pond",
                finish="length",
                prompt_tokens=10,
                completion_tokens=20,
                ttft=0.08,
                icl=0.01,
            ),
        ),
    )
    assert other == Entry(
        pattern="[Ww]eather",
        tools=("get_weather",),
        at_end=AtEnd.CYCLE,
        replies=(
            CustomReply(
                tool_calls=(
                    ("get_weather", '{"city": "Rome"}'),
                    ("get_weather", "{"),
                )
            ),
            CustomReply(
                error=CustomError(status=429, message="Slow down", retry_after=7)
            ),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("turn = 1", "trun = 1", 5, "unknown key 'trun'. Did you mean 'turn'?"),
        ("prompt = 10", "promt = 10", 12, "Did you mean 'prompt'?"),
        ("arguments = {", "argumentz = {", 20, r"answers\[2\].tool_calls\[1\]"),
        ("retry-after", "retry-afer", 25, "Did you mean 'retry_after'?"),
        ("status = 429", "status = 200", 25, "from 400 to 599"),
        ("turn = 1", "turn = 0", 5, "from 1"),
        ("turn = 1", "turn = true", 5, "a whole number"),
        ('"frogs"', "3", 3, "must be a text"),
        ('at-end = "cycle"', 'at-end = "cicle"', 18, "Did you mean 'cycle'?"),
        ('"[Ww]eather"', '"(?=w)"', 16, "not a regular expression"),
        ("icl = 0.01", 'icl = "soon"', 13, "a duration"),
        ('name = "get_weather", arguments = "{"', 'name = ""', 19, "name of a tool"),
        ("error = {", 'answer = "x"\nerror = {', 24, "an error has no answer"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, old, new, line, words):
    assert old in FILE
    with pytest.raises(UsageError, match=words) as caught:
        read(tmp_path, FILE.replace(old, new))

    assert f"answers.toml:{line}: " in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no answers"),
        ("answers = []", "has no answers"),
        ("[[answer]]\nanswer = 'x'", "unknown key 'answer'. Did you mean 'answers'?"),
        ("[[answers]]\ntext = 'x'", "says nothing"),
        ("[[answers]]\nparts = []", "says nothing"),
        ("[[answers]]\nparts = 'x'", "must be an array of tables"),
        ("[[answers]]\nparts = [1]", "must be a table"),
        ("[[answers]]\nparts = [{}]", "needs a thought or an answer"),
        ("[[answers]]\nparts = [{thought = 1}]", "must be a text"),
        ("[[answers]]\nparts = [{text = 'x'}]", "unknown key 'text'"),
        (
            "[[answers]]\nparts = [{thought = 'a', answer = 'b'}]",
            "needs a thought or an answer, and not both",
        ),
        ("[[answers]]\nanswer = 'a'\nparts = [{answer = 'b'}]", "takes the place of"),
        ("[[answers]\n", "not valid TOML"),
        ("answers = [1]", "must be a table"),
    ],
)
def test_a_file_without_answers_is_refused(tmp_path, text, words):
    with pytest.raises(UsageError, match=words.replace("[", "\\[")):
        read(tmp_path, text)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read_answers(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_answers(tmp_path / "latin.toml")


def test_python_values_are_the_same_with_a_short_form():
    one = read_answers([{"text": "frog", "answer": "Quack."}]).entries
    other = read_answers({"frog": "Quack."}).entries
    several = read_answers({"frog": [{"error": {"status": 503}}, "Quack."]}).entries

    assert one == other
    assert several[0].replies == (
        CustomReply(error=CustomError(status=503)),
        CustomReply(answer="Quack."),
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"frog": 3}, "must be a text, a dict"),
        ({"frog": []}, "has no reply"),
        ([{"answr": "x"}], r"answers: answers\[1\].answr: unknown key"),
    ],
)
def test_wrong_python_values_are_refused(given, words):
    with pytest.raises(UsageError, match=words):
        read_answers(given)


def test_a_long_file_is_not_parsed_line_by_line():
    text = "# note\n" * 5_000 + "[[answers]]\nanswr = 'x'\n"

    assert line_of(text, ("answers", 0, "answr")) == 5_002


def test_the_example_in_the_documentation_is_valid(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "mock.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    haiku, weather = read(tmp_path, example).entries

    assert haiku.replies[0].answer == "An old silent pond"
    assert [r.error is not None for r in weather.replies] == [False, True, False]
