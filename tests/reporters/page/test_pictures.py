"""The pictures: their series, their words, and sentences where data is missing."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace

import pytest

from contract.model.check import Finding
from contract.model.exchange import Arrival
from contract.model.profile import Budget
from contract.reporters.page.pictures import duration, pictures
from contract.run.report import Report


def event(**delta):
    body = {"choices": [{"index": 0, "delta": delta}]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def usage(tokens):
    body = {"choices": [], "usage": {"prompt_tokens": tokens, "completion_tokens": 4}}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


@pytest.fixture
def streamed(timed):
    """`streamed(*[(time, event), …], budget=…)`: a report with these streams."""

    def streamed(*streams, budget="", **bounds):
        (result,) = [r for r in timed.results if r.exchanges][:1]
        (template,) = result.exchanges
        profile = replace(template.profile, budget=Budget(**bounds))
        exchanges = tuple(
            replace(
                template,
                profile=profile,
                arrivals=tuple(Arrival(at, data) for at, data in stream),
            )
            for stream in streams
        )
        check = replace(result.check, budget=budget or None)
        results = (replace(result, check=check, exchanges=exchanges),)
        return Report(headers=timed.headers[:1], results=results)

    return streamed


def named(found, title):
    return next(picture for picture in found if picture.title.startswith(title))


def series(svg):
    """The classes of the series that are drawn, in order."""
    return re.findall(r'<g class="series (\w+)"><(?:path|g class="dots")', svg)


THINKING = event(reasoning="a")
ANSWER = event(content="b")


def test_a_stream_has_a_band_for_each_kind_of_text(streamed):
    stream = [(0.1, THINKING), (0.2, THINKING), (0.4, ANSWER), (0.5, ANSWER)]
    picture = named(pictures(streamed(stream)), "One stream")

    assert series(picture.svg) == ["thinking", "answer", "ttft", "ttfo"]
    assert picture.caption == (
        "Request sum: 4 texts received in 200.0 ms; TTFT 100.0 ms, TTFO 400.0 ms; "
        "no stall."
    )
    assert set(picture.legend) == {"thinking", "answer", "ttft", "ttfo"}


def test_a_stall_is_drawn_and_named(streamed):
    stream = [(0.1, ANSWER), (0.2, ANSWER), (0.3, ANSWER), (5.3, ANSWER)]
    picture = named(pictures(streamed(stream)), "One stream")

    assert "stall" in series(picture.svg)
    assert "1 stall, the longest 5.00 s" in picture.caption


def test_a_very_long_stream_is_a_small_picture(streamed):
    stream = [(0.001 * n, ANSWER) for n in range(20_000)]
    picture = named(pictures(streamed(stream)), "One stream")

    assert "20000 texts" in picture.caption
    assert len(picture.svg) < 30_000


def test_latencies_are_compared_with_their_budget(streamed):
    streams = [[(0.1 + 0.01 * n, ANSWER)] for n in range(20)]
    report = streamed(*streams, budget="ttft", ttft=0.5)
    picture = named(pictures(report), "Time to the first text")

    assert series(picture.svg) == ["samples", "interval", "budget", "interval"]
    assert picture.caption == (
        "20 values, sent one at a time: p95 280.0 ms (95 % interval 250.0 ms to "
        "290.0 ms); budget 500.0 ms."
    )


def test_what_other_requests_show_is_no_judgement(streamed):
    streams = [[(0.1 + 0.01 * n, ANSWER)] for n in range(20)]
    picture = named(pictures(streamed(*streams)), "Time to the first text")

    assert "budget" not in series(picture.svg)
    assert "nothing is judged by them" in picture.caption
    assert "no budget is set" in picture.caption


def test_growth_needs_prompts_of_different_lengths(streamed):
    def stream(tokens):
        return [(0.1 + tokens / 10_000, ANSWER), (1.0, usage(tokens))]

    grown = named(pictures(streamed(stream(100), stream(8_000))), "TTFT by prompt")
    equal = named(pictures(streamed(stream(100), stream(101))), "TTFT by prompt")

    assert series(grown.svg) == ["samples"]
    assert "of 100 to 8,000 prompt tokens" in grown.caption
    assert (equal.svg, equal.caption[:10]) == ("", "No picture")


def test_growth_is_compared_with_its_budget(streamed):
    streams = [
        [(0.1 * tokens / 1_000, ANSWER), (1.0, usage(tokens))]
        for tokens in (1_000, 8_000)
    ]
    report = streamed(*streams, budget="ttft_per_1k", ttft_per_1k=0.05)
    picture = named(pictures(report), "TTFT by prompt")

    assert sorted(series(picture.svg)) == ["budget", "samples"]
    assert "sent one at a time" in picture.caption
    assert "budget 50.0 ms for each 1,000 tokens" in picture.caption


def test_recall_is_a_curve_with_an_interval_at_each_length(report):
    figures = {
        f"{name}_{end}": share
        for name, rate in (("recall_008k", 1.0), ("recall_120k", 0.5))
        for end, share in (("rate", rate), ("low", rate - 0.2), ("high", rate))
    }
    first, *others = report.results
    measured = replace(report, results=(replace(first, figures=figures), *others))
    picture = named(pictures(measured), "Recall by prompt length")

    assert sorted(series(picture.svg)) == ["interval", "interval", "samples", "samples"]
    assert "8,000 tokens 100% (80% to 100%); 120,000 tokens 50%" in picture.caption


def test_without_exchanges_each_picture_is_a_sentence(report):
    found = pictures(report)

    assert len(found) == 3
    assert all(picture.svg == "" for picture in found)
    assert all(picture.caption.endswith(".") for picture in found)


def test_a_picture_has_no_colour_script_style_or_foreign_text(streamed):
    stream = [(0.1, event(content="<b>evil")), (0.2, ANSWER), (0.3, ANSWER)]
    svg = named(pictures(streamed(stream)), "One stream").svg

    assert "evil" not in svg
    assert not re.search(r"<script|<style|style=|fill=|stroke=|href|<!--|\bid=", svg)
    assert 'role="img" aria-label="One stream"' in svg


def test_equal_and_single_values_have_a_picture(streamed):
    same = [[(0.1, ANSWER)]] * 3
    assert named(pictures(streamed(*same)), "Time to the first text").svg
    assert named(pictures(streamed([(0.1, ANSWER)])), "One stream").svg


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1.0, 1e300])
def test_absurd_times_of_a_recording_raise_nothing(streamed, at):
    assert pictures(streamed([(0.1, ANSWER), (at, ANSWER), (0.2, usage(5))]))


def test_pygal_leaves_nothing_in_the_import_system(streamed):
    pictures(streamed([(0.1, ANSWER), (0.2, ANSWER)]))

    assert all(hasattr(finder, "find_spec") for finder in sys.meta_path)


def test_short_durations_keep_two_digits():
    assert [duration(s) for s in (0.0, 0.0000163, 0.0123, 2.5)] == [
        "0.0 ms",
        "0.016 ms",
        "12.3 ms",
        "2.50 s",
    ]


def test_the_drawn_stream_is_one_of_a_failed_check(streamed):
    slow = [(0.1, ANSWER), (0.2, ANSWER), (4.0, ANSWER)]
    report = streamed([(0.1, THINKING), (0.2, ANSWER), (0.3, ANSWER), (0.4, ANSWER)])
    (result,) = report.results
    (fine,) = result.exchanges
    from_failure = replace(
        fine,
        probe=replace(fine.probe, name="slow"),
        arrivals=tuple(Arrival(at, data) for at, data in slow),
    )
    check = replace(result.check, id="streaming.x")
    findings = (Finding("the stream stalled"),)
    failed = replace(result, check=check, exchanges=(from_failure,), findings=findings)
    found = pictures(replace(report, results=(result, failed)))

    assert "Request slow" in named(found, "One stream").caption


def test_a_report_on_a_client_has_no_pictures(streamed):
    report = streamed([(0.1, ANSWER), (0.2, ANSWER)])

    assert pictures(report)
    assert pictures(replace(report, timed=False)) == ()
