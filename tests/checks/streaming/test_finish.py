from __future__ import annotations

import pytest

from contract.checks.streaming import finish
from contract.model.check import NotApplicable
from contract.model.exchange import DONE


@pytest.mark.parametrize(
    ("reasons", "actual"),
    [
        pytest.param([None], "none", id="missing"),
        pytest.param(["stop", "stop"], "stop, stop", id="twice"),
        pytest.param(["stop", "length"], "stop, length", id="contradiction"),
    ],
)
def test_finish_reasons_other_than_one_are_found(reasons, actual, stream, chunk):
    seen = stream([chunk({"content": "a"}, reason) for reason in reasons])

    (found,) = finish.finishes_once.judge(seen)

    assert found.actual == actual


@pytest.mark.parametrize(
    "reason", ["stop", "length", "model_length", "tool_calls", "error"]
)
def test_defined_reasons_pass(reason, stream, chunk):
    seen = stream([chunk({"content": "a"}, reason)])

    assert [] == list(finish.finish_reason_is_known.judge(seen))


@pytest.mark.parametrize("reason", ["eos_token", "STOP", "", 7, ["stop"]])
def test_undefined_reasons_are_found(reason, stream, chunk):
    (found,) = finish.finish_reason_is_known.judge(stream([chunk({}, reason)]))

    assert found.message == "the finish reason is not defined by the API"


@pytest.mark.parametrize(
    "check",
    [finish.finish_reason_is_known, finish.finish_is_last],
    ids=lambda check: check.id,
)
def test_a_stream_without_a_finish_reason_is_not_judged(check, stream, good):
    with pytest.raises(NotApplicable):
        list(check.judge(stream((*good[:5], DONE))))


@pytest.mark.parametrize(
    "late", [{"content": "!"}, {"reasoning": "hm"}], ids=["answer", "reasoning"]
)
def test_text_after_the_finish_is_found(late, stream, good, chunk):
    (found,) = finish.finish_is_last.judge(stream((*good[:6], chunk(late))))

    assert found.expected == "nothing after event 5"
    assert found.at == "event 6, +0.070 s"


def test_text_in_the_finish_chunk_passes(stream, chunk):
    seen = stream([chunk({"reasoning": "a", "content": "b"}, "stop"), chunk({})])

    assert [] == list(finish.finish_is_last.judge(seen))


def test_other_choices_may_continue(stream, chunk):
    seen = stream(
        [
            chunk({"content": "a"}, "stop"),
            chunk({"content": "b"}, "stop", index=1),
        ]
    )

    assert [] == list(finish.finish_is_last.judge(seen))
