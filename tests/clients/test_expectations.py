"""What is expected of a result, and what is not judged."""

from __future__ import annotations

import pytest

from contract.catalog.profiles import named
from contract.clients.expectations import (
    reports_error,
    same_answer,
    same_finish,
    same_reasoning,
    text_of,
    thought_of,
)
from contract.clients.output import Output, Trouble
from contract.clients.scenario import ANSWER, THOUGHT, Run
from contract.clients.scenarios.reasoning import WHOLE
from contract.model.check import NotApplicable


def run(**result):
    return Run(
        scenario=WHOLE, dialect=named("vllm").dialect, output=Output(result=result)
    )


def messages(findings):
    return [finding.message for finding in findings]


def test_an_answer_with_the_thought_in_it_is_told_from_another_one():
    assert messages(same_answer(run(answer=ANSWER))) == []
    assert messages(same_answer(run(answer=THOUGHT + ANSWER))) == [
        "the answer holds the reasoning"
    ]
    assert messages(same_answer(run(answer="no"))) == ["the answer is another one"]
    assert messages(same_answer(run(error={"message": "x"}))) == [
        "the program reports an error"
    ]


def test_a_thought_that_is_lost_twice_or_another_one():
    said = ("", THOUGHT * 2, "no", THOUGHT)

    assert [messages(same_reasoning(run(reasoning=one))) for one in said] == [
        ["the reasoning is lost"],
        ["the reasoning is there twice"],
        ["the reasoning is another one"],
        [],
    ]


def test_what_is_not_told_is_not_judged():
    for judge in (same_answer, same_reasoning):
        with pytest.raises(NotApplicable):
            list(judge(run(usage={})))


def test_nothing_is_judged_without_a_result():
    lost = Run(
        scenario=WHOLE,
        dialect=named("vllm").dialect,
        output=Output(trouble=Trouble.HUNG, reason="it hangs"),
    )

    for judge in (same_answer, same_reasoning, reports_error):
        with pytest.raises(NotApplicable, match="it hangs"):
            list(judge(lost))


def test_finish_reasons_are_compared_whatever_their_spelling():
    assert (
        messages(same_finish(run(finish_reason="content-filter"), "content_filter"))
        == []
    )
    assert messages(same_finish(run(finish_reason=None), "length")) == [
        "the finish reason is another one"
    ]


def test_content_of_a_message():
    chunk = {"type": "thinking", "thinking": [{"type": "text", "text": "a"}]}
    content = [chunk, {"type": "text", "text": "b"}, None, {"type": "image_url"}]

    assert (thought_of(content), text_of(content), text_of("c")) == ("a", "b", "c")
    assert thought_of([{"type": "thinking", "thinking": "d"}]) == "d"
