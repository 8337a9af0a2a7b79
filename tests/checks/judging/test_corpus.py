"""Tests of the judging of a corpus: invalid documents, their number and rate."""

import pytest

from contract.checks.judging.corpus import MOST_SHOWN, all_valid, figures
from contract.model.check import NotApplicable
from contract.model.probe import Probe


@pytest.fixture
def replies(answer):
    """`replies(statuses)` is one exchange for each HTTP status."""

    def replies(*statuses):
        return tuple(
            answer(Probe(name=f"reply-{number}"), status, {"error": "no"})
            for number, status in enumerate(statuses)
        )

    return replies


def judging(invalid=(), cut=()):
    """A judge that calls the replies of these numbers invalid, or cut."""

    def judge(exchange):
        number = int(exchange.probe.name.rpartition("-")[2])
        if number in cut:
            raise NotApplicable("cut")
        return "the type is wrong" if number in invalid else ""

    return judge


def test_valid_documents_and_rejections_are_no_finding(replies):
    exchanges = replies(200, 200, 400, 422)

    assert [*all_valid(exchanges, judging())] == []
    assert figures("valid", exchanges, judging())["valid_rate"] == 1.0


def test_invalid_documents_are_counted_and_shown(replies):
    rate, *each = all_valid(replies(*[200] * 40), judging(invalid=range(12)))

    assert rate.message == "12 of 40 documents do not satisfy their schema"
    assert rate.actual == "70.0% (95 % confidence interval 54.6% to 81.9%)"
    assert len(each) == MOST_SHOWN
    assert {one.message for one in each} == {"the type is wrong"}
    assert [one.at for one in each[:2]] == ["reply-0", "reply-1"]


def test_what_was_cut_is_not_counted(replies):
    exchanges = replies(200, 200)

    assert figures("valid", exchanges, judging(cut={0}, invalid={1})) == {
        "valid_rate": 0.0,
        "valid_low": 0.0,
        "valid_high": pytest.approx(0.793, abs=0.001),
    }
    with pytest.raises(NotApplicable):
        [*all_valid(exchanges, judging(cut={0, 1}))]
    assert figures("valid", exchanges, judging(cut={0, 1})) == {}


def test_a_crash_is_a_finding(replies):
    (found,) = all_valid(replies(200, 500), judging())

    assert found.at == "request reply-1"
