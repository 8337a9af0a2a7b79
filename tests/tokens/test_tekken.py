"""Texts are encoded as published models encode them, and decode to the same texts."""

import importlib.resources
import threading
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.errors import CannotJudge
from contract.tokens import tekken

# Of every class that the pattern distinguishes, and some that Python sees differently.
RUNS = (" ", "\t", "\xa0", "\u2003", "\u3000", "\n", "\r\n", "\r", "a", "Z", "é", "0")
RUNS += (
    "=",
    "/",
    "-",
    "'",
    "漢",
    "ж",
    "가",
    "\u0301",
    "😀",
    "\x1c",
    "\x85",
    " of",
    "。",
)


@cache
def reference():
    """Return the tokenizer of mistral-common with the same vocabulary."""
    from mistral_common.tokens.tokenizers.tekken import Tekkenizer  # noqa: PLC0415  # slow

    source = importlib.resources.files("mistral_common") / "data/tekken_240911.json"
    return Tekkenizer.from_file(source)


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_pieces_join_to_the_text(text):
    assert text == "".join(tekken.pieces(text))


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (" 👋", [" ", "👋"]),
        ("日本 wave", ["日本", " wave"]),
        ("[THINK]", ["[", "TH", "INK", "]"]),
        ("", []),
    ],
)
def test_pieces_hold_a_character_until_it_is_whole(text, pieces):
    assert pieces == tekken.pieces(text)


@settings(deadline=None)
@given(text=st.text(max_size=200))
def test_ids_decode_to_the_text(text):
    assert text == tekken.decoded(tekken.ids(text))
    assert tekken.count_text(text) == len(tekken.ids(text))


def test_ids_are_those_of_published_models():
    assert tekken.ids("Hello, how are you?") == (22177, 1044, 2606, 1584, 1636, 1063)


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 1_000, 131_071, 131_072])
def test_filler_has_exactly_the_tokens_asked_for(count):
    assert count == tekken.count_text(tekken.filler(count))


def test_vocabulary_is_read_once_by_many_threads():
    seen = []
    threads = [
        threading.Thread(target=lambda: seen.append(tekken.encoding()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({id(encoding) for encoding in seen}) == 1


@pytest.fixture
def small_portions(monkeypatch):
    """Divide texts of a few characters as texts of megabytes are divided."""
    monkeypatch.setattr(tekken, "_PORTION", 4)


@pytest.mark.usefixtures("small_portions")
@settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    runs=st.lists(
        st.tuples(st.sampled_from(RUNS), st.integers(1, 12))
        | st.tuples(st.characters(exclude_categories=["Cs"]), st.just(1)),
        max_size=14,
    )
)
@pytest.mark.long
def test_a_text_in_portions_has_the_tokens_of_mistral_common(runs):
    text = "".join(run * times for run, times in runs)

    assert list(tekken.ids(text)) == reference().encode(text, bos=False, eos=False)
    assert tekken.count_text(text) == len(tekken.ids(text))
    assert "".join(tekken.pieces(text)) == text.encode("utf-8").decode()


@pytest.mark.parametrize("run", [" ", "\t", "\xa0", "\n", " \n", "漢字。", "ab", "0"])
@pytest.mark.parametrize("end", ["", "x", "\n", "!"])
@pytest.mark.long
def test_a_long_run_has_the_tokens_of_mistral_common(run, end):
    text = "a" + run * (200_000 // len(run)) + end

    assert list(tekken.ids(text)) == reference().encode(text, bos=False, eos=False)


@pytest.mark.long
def test_a_run_of_blanks_that_the_regex_engine_gives_up_on_is_counted():
    # By the longest token of blanks, as in every shorter run.
    step = tekken.count_text(" " * 800_000) - tekken.count_text(" " * 400_000)

    assert (
        tekken.count_text(" " * 1_200_000)
        == tekken.count_text(" " * 400_000) + 2 * step
    )


def test_a_text_that_cannot_be_divided_is_not_counted_beyond_a_limit(monkeypatch):
    monkeypatch.setattr(tekken, "_LONGEST", 100_000)

    assert tekken.count_text("a" * 100_000) == 50_000
    with pytest.raises(CannotJudge, match="100001 characters in a row"):
        tekken.count_text("a" * 100_001)
    assert tekken.count_text("a " * 100_001) > 100_000
