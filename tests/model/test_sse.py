"""The parser follows the HTML standard, however the bytes were cut."""

from __future__ import annotations

import re
from itertools import pairwise, product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.model.sse import MOST_FLAWS, Event, Parser, encode

STREAM = (
    b"\xef\xbb\xbf: hello\n\nid: 7\nevent: note\ndata: one\ndata:two\n\n"
    b"data: \xe2\x82\xac\n\ndata\n\ndata: [DONE]\n\n"
)
EVENTS = [
    Event("one\ntwo", event="note", id="7"),
    Event("€", id="7"),
    Event("", id="7"),
    Event("[DONE]", id="7"),
]


def parsed(parts):
    parser = Parser()
    events = [event for part in parts for event in parser.feed(part)]
    parser.close()
    return events, parser.flaws


def cut(data, places):
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


places = st.lists(st.integers(0, 2_000), max_size=8)
lines = st.sampled_from(
    [
        *(b"data: a", b"data:b", b"data", b"", b"", b": comment", b"event: x"),
        *(b"id: 1", b"id: \0", b"retry: 5", b"retry: x", b"odd: y", b"\xff", b" "),
        b"data: \xff\xfe",
        b"data: \xf0\x9f\x91\x8b",
    ]
)
endings = st.sampled_from([b"\n", b"\r\n", b"\r"])
streams = st.lists(st.tuples(lines, endings), max_size=12).map(
    lambda pairs: b"".join(line + ending for line, ending in pairs)
)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_line_endings_make_no_difference(ending):
    assert (EVENTS, []) == parsed([STREAM.replace(b"\n", ending)])


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_every_single_cut_gives_the_same_events(ending):
    data = STREAM.replace(b"\n", ending)
    for place in range(len(data) + 1):
        assert (EVENTS, []) == parsed([data[:place], data[place:]]), place


@given(data=streams | st.binary(max_size=60), at=places)
@example(data=b"\xef\xbb\xbfdata: x\r\n\r\n", at=[1, 2, 3, 11, 12])
@example(data=b"data: x\r\n\r\n", at=list(range(11)))
@example(data=b"\xef\xbb", at=[1])
def test_any_cut_gives_the_same_events(data, at):
    assert parsed([data]) == parsed(cut(data, at))


BREAKS = ["".join(some) for n in range(5) for some in product("\r\n", repeat=n)]


@pytest.mark.parametrize("breaks", BREAKS, ids=repr)
def test_line_breaks_are_the_same_in_every_division_into_reads(breaks):
    text = f"\ufeffdata: é{breaks}data: b\n\n"
    # By the standard: a line ends with CR LF, LF or CR, and a blank one is a boundary.
    lines = re.split("\r\n|\n|\r", f"é{breaks}data: b")
    blank = "" in lines[1:-1]
    expected = ["é", "b"] if blank else ["é\nb" if breaks else "édata: b"]

    data = text.encode()
    first, last = data.index(b"\xc3"), data.index(b"b\n")
    for cuts in product((False, True), repeat=last - first - 5):
        inside = [first + 1 + number for number, is_cut in enumerate(cuts) if is_cut]
        events, flaws = parsed(cut(data, [1, 2, *inside]))

        assert [event.data for event in events] == expected, inside
        assert flaws == []


@given(data=streams | st.binary(max_size=60))
@example(data=b"data: x\r\n\n")
def test_single_bytes_give_the_same_events(data):
    assert parsed([data]) == parsed([bytes([byte]) for byte in data])


def test_the_flaws_that_are_kept_are_bounded():
    events, flaws = parsed([b"odd: y\n" * 2 * MOST_FLAWS, b"data: \xff\n\n"])

    assert [event.data for event in events] == ["\ufffd"]
    assert [flaw.legal for flaw in flaws] == [True] * MOST_FLAWS + [False]


