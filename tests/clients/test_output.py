"""The result in what a program printed."""

from __future__ import annotations

import pytest

from contract.clients.output import Output, read_result


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (b'{"answer": "a"}', {"answer": "a"}),
        (b'log\n{"answer": "a"}\n{"answer": "b"}\nbye\n', {"answer": "b"}),
        (b'{\n "answer": "a"\n}\n', {"answer": "a"}),
        (b'{"error": {"message": "x"}}', {"error": {"message": "x"}}),
        (b'{"other": 1}', None),
        (b'{"answer": NaN}', None),
        (b'["answer"]', None),
        (b"\xff\xfe\x00", None),
        (b"", None),
    ],
)
def test_a_result_is_the_last_line_with_a_known_member(printed, expected):
    assert read_result(printed) == expected


def test_members_of_other_types_are_no_result_of_that_name():
    said = Output(
        result={"answer": 7, "reasoning": None, "tool_calls": "x", "error": ""}
    )

    assert (said.answer, said.reasoning, said.tool_calls, said.error) == (
        None,
        "",
        (),
        None,
    )
    assert said.has("answer")
    assert not said.has("usage")
    assert Output(result={"error": "bad"}).error == {"message": "bad"}
