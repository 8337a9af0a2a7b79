from __future__ import annotations

import pytest

from contract.mock_server.scripts import choose
from contract.model.probe import Probe
from contract.model.probes import user
from contract.probing.question import Question

SUM = Question.of(374, 642)


def test_the_question_names_both_numbers():
    assert SUM.text.startswith("What is 374 plus 268?")
    assert (SUM.expected, SUM.sum) == ("642", "374 + 268")


def test_questions_are_fresh_sums_of_numbers_with_three_digits():
    asked = [Question.fresh() for _ in range(300)]

    for question in asked:
        one, other = map(int, question.sum.split(" + "))
        assert 101 <= min(one, other)
        assert one + other == int(question.expected) <= 999
    assert len({question.expected for question in asked}) > 100


def test_the_question_for_a_scripted_model_is_fresh_and_its_answer_is_not():
    asked = [Question.scripted() for _ in range(100)]

    assert {question.expected for question in asked} == {"42"}
    assert len({question.text for question in asked}) > 10


def test_the_mock_answers_each_question():
    for question in (Question.fresh(), Question.scripted()):
        script = choose(Probe(name="asked", messages=(user(question.text),)))

        assert question.is_answered_by(script.answer)


@pytest.mark.parametrize(
    "answer",
    [
        "642",
        "The answer is 642.",
        "374 + 268 = 642",
        "642 is the sum of 374 and 268.",
        "**642**",
        "$\\boxed{642}$",
        "First 370 + 260 = 630, then 4 + 8 = 12, so 642",
    ],
)
def test_right_answers(answer):
    assert SUM.is_answered_by(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "The answer is 42",
        "374 + 268",
        "6420",
        "1642",
        "0.642 or 643",
        "640 641 642 643 644",
        "six hundred",
    ],
)
def test_wrong_answers(answer):
    assert not SUM.is_answered_by(answer)


def test_thousands_may_be_separated():
    question = Question.of(700, 1642)

    for answer in ("1642", "1,642", "1.642", "1 642", "1'642"):
        assert question.is_answered_by(answer)


def test_a_question_of_the_user_is_answered_by_a_part_in_any_letter_case():
    question = Question("Name the capital of France.", "Paris")

    assert question.is_answered_by("it is PARIS.")
    assert not question.is_answered_by("it is Lyon.")