plain = st.lists(
    st.sampled_from(
        ["", "a", "[DONE]", "é", "\n", "data: b", "\ndata: c", "\r", "\n\n"]
    )
).map(lambda texts: b"".join(f"data: {text}\n\n".encode() for text in texts))


@given(data=plain | streams | st.binary(max_size=60), at=places)
@example(data=b"\xef\xbb\xbfdata: x\n\ndata: y\n\n", at=[3])
@example(data=b"\xef\xbb\xbfdata: x\n\ndata: y\n\n", at=[])
@example(data=b"data: x\n\ndata: \xff\n\n: c\n\ndata: y\n\n", at=[9, 22])
@example(data=b"event: z\ndata: x\n\n", at=[9])
@example(data=b"data: x\r\ndata: y\n\n", at=[8])
@example(data=b"data: x\r\r\ndata: y\n\n", at=[9])
def test_payloads_are_the_data_of_the_events(data, at):
    alone, whole = Parser(), Parser()
    for part in cut(data, at):
        assert [event.data for event in whole.feed(part)] == alone.payloads(part)
    for parser in (alone, whole):
        parser.close()

    assert (whole.flaws, whole.count) == (alone.flaws, alone.count)


@given(data=st.binary(max_size=200))
def test_no_bytes_make_the_parser_raise(data):
    events, flaws = parsed([data])

    assert all(isinstance(event.data, str) for event in events)
    assert all(flaw.event <= len(events) for flaw in flaws)


@given(data=st.text(max_size=40))
def test_encoded_text_comes_back_with_its_line_breaks(data):
    breaks = data.replace("\r\n", "\n").replace("\r", "\n")

    assert ([Event(breaks)], []) == parsed([encode(data)])


@pytest.mark.parametrize("variant", [b": keep-alive\n\n", b":\n", b"retry: 10\n\n"])
def test_comments_and_blank_events_change_nothing(variant):
    plain = b"data: 1\n\ndata: 2\n\n"

    assert parsed([plain]) == parsed([plain.replace(b"data: 2", variant + b"data: 2")])


def test_time_of_an_event_is_that_of_its_last_byte():
    parser = Parser()
    first = parser.feed(b"data: 1\n\ndata: 2\n", 0.5)
    second = parser.feed(b"\n", 0.9)

    assert [Event("1", 0.5)] == first
    assert [Event("2", 0.9)] == second


def test_second_byte_order_mark_belongs_to_a_field_name():
    events, flaws = parsed([b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n"])

    assert [] == events
    assert 1 == len(flaws)


@pytest.mark.parametrize(
    ("data", "words", "event"),
    [
        pytest.param(b"data: 1\n\ndata: 2", "ended inside", 1, id="cut in a line"),
        pytest.param(b"data: 1\n\ndata: 2\n", "ended inside", 1, id="no blank line"),
        pytest.param(b"event: x\n", "ended inside", 0, id="only a type"),
        pytest.param(b"data: \xff\n\n", "not UTF-8", 0, id="broken bytes"),
        pytest.param(b"dada: x\n\n", "unknown field", 0, id="misspelled"),
        pytest.param(b"retry: soon\n\n", "retry", 0, id="retry"),
    ],
)
def test_flaws_are_kept_with_their_location(data, words, event):
    _, (flaw,) = parsed([data])

    assert words in flaw.message
    assert event == flaw.event


def test_broken_bytes_become_replacement_characters():
    events, _ = parsed([b"data: a\xffb\n\n"])

    assert [Event("a\ufffdb")] == events


def test_id_with_a_nul_is_ignored_and_an_id_persists():
    events, _ = parsed([b"id: 1\ndata: a\n\nid: \0\ndata: b\n\n"])

    assert ["1", "1"] == [event.id for event in events]


def test_type_applies_to_one_event():
    events, _ = parsed([b"event: x\n\ndata: a\n\nevent: y\ndata: b\n\ndata: c\n\n"])

    assert ["message", "y", "message"] == [event.event for event in events]
