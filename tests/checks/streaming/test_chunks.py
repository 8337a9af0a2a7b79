from __future__ import annotations

import pytest

from contract.checks.streaming import chunks
from contract.model.check import NotApplicable
from contract.model.exchange import DONE
from contract.model.probes import TWO_CHOICES

CONSTANTS = {
    "id": chunks.id_is_constant,
    "model": chunks.model_is_constant,
    "created": chunks.created_is_constant,
}
CHECKS = [
    *CONSTANTS.values(),
    chunks.object_is_chunk,
    chunks.choices_are_numbered,
    chunks.role_first,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_conforming_stream_passes(check, stream, good):
    assert [] == list(check.judge(stream(good)))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_stream_without_chunks_is_not_judged(check, stream):
    with pytest.raises(NotApplicable):
        list(check.judge(stream([DONE])))


@pytest.mark.parametrize("name", CONSTANTS)
def test_the_first_change_of_a_constant_member_is_found_once(name, stream, good):
    changed = [dict(event, **{name: 7}) for event in good[3:-1]]

    (found,) = CONSTANTS[name].judge(stream((*good[:3], *changed, DONE)))

    assert found.message == f"{name} changed within one stream"
    assert found.actual == "7"
    assert found.at == "event 3, +0.040 s"


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_missing_constant_member_is_found(name, stream, good):
    without = [{k: v for k, v in e.items() if k != name} for e in good[:-1]]

    (found,) = CONSTANTS[name].judge(stream(without))

    assert found.message == f"{name} is missing"


@pytest.mark.parametrize("index", [None, "0", 1, -1, True, 0.0])
def test_an_invalid_index_is_found(index, stream, chunk):
    (found,) = chunks.choices_are_numbered.judge(
        stream([chunk({"content": "a"}, index=index)])
    )

    assert found.expected == "an integer from 0 to 0"


def test_an_index_below_n_passes(stream, chunk):
    seen = stream([chunk({"content": "a"}, index=1)], sent=b'{"n":2}')

    assert [] == list(chunks.choices_are_numbered.judge(seen))


@pytest.mark.parametrize(
    "deltas",
    [
        pytest.param([{"role": "assistant"}, {"content": "a"}], id="role-alone"),
        pytest.param([{"role": "assistant", "content": "a"}], id="role-with-text"),
        pytest.param([{"role": "assistant", "content": None}], id="null-content"),
        pytest.param([{"role": "assistant"}] * 3, id="role-repeated"),
        pytest.param([{"role": "assistant"}, {"role": None}], id="null-later"),
    ],
)
def test_valid_sequences_of_roles_pass(deltas, stream, chunk):
    assert [] == list(chunks.role_first.judge(stream([chunk(d) for d in deltas])))


@pytest.mark.parametrize(
    ("deltas", "message"),
    [
        pytest.param([{"content": "a"}], "the role is missing", id="missing"),
        pytest.param([{"role": "model"}], "the role is wrong", id="model"),
        pytest.param([{"role": ["assistant"]}], "the role is wrong", id="list"),
        pytest.param(
            [{"role": "assistant"}, {"role": "user"}], "the role is wrong", id="later"
        ),
    ],
)
def test_wrong_role_is_found(deltas, message, stream, chunk):
    (found,) = chunks.role_first.judge(stream([chunk(d) for d in deltas]))

    assert found.message == message


def test_each_choice_has_its_own_role(stream, chunk):
    events = [chunk({"role": "assistant"}), chunk({"content": "a"}, index=1)]

    (found,) = chunks.role_first.judge(stream(events))

    assert found.message == "the role is missing"


@pytest.fixture
def two(stream):
    """`two(*chunks)` is a stream whose request has n = 2."""

    def two(*events):
        return stream(events, sent=b'{"n":2}', probe=TWO_CHOICES)

    return two


def test_choices_may_interleave(two, chunk):
    seen = two(
        chunk({"role": "assistant"}, index=1),
        chunk({"role": "assistant"}),
        chunk({"content": "red"}),
        chunk({"content": "blue"}, index=1),
        chunk({}, "stop", index=1),
        chunk({}, "stop"),
    )

    assert [] == list(chunks.choices_stay_apart.judge(seen))


def test_a_choice_without_text_is_found(two, chunk):
    events = [chunk({"content": "red"}, "stop"), chunk({}, "stop", index=1)]

    (found,) = chunks.choices_stay_apart.judge(two(*events))

    assert found.actual == "text in choices [0]"


def test_a_choice_without_a_finish_reason_is_found(two, chunk):
    events = [chunk({"content": "red"}, "stop"), chunk({"content": "blue"}, index=1)]

    (found,) = chunks.choices_stay_apart.judge(two(*events))

    assert found.message == "choice 1 does not have exactly one finish reason"


def test_an_error_event_is_not_a_chunk(stream, good):
    events = (*good[:2], {"error": {"message": "out of memory"}})

    assert [] == list(chunks.object_is_chunk.judge(stream(events)))
