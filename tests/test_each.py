"""`support.each` runs every case, and fails when one of them does."""

import pytest
from support.each import each


def test_every_case_runs_with_its_arguments_and_the_fixtures(tmp_path):
    seen = []

    @each("other", ["a", "b"])
    @each(("number", "text"), [(1, "x"), pytest.param(2, "y", id="two")])
    def check(number, text, other, tmp_path):
        seen.append((number, text, other, tmp_path))

    check(tmp_path=tmp_path)

    assert seen == [
        (number, text, other, tmp_path)
        for other in "ab"
        for number, text in ((1, "x"), (2, "y"))
    ]


def test_failures_and_errors_are_listed_by_their_ids():
    @each("value", [0, 1, pytest.param(None, id="nothing")])
    def check(value):
        assert value + 1 == 1, "not one"

    with pytest.raises(AssertionError) as caught:
        check()

    text = str(caught.value)
    assert "2 of 3 cases failed" in text
    assert "[1] not one" in text
    assert "[nothing] TypeError" in text
    assert "[0]" not in text


def test_a_test_is_skipped_only_when_every_case_is():
    @each("value", [1, 2])
    def some(value):
        if value == 1:
            pytest.skip("one")

    @each("value", [1, 2])
    def every(value):
        pytest.skip(f"case {value}")

    some()
    with pytest.raises(pytest.skip.Exception, match="case 1"):
        every()


def test_ids_may_be_a_function_or_a_list():
    @each("value", [1, 2], ids=lambda value: f"no-{value}")
    def named(value):
        assert value != 2

    @each("value", [1, 2], ids=["one", "two"])
    def listed(value):
        assert value != 2

    for test, name in ((named, "[no-2]"), (listed, "[two]")):
        with pytest.raises(AssertionError) as caught:
            test()
        assert name in str(caught.value)
